"""The kept part of the encoder as a network that learns: read from its ONNX file, written back.

The layers are those of Moonshine (N. Jeffries et al., "Moonshine: Speech Recognition for Live
Transcription and Voice Commands", arXiv:2410.15608, 2024): three convolutions over the sound, then
transformer layers with rotary positions over most of each head (J. Su et al., "RoFormer",
arXiv:2104.09864, 2021).
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm

from training.encoder import WIDTH

LAYERS, HEADS, ROTATED = 4, 8, 32
HEAD = WIDTH // HEADS
INNER = 4 * WIDTH
EPSILON = 1e-5
CONVOLUTIONS = (("conv1", 127, 64), ("conv2", 7, 3), ("conv3", 3, 2))
"""Name, window and step of each."""
LINEAR = (
    *("self_attn/q_proj", "self_attn/k_proj", "self_attn/v_proj", "self_attn/o_proj"),
    *("mlp/fc1", "mlp/fc2"),
)
_EIGHT_BITS = 255


class Layer(nn.Module):
    """Attention over the whole utterance, then two linear layers; each added to what came in."""

    def __init__(self) -> None:
        super().__init__()
        self.before = nn.ParameterList([torch.ones(WIDTH), torch.ones(WIDTH)])
        self.q, self.k, self.v, self.o = (nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(4))
        self.fc1, self.fc2 = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)

    def forward(self, rows: Tensor, turns: Tensor, heard: Tensor) -> Tensor:
        """Shape (batch, steps, 288) in and out; `heard` is true where there is sound."""
        normal = layer_norm(rows, (WIDTH,), self.before[0], eps=EPSILON)
        q, k, v = (
            each(normal).unflatten(-1, (HEADS, HEAD)).transpose(1, 2)
            for each in (self.q, self.k, self.v)
        )
        found = nn.functional.scaled_dot_product_attention(
            _turned(q, turns), _turned(k, turns), v,
            attn_mask=heard[:, None, None, :], scale=1 / math.sqrt(HEAD),
        )  # fmt: skip
        rows = rows + self.o(found.transpose(1, 2).flatten(2))
        normal = layer_norm(rows, (WIDTH,), self.before[1], eps=EPSILON)
        return rows + self.fc2(gelu(self.fc1(normal)))


class EncoderNetwork(nn.Module):
    """The same numbers as the file, but for what eight bits lose.

    Args:
        cut: As `training.encoder.cut` writes it.
    """

    def __init__(self, cut: Path) -> None:
        super().__init__()
        widths = (1, WIDTH, 2 * WIDTH, WIDTH)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(widths[n], widths[n + 1], size, step, bias=n > 0)
            for n, (_, size, step) in enumerate(CONVOLUTIONS)
        )
        self.gain, self.shift = (nn.Parameter(torch.ones(WIDTH, 1)) for _ in range(2))
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        graph = onnx.load(cut).graph
        constants = _constants(graph)
        with torch.no_grad():
            for parameter, (name, transposed) in _places(self, graph):
                value = torch.from_numpy(np.array(constants[name], np.float32))
                parameter.copy_(value.T if transposed else value)

    def forward(self, sound: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """What `TOP` gives.

        Args:
            sound: Conditioned, shape (batch, longest), filled up with zeros at the end.
            samples: How many of each are sound, shape (batch,).

        Returns:
            Rows, shape (batch, steps, 288), and where each utterance has any, (batch, steps).
        """
        rows = torch.tanh(self.convolutions[0](sound[:, None]))
        first = steps_of(samples, CONVOLUTIONS[:1])
        inside = (torch.arange(rows.shape[2])[None] < first[:, None])[:, None].to(rows.dtype)
        count = (inside.sum((1, 2), keepdim=True) * WIDTH).clamp(min=1)
        mean = (rows * inside).sum((1, 2), keepdim=True) / count
        spread = (
            ((rows - mean) * inside).square().sum((1, 2), keepdim=True) / count + EPSILON
        ).sqrt()
        rows = (rows - mean) / spread * self.gain + self.shift
        rows = gelu(self.convolutions[2](gelu(self.convolutions[1](rows)))).transpose(1, 2)
        heard = torch.arange(rows.shape[1])[None] < steps_of(samples, CONVOLUTIONS)[:, None]
        turns = _turns(rows.shape[1])
        for layer in self.layers:
            rows = layer(rows, turns, heard)
        return rows, heard

    def write(self, cut: Path, path: Path) -> None:
        """Write these weights into a copy of the file; what was in eight bits is, in its steps."""
        model = onnx.load(cut)
        kept = {each.name: each for each in model.graph.initializer}
        for parameter, (name, transposed) in _places(self, model.graph):
            value = parameter.detach().numpy()
            value = np.ascontiguousarray(value.T if transposed else value, np.float32)
            if name in kept:
                kept[name].CopyFrom(numpy_helper.from_array(value, name))
                continue
            scale, zero = (
                numpy_helper.to_array(kept[f"{name}_{part}"]) for part in ("scale", "zero_point")
            )
            steps = np.clip(np.rint(value / scale) + zero, 0, _EIGHT_BITS).astype(np.uint8)
            whole = f"{name}_quantized"
            kept[whole].CopyFrom(numpy_helper.from_array(steps, whole))
        onnx.save(model, path)


def steps_of(samples: Tensor, convolutions: tuple[tuple[str, int, int], ...]) -> Tensor:
    """How many rows some convolutions make of so many samples."""
    for _, size, step in convolutions:
        samples = torch.div(samples - size, step, rounding_mode="floor") + 1
    return samples


def _turns(steps: int) -> Tensor:
    """Cosine and sine of every step's angles, shape (2, steps, 32): each angle for two numbers."""
    rate = 10000.0 ** (-torch.arange(0, ROTATED, 2) / ROTATED)
    angle = (torch.arange(steps)[:, None] * rate).repeat_interleave(2, dim=1)
    return torch.stack([angle.cos(), angle.sin()])


