"""Fits a judge of `dialog.safety.meaning` on features of the encoder, by torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from dialog.safety.encoder import FEATURES, Floats
from dialog.safety.meaning import BUCKETS, Judge, hashed_runs

EPOCHS = 10
BATCH = 256
PEAK_RATE = 3e-3
DECAY = 0.02
SOFT_LABELS = 0.05
HIDDEN = 128
RUN_WIDTH = 16
HIDDEN_DROPPED = 0.4
FEATURES_DROPPED = 0.2


@dataclass(frozen=True, slots=True)
class Examples:
    """What to learn from.

    Attributes:
        texts: In one spelling.
        features: (texts, 3072).
        labels: (texts,), 0 for harmless.
        weights: (texts,), mean 1.
    """

    texts: Sequence[str]
    features: Floats
    labels: NDArray[np.int64]
    weights: Floats

    def chosen(self, which: NDArray[np.bool_]) -> Examples:
        """Those of a mask."""
        texts = [text for text, kept in zip(self.texts, which, strict=True) if kept]
        weights = self.weights[which]
        return Examples(texts, self.features[which], self.labels[which], weights / weights.mean())


class Network(nn.Module):
    """One member: features and runs of letters into a hidden layer, labels out of it."""

    def __init__(self, labels: int) -> None:
        super().__init__()
        self.enter = nn.Linear(FEATURES, HIDDEN)
        self.runs = nn.EmbeddingBag(BUCKETS, RUN_WIDTH, mode="mean")
        self.runs_enter = nn.Linear(RUN_WIDTH, HIDDEN, bias=False)
        self.leave = nn.Linear(HIDDEN, labels)
        self.dropped, self.inputs_dropped = nn.Dropout(HIDDEN_DROPPED), nn.Dropout(FEATURES_DROPPED)
        nn.init.normal_(self.runs.weight, 0, 0.1)

    def forward(
        self, features: torch.Tensor, runs: torch.Tensor, starts: torch.Tensor
    ) -> torch.Tensor:
        """Evidence for each label, (batch, labels)."""
        hidden = self.enter(self.inputs_dropped(features))
        hidden = hidden + self.runs_enter(self.runs(runs, starts))
        evidence: torch.Tensor = self.leave(self.dropped(nn.functional.silu(hidden)))
        return evidence


def together(members: Sequence[Mapping[str, Floats]]) -> dict[str, Floats]:
    """The arrays of a `dialog.safety.meaning.Judge`, of its members' (`member`)."""
    return {name: np.stack([each[name] for each in members]) for name in members[0]}


def member(examples: Examples, labels: int, *, seed: int) -> dict[str, Floats]:
    """Fit one network, and write it as the arrays of a member of a judge."""
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    mean = examples.features.mean(axis=0)
    spread = examples.features.std(axis=0) + 1e-3
    features = torch.from_numpy((examples.features - mean) / spread)
    wanted = torch.from_numpy(examples.labels)
    weights = torch.from_numpy(examples.weights)
    runs = [hashed_runs(text) for text in examples.texts]
    network = Network(labels)
    steps = EPOCHS * -(-len(runs) // BATCH)
    descent = torch.optim.AdamW(network.parameters(), weight_decay=DECAY)
    rate = torch.optim.lr_scheduler.OneCycleLR(descent, PEAK_RATE, total_steps=steps)
    network.train()
    for _ in range(EPOCHS):
        order = chance.permutation(len(runs))
        for begin in range(0, len(order), BATCH):
            batch = order[begin : begin + BATCH]
            several = [runs[each] for each in batch]
            starts = np.cumsum([0, *map(len, several[:-1])])
            evidence = network(
                features[batch],
                torch.tensor([run for each in several for run in each]),
                torch.from_numpy(starts),
            )
            loss = nn.functional.cross_entropy(
                evidence, wanted[batch], reduction="none", label_smoothing=SOFT_LABELS
            )
            descent.zero_grad()
            (loss * weights[batch]).mean().backward()
            descent.step()
            rate.step()
    entering = network.enter.weight.detach().numpy().T / spread[:, None]
    return {
        "in": entering,
        "in_bias": network.enter.bias.detach().numpy() - mean @ entering,
        "runs": network.runs.weight.detach().numpy(),
        "runs_in": network.runs_enter.weight.detach().numpy().T,
        "out": network.leave.weight.detach().numpy().T,
        "out_bias": network.leave.bias.detach().numpy(),
    }


def evidence(arrays: Mapping[str, Floats], examples: Examples, which: NDArray[np.int64]) -> Floats:
    """What a judge that was just fitted says of some examples, (which, labels)."""
    labels = tuple(map(str, range(arrays["out"].shape[-1])))
    fitted = Judge(arrays, labels, {}, {}, 0.0)
    return np.stack(
        [fitted.evidence(examples.texts[each], examples.features[each]) for each in which]
    )
