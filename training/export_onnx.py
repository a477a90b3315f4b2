"""The network as ONNX: at every frame instead of every third, with softmax and priors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from dialog.phone_features import BAND_COUNT
from dialog.phone_model import CONTEXT_FRAMES
from dialog.phone_set import OUTPUTS, PHONES
from training.network import DILATIONS, STRIDE, TYPICAL_SCORE, Network
from training.onnx_half import halve

OPSET = 17


def export(network: Network, priors: NDArray[np.float64], path: Path) -> None:
    """Write the model that `dialog.phone_model.PhoneModel` loads.

    With the strides taken out and the dilations three times as wide, one pass gives what three
    passes over shifted input would.

    Args:
        network: Trained.
        priors: Of the states, shape (118,).
        path: Of the file to write.
    """
    weights = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    nodes: list[onnx.NodeProto] = []
    constants: dict[str, NDArray[np.generic]] = {}

    def constant(name: str, value: NDArray[np.float32]) -> str:
        constants[name] = np.ascontiguousarray(value, np.float32)
        return name

    def add(kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def convolution(source: str, name: str, kernel: NDArray[np.float32], dilation: int) -> str:
        inputs = [
            source,
            constant(f"{name}.w", kernel),
            constant(f"{name}.b", weights[f"{name}.bias"]),
        ]
        pad = dilation * (kernel.shape[2] // 2)
        return add("Conv", inputs, f"{name}.out", dilations=[dilation], pads=[pad, pad])

    def normalised(source: str, name: str) -> str:
        gain, shift = batch_norm(weights, name)
        scaled = add("Mul", [source, constant(f"{name}.gain", gain[:, None])], f"{name}.scaled")
        return add("Add", [scaled, constant(f"{name}.shift", shift[:, None])], f"{name}.out")

    kernel = weights["first.weight"] / weights["scale"][None, :, None]
    hidden = convolution("bands", "first", kernel, 1)
    hidden = normalised(add("Relu", [hidden], "first.relu"), "first_norm")
    for index, dilation in enumerate(DILATIONS):
        name = f"layers.{index}"
        step = convolution(hidden, name, weights[f"{name}.weight"], dilation * STRIDE)
        step = normalised(add("Relu", [step], f"{name}.relu"), f"norms.{index}")
        hidden = add("Add", [hidden, step], f"hidden.{index}")
    # The caller repeats the outermost frames; what comes of them goes.
    for name, value in (("from", CONTEXT_FRAMES), ("to", -CONTEXT_FRAMES), ("axis", 2)):
        constants[name] = np.array([value], np.int64)
    hidden = add("Slice", [hidden, "from", "to", "axis"], "hidden.inner")
    states = convolution(hidden, "states", weights["states.weight"], 1)
    add("LogSoftmax", [states], "log_posteriors", axis=1)
    scores = convolution(hidden, "scores", weights["scores.weight"], 1)
    typical = constant("typical", np.array([TYPICAL_SCORE]))
    add("Add", [scores, typical], "expert_score")

    graph = helper.make_graph(
        nodes,
        "phones",
        [helper.make_tensor_value_info("bands", TensorProto.FLOAT, [1, BAND_COUNT, "padded"])],
        [
            helper.make_tensor_value_info("log_posteriors", TensorProto.FLOAT, [1, OUTPUTS, "t"]),
            helper.make_tensor_value_info("expert_score", TensorProto.FLOAT, [1, len(PHONES), "t"]),
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8, producer_name="myna"
    )
    rounded = [round(float(prior), 5) for prior in np.log(priors)]
    helper.set_model_props(model, {"log_priors": json.dumps(rounded)})
    halve(model.graph)
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)


def batch_norm(
    weights: dict[str, NDArray[np.float32]], name: str
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A trained batch normalisation as a gain and a shift for each channel."""
    gain = weights[f"{name}.weight"] / np.sqrt(weights[f"{name}.running_var"] + 1e-5)
    return gain, weights[f"{name}.bias"] - gain * weights[f"{name}.running_mean"]
