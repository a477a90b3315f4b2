"""The general encoder under the ears: Moonshine's smallest, cut where it knows sounds best.

Moonshine (Moonshine AI, MIT) comes inside a package of its own (``training/requirements.txt``).
Of its six layers the lower four are kept: what the fourth gives follows the experts' scores of
unseen speakers best, the two above hear words instead of sounds (``docs/models.md``).
"""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

PACKAGE, FILE = "moonshine_voice", Path("assets") / "tiny-en" / "encoder_model.ort"
TOP = "/layers.3/Add_1_output_0"
"""Output of the fourth layer."""
WIDTH = 288
SAMPLES, MASK = "input_values", "attention_mask"
LARGE = 4096
"""Weights of more numbers than this are stored in eight bits."""


def cut(path: Path) -> None:
    """Write the kept part as ONNX, with the sound and its mask as inputs and `TOP` as output.

    Raises:
        SystemExit: The package is not installed.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise SystemExit("moonshine-voice is missing; install training/requirements.txt")
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.optimized_model_filepath = str(path)
    options.add_session_config_entry("session.save_model_format", "ONNX")
    source = Path(found.submodule_search_locations[0]) / FILE
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
    model = onnx.load(path)
    keep_only(model.graph, TOP)
    onnx.save(model, path)


def keep_only(graph: onnx.GraphProto, output: str) -> None:
    """Leave in a graph what one of its values is made from."""
    needed, kept = {output}, []
    for node in reversed(graph.node):
        if needed & set(node.output):
            kept.append(node)
            needed.update(name for name in node.input if name)
    constants = [each for each in graph.initializer if each.name in needed]
    for part in (graph.node, graph.initializer, graph.output, graph.value_info):
        del part[:]
    graph.node.extend(reversed(kept))
    graph.initializer.extend(constants)
    graph.output.append(
        helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, "steps", WIDTH])
    )


def compressed(graph: onnx.GraphProto, like: onnx.GraphProto) -> None:
    """Store the large weights that are still in full precision in eight bits, per channel.

    They are made whole again once, when the model is loaded.

    Args:
        graph: Changed in place.
        like: The weights whose largest number in a channel is the largest that is stored, by the
            same names.
    """
    largest = {each.name: each for each in like.initializer}
    nodes: list[onnx.NodeProto] = []
    for index, constant in enumerate(list(graph.initializer)):
        if constant.data_type != TensorProto.FLOAT:
            continue
        weights = numpy_helper.to_array(constant)
        if weights.size <= LARGE:
            continue
        axes = tuple(range(1, weights.ndim))
        most = np.abs(numpy_helper.to_array(largest[constant.name])).max(axis=axes)
        scale = np.maximum(most, 1e-9) / 127.0
        steps = np.rint(weights / scale.reshape(-1, *(1 for _ in axes)))
        whole = np.clip(steps, -127, 127).astype(np.int8)
        name = constant.name
        graph.initializer[index].CopyFrom(numpy_helper.from_array(whole, f"{name}.whole"))
        graph.initializer.append(numpy_helper.from_array(scale.astype(np.float32), f"{name}.scale"))
        nodes.append(
            helper.make_node(
                "DequantizeLinear",
                [f"{name}.whole", f"{name}.scale"],
                [name],
                name=f"{name}.made",
                axis=0,
            )
        )
    others = list(graph.node)
    del graph.node[:]
    graph.node.extend([*nodes, *others])


class Encoder:
    """The kept part, run over whole utterances.

    Args:
        path: As `cut` writes it.
    """

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    def hidden(self, sound: NDArray[np.float32]) -> NDArray[np.float16]:
        """Shape (steps, `WIDTH`), a row for every 24 ms of conditioned sound."""
        (rows,) = self._session.run(
            [TOP], {SAMPLES: sound[None], MASK: np.ones((1, sound.size), np.int64)}
        )
        kept: NDArray[np.float16] = rows[0].astype(np.float16)
        return kept


@functools.lru_cache(maxsize=1)
def loaded(path: Path) -> Encoder:
    """The encoder of a file, once for each process."""
    return Encoder(path)