def _turned(each: Tensor, turns: Tensor) -> Tensor:
    first, rest = each[..., :ROTATED], each[..., ROTATED:]
    beside = torch.stack([-first[..., 1::2], first[..., ::2]], dim=-1).flatten(-2)
    return torch.cat([first * turns[0] + beside * turns[1], rest], dim=-1)


def _constants(graph: onnx.GraphProto) -> dict[str, NDArray[np.generic]]:
    """By name; those in eight bits made whole, under their name without its ending."""
    stored = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    for name in [each for each in stored if each.endswith("_quantized")]:
        bare = name.removesuffix("_quantized")
        zero = stored[f"{bare}_zero_point"].astype(np.float32)
        stored[bare] = (stored[name].astype(np.float32) - zero) * stored[f"{bare}_scale"]
    return stored


def _places(
    network: EncoderNetwork, graph: onnx.GraphProto
) -> list[tuple[nn.Parameter, tuple[str, bool]]]:
    """Each parameter with the constant that it is, and whether that lies transposed."""
    inputs = {node.name: list(node.input) for node in graph.node}
    found: list[tuple[nn.Parameter, tuple[str, bool]]] = [
        (network.gain, (inputs["/groupnorm/Mul"][1], False)),
        (network.shift, (inputs["/groupnorm/Add"][1], False)),
    ]
    for module, (name, _, _) in zip(network.convolutions, CONVOLUTIONS, strict=True):
        names = inputs[f"/{name}/Conv"]
        found.append((module.weight, (names[1], False)))
        if module.bias is not None:
            found.append((module.bias, (names[2], False)))
    for number, layer in enumerate(network.layers):
        at = f"/layers.{number}"
        for norm, kind in zip(layer.before, ("input", "post_attention"), strict=True):
            name = f"{at}/{kind}_layernorm/LayerNormalization"
            found.append((norm, (inputs[name][1], False)))
        linear = (layer.q, layer.k, layer.v, layer.o, layer.fc1, layer.fc2)
        for module, kind in zip(linear, LINEAR, strict=True):
            names = inputs[f"{at}/{kind}/MatMul_quant"]
            found.append((module.weight, (names[1].removesuffix("_quantized"), True)))
            if module.bias is not None:
                found.append((module.bias, (names[4], False)))
    return found
