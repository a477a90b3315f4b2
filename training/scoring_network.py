"""The scorer's network, its fit, and its export: a mean of several small recurrent networks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from dialog.phone_set import PHONES
from training.onnx_half import HALF_FROM

HIDDEN, PHONE_SIZE, PLACE_SIZE, LAYERS = 64, 24, 8, 2
PLACES = 4
PADDING = len(PHONES)
TYPICAL_SCORE = 1.85
BATCH, LEARNING_RATE, WEIGHT_DECAY, WARM_UP_STEPS = 32, 2e-3, 1e-2, 60
OPSET = 17


@dataclass(frozen=True, slots=True)
class Sentence:
    """A judged sentence as the network sees it.

    Attributes:
        inputs: Standardised, shape (phones, inputs).
        phones, places: Indices, shape (phones,).
        scores: The experts', shape (phones,).
    """

    inputs: NDArray[np.float32]
    phones: NDArray[np.int64]
    places: NDArray[np.int64]
    scores: NDArray[np.float32]


class Network(nn.Module):
    """Figures, phones and places of sentences to scores; sees the whole sentence both ways."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, HIDDEN)
        self.phone = nn.Embedding(len(PHONES) + 1, PHONE_SIZE, padding_idx=PADDING)
        self.place = nn.Embedding(PLACES + 1, PLACE_SIZE)
        self.both_ways = nn.GRU(
            HIDDEN + PHONE_SIZE + PLACE_SIZE, HIDDEN, LAYERS,
            bidirectional=True, batch_first=True, dropout=0.3,
        )  # fmt: skip
        self.middle = nn.Linear(3 * HIDDEN + PHONE_SIZE, HIDDEN)
        self.last = nn.Linear(HIDDEN, 1)

    def forward(self, inputs: Tensor, phones: Tensor, places: Tensor) -> Tensor:
        """Scores of shape (batch, phones)."""
        drop = nn.functional.dropout
        phone = self.phone(phones)
        first = drop(torch.relu(self.first(inputs)), 0.2, self.training)
        context, _ = self.both_ways(torch.cat([first, phone, self.place(places)], 2))
        joined = drop(torch.cat([context, first, phone], 2), 0.3, self.training)
        middle = drop(torch.relu(self.middle(joined)), 0.2, self.training)
        return self.last(middle)[..., 0] + TYPICAL_SCORE


def fit(sentences: Sequence[Sentence], *, epochs: int, seed: int) -> Network:
    """A trained network in evaluation mode."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Network(sentences[0].inputs.shape[1])
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps, step = (len(sentences) + BATCH - 1) // BATCH * epochs, 0
    for _ in range(epochs):
        network.train()
        for inputs, phones, places, scores in _batches(sentences, rng):
            rate = min(1.0, (step + 1) / WARM_UP_STEPS) * 0.5 * (1 + np.cos(np.pi * step / steps))
            for group in optimiser.param_groups:
                group["lr"] = LEARNING_RATE * max(0.01, float(rate))
            judged = scores >= 0
            given = network(inputs, phones, places)
            loss = (given - scores)[judged].square().mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            step += 1
    return network.eval()


def predict(network: Network, sentences: Sequence[Sentence]) -> list[NDArray[np.float64]]:
    """Scores of every sentence, shape (phones,) each, not clipped."""
    found = []
    with torch.no_grad():
        for one in sentences:
            given = network(
                torch.from_numpy(one.inputs)[None],
                torch.from_numpy(one.phones)[None],
                torch.from_numpy(one.places)[None],
            )
            found.append(given[0].double().numpy())
    return found


def _batches(
    sentences: Sequence[Sentence], rng: np.random.Generator
) -> list[tuple[Tensor, Tensor, Tensor, Tensor]]:
    lengths = np.array([len(one.phones) for one in sentences])
    order = np.argsort(lengths + rng.uniform(0, 4, lengths.size))
    cut = [order[at : at + BATCH] for at in range(0, order.size, BATCH)]
    return [_padded([sentences[i] for i in cut[k]]) for k in rng.permutation(len(cut))]


def _padded(batch: Sequence[Sentence]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    longest = max(len(one.phones) for one in batch)
    inputs = torch.zeros(len(batch), longest, batch[0].inputs.shape[1])
    phones = torch.full((len(batch), longest), PADDING)
    places = torch.full((len(batch), longest), PLACES)
    scores = torch.full((len(batch), longest), -1.0)
    for row, one in enumerate(batch):
        size = len(one.phones)
        inputs[row, :size] = torch.from_numpy(one.inputs)
        phones[row, :size] = torch.from_numpy(one.phones)
        places[row, :size] = torch.from_numpy(one.places)
        scores[row, :size] = torch.from_numpy(one.scores)
    return inputs, phones, places, scores


def export(networks: Sequence[Network], trained: dict[str, object], path: Path) -> None:
    """Write the model that `dialog.scoring.network_onnx.ScorerNetwork` loads.

    Args:
        networks: Their mean is the score.
        trained: What goes with them, as JSON can hold it.
        path: Of the file to write.
    """
    graph = _Graph()
    means = [_exported(graph, network, f"n{i}") for i, network in enumerate(networks)]
    graph.add("Mean", means, "scores")
    inputs = networks[0].first.in_features
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "scorer",
            [
                helper.make_tensor_value_info("figures", TensorProto.FLOAT, ["n", 1, inputs]),
                helper.make_tensor_value_info("phones", TensorProto.INT64, ["n"]),
                helper.make_tensor_value_info("places", TensorProto.INT64, ["n"]),
            ],
            [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n"])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=8,
        producer_name="myna",
    )
    helper.set_model_props(model, {"trained": json.dumps(trained)})
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)


class _Graph:
    """Nodes and constants of an ONNX graph under construction."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, kind: str, inputs: Sequence[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        if value.dtype == np.float32 and value.size > HALF_FROM:
            self.constants.append(numpy_helper.from_array(value.astype(np.float16), f"{name}.half"))
            return self.add("Cast", [f"{name}.half"], name, to=TensorProto.FLOAT)
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name


