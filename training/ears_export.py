"""The ears as one ONNX file: the encoder, and the mean of the networks on it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from dialog.phone_set import OUTPUTS, PHONES
from training import encoder
from training.ears_network import LAYERS, TYPICAL_SCORE, Network
from training.export_onnx import batch_norm
from training.onnx_half import HALF_FROM

PARTS = ("weight", "bias")
ENCODED = "encoded"
"""What the encoder itself made of the sound: more than phones, for who asks for it."""


def export(
    cut: Path,
    networks: Sequence[Network],
    priors: NDArray[np.float64],
    path: Path,
    *,
    like: Path | None = None,
) -> None:
    """Write the model that `dialog.speech_ears.SpeechEars` loads.

    Args:
        cut: The encoder, as `training.encoder.cut` writes it.
        networks: The mean of their logits and of their scores is what is heard.
        priors: Of the states, shape (118,).
        path: Of the file to write.
        like: The encoder whose eight-bit steps are taken; None takes its own.
    """
    model = onnx.load(cut)
    graph = model.graph
    encoder.compressed(graph, onnx.load(like or cut).graph)
    _samples_only(graph)
    made = [_added(graph, network, f"h{index}") for index, network in enumerate(networks)]
    for kind, names, output in (
        ("Mean", [states for states, _ in made], "states"),
        ("Mean", [scores for _, scores in made], "expert_score"),
        ("LogSoftmax", ["states"], "log_posteriors"),
    ):
        axis = {"axis": 1} if kind == "LogSoftmax" else {}
        graph.node.append(helper.make_node(kind, names, [output], name=output, **axis))
    graph.node.append(helper.make_node("Identity", [encoder.TOP], [ENCODED], name=ENCODED))
    del graph.output[:]
    graph.output.extend(
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size, "steps"])
        for name, size in (("log_posteriors", OUTPUTS), ("expert_score", len(PHONES)))
    )
    graph.output.append(
        helper.make_tensor_value_info(ENCODED, TensorProto.FLOAT, [1, "steps", encoder.WIDTH])
    )
    rounded = [round(float(prior), 5) for prior in np.log(priors)]
    helper.set_model_props(model, {"log_priors": json.dumps(rounded)})
    model.producer_name = "myna"
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)


def _samples_only(graph: onnx.GraphProto) -> None:
    """One input, the sound: all of it is to be heard, so the mask is made of ones here."""
    del graph.input[:]
    graph.input.append(helper.make_tensor_value_info("samples", TensorProto.FLOAT, [1, "length"]))
    one = helper.make_tensor("one", TensorProto.INT64, [1], [1])
    shape = helper.make_node("Shape", ["samples"], ["samples.shape"], name="samples.shape")
    ones = helper.make_node(
        "ConstantOfShape", ["samples.shape"], [encoder.MASK], name=encoder.MASK, value=one
    )
    same = helper.make_node("Identity", ["samples"], [encoder.SAMPLES], name=encoder.SAMPLES)
    others = list(graph.node)
    del graph.node[:]
    graph.node.extend([shape, ones, same, *others])


def _added(graph: onnx.GraphProto, network: Network, name: str) -> tuple[str, str]:
    """Add one network; the names of its states and scores."""
    weights = {key: value.numpy() for key, value in network.state_dict().items()}

    def constant(key: str, value: NDArray[np.generic]) -> str:
        if value.size <= HALF_FROM:
            whole = numpy_helper.from_array(
                np.ascontiguousarray(value, np.float32), f"{name}.{key}"
            )
            graph.initializer.append(whole)
            return f"{name}.{key}"
        half = numpy_helper.from_array(value.astype(np.float16), f"{name}.{key}.half")
        graph.initializer.append(half)
        return add("Cast", [f"{name}.{key}.half"], key, to=TensorProto.FLOAT)

    def add(kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        output = f"{name}.{output}"
        graph.node.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def convolution(source: str, layer: str) -> str:
        kernel = weights[f"{layer}.weight"]
        inputs = [
            source,
            constant(f"{layer}.w", kernel),
            constant(f"{layer}.b", weights[f"{layer}.bias"]),
        ]
        pad = kernel.shape[2] // 2
        return add("Conv", inputs, f"{layer}.out", pads=[pad, pad])

    def normalised(source: str, layer: str) -> str:
        gain, shift = batch_norm(weights, layer)
        scaled = add("Mul", [source, constant(f"{layer}.gain", gain[:, None])], f"{layer}.scaled")
        return add("Add", [scaled, constant(f"{layer}.shift", shift[:, None])], f"{layer}.out")

    centred = add(
        "LayerNormalization",
        [encoder.TOP, *(constant(f"norm.{part}", weights[f"norm.{part}"]) for part in PARTS)],
        "norm", axis=-1, epsilon=1e-5,
    )  # fmt: skip
    turned = add("Transpose", [centred], "turned", perm=[0, 2, 1])
    hidden = normalised(add("Relu", [convolution(turned, "first")], "first.relu"), "first_norm")
    for layer in range(LAYERS):
        step = add("Relu", [convolution(hidden, f"layers.{layer}")], f"layers.{layer}.relu")
        step = normalised(step, f"norms.{layer}")
        hidden = add("Add", [hidden, step], f"hidden.{layer}")
    scores = convolution(hidden, "scores")
    typical = constant("typical", np.array([TYPICAL_SCORE], np.float32))
    return convolution(hidden, "states"), add("Add", [scores, typical], "typed")