def _exported(graph: _Graph, network: Network, name: str) -> str:
    """Add one network; the name of its output of shape (n,)."""
    weights = {key: value.numpy() for key, value in network.state_dict().items()}

    def linear(source: str, layer: str) -> str:
        kernel = graph.constant(f"{name}.{layer}.w", weights[f"{layer}.weight"].T.copy())
        bias = graph.constant(f"{name}.{layer}.b", weights[f"{layer}.bias"])
        product = graph.add("MatMul", [source, kernel], f"{name}.{layer}.product")
        return graph.add("Add", [product, bias], f"{name}.{layer}.out")

    def embedded(layer: str, indices: str) -> str:
        table = graph.constant(f"{name}.{layer}.table", weights[f"{layer}.weight"])
        rows = graph.add("Gather", [table, indices], f"{name}.{layer}.rows")
        return graph.add("Unsqueeze", [rows, axis], f"{name}.{layer}.out")

    axis = graph.constant(f"{name}.axis", np.array([1], np.int64))
    flat = graph.constant(f"{name}.flat", np.array([0, 0, 2 * HIDDEN], np.int64))
    every = graph.constant(f"{name}.every", np.array([-1], np.int64))
    first = graph.add("Relu", [linear("figures", "first")], f"{name}.first")
    phone, place = embedded("phone", "phones"), embedded("place", "places")
    hidden = graph.add("Concat", [first, phone, place], f"{name}.joined", axis=2)
    for layer in range(LAYERS):
        sources = [graph.constant(f"{name}.gru.{layer}.{part}", value)
                   for part, value in _gru_weights(weights, layer).items()]  # fmt: skip
        state = graph.add(
            "GRU", [hidden, *sources], f"{name}.gru.{layer}",
            hidden_size=HIDDEN, direction="bidirectional", linear_before_reset=1,
        )  # fmt: skip
        turned = graph.add("Transpose", [state], f"{name}.gru.{layer}.turned", perm=[0, 2, 1, 3])
        hidden = graph.add("Reshape", [turned, flat], f"{name}.gru.{layer}.out")
    joined = graph.add("Concat", [hidden, first, phone], f"{name}.all", axis=2)
    middle = graph.add("Relu", [linear(joined, "middle")], f"{name}.middle")
    typical = graph.constant(f"{name}.typical", np.array([TYPICAL_SCORE], np.float32))
    scores = graph.add("Add", [linear(middle, "last"), typical], f"{name}.typed")
    return graph.add("Reshape", [scores, every], f"{name}.scores")


def _gru_weights(
    weights: dict[str, NDArray[np.float32]], layer: int
) -> dict[str, NDArray[np.float32]]:
    """ONNX has the gates as update, reset, new; PyTorch as reset, update, new."""

    def ordered(key: str, suffix: str) -> NDArray[np.float32]:
        reset, update, new = np.split(weights[f"both_ways.{key}_l{layer}{suffix}"], 3)
        return np.concatenate([update, reset, new])

    def both(key: str) -> NDArray[np.float32]:
        return np.stack([ordered(key, suffix) for suffix in ("", "_reverse")])

    biases = np.concatenate([both("bias_ih"), both("bias_hh")], axis=1)
    return {"w": both("weight_ih"), "r": both("weight_hh"), "b": biases}
