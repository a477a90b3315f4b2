"""What stands on the encoder: a small network that says phones, and how well they are said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, dropout

from dialog.phone_set import OUTPUTS, PHONES
from training.descent import descend
from training.encoder import WIDTH as ENCODED
from training.labels import IGNORED, Labels

WIDTH, LAYERS = 144, 2
DROPOUT = 0.15
TYPICAL_SCORE = 1.8
BATCH = 16
LABEL_SMOOTHING, SCORE_WEIGHT = 0.05, 2.0
HIDDEN_SHARE, LONGEST_HIDDEN = 0.7, 6
"""So many of the utterances have up to so many steps in a row hidden from the network."""


@dataclass(frozen=True, slots=True)
class Example:
    """An utterance in all its copies; row t of each belongs to label t.

    Attributes:
        copies: Of the encoder's output, shape (steps, 288) each.
        state, phone, score: As in `training.labels.Labels`, one for each step.
    """

    copies: Sequence[NDArray[np.float16]]
    state: NDArray[np.int64]
    phone: NDArray[np.int64]
    score: NDArray[np.float32]


class Network(nn.Module):
    """Heads: states of phones, and the experts' scores; a tenth of a second to either side."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(ENCODED)
        self.first = nn.Conv1d(ENCODED, WIDTH, 1)
        self.first_norm = nn.BatchNorm1d(WIDTH)
        self.layers = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 3, 1, 1) for _ in range(LAYERS))
        self.norms = nn.ModuleList(nn.BatchNorm1d(WIDTH) for _ in range(LAYERS))
        self.states = nn.Conv1d(WIDTH, OUTPUTS, 1)
        self.scores = nn.Conv1d(WIDTH, len(PHONES), 1)

    def forward(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """States and scores, shape (batch, outputs, steps), of rows (batch, steps, 288)."""
        hidden = dropout(self.norm(rows), DROPOUT, self.training).transpose(1, 2)
        hidden = self.first_norm(torch.relu(self.first(hidden)))
        for layer, norm in zip(self.layers, self.norms, strict=True):
            step = norm(torch.relu(layer(hidden)))
            hidden = hidden + dropout(step, DROPOUT, self.training)
        return self.states(hidden), self.scores(hidden) + TYPICAL_SCORE


def fit(examples: Sequence[Example], *, epochs: int, seed: int) -> Network:
    """A trained network in evaluation mode; one copy of each example is seen in an epoch."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = Network()
    descend(
        network,
        lambda: _batches(examples, rng),
        lambda batch: loss_of(network(batch[0]), batch[1:]),
        epochs=epochs,
        steps=(len(examples) + BATCH - 1) // BATCH * epochs,
    )
    return network.eval()


def priors(states: Iterable[NDArray[np.int64]]) -> NDArray[np.float64]:
    """How common each state is in the labels; sums to 1."""
    known = np.concatenate([each[each != IGNORED] for each in states])
    counts = np.bincount(known, minlength=OUTPUTS) + 1.0
    return np.asarray(counts / counts.sum())


def loss_of(given: tuple[Tensor, Tensor], labels: Sequence[Tensor]) -> Tensor:
    """How far states and scores are from their labels: state, phone, score, (batch, steps) each."""
    states, scores = given
    state, phone, score = labels
    loss = cross_entropy(states, state, ignore_index=IGNORED, label_smoothing=LABEL_SMOOTHING)
    judged = phone >= 0
    if not bool(judged.any()):  # nobody judges synthetic voices
        return loss
    theirs = scores.gather(1, phone.clamp(min=0)[:, None])[:, 0]
    return loss + SCORE_WEIGHT * (theirs - score)[judged].square().mean()


def batches_of_a_length(
    lengths: Sequence[int], rng: np.random.Generator, size: int = BATCH
) -> list[NDArray[np.int64]]:
    """Indices in batches of nearly the same length, in random order."""
    order = np.argsort(np.asarray(lengths) + rng.uniform(0, 20, len(lengths)))
    cut = [order[at : at + size] for at in range(0, order.size, size)]
    return [cut[k] for k in rng.permutation(len(cut))]


def _batches(examples: Sequence[Example], rng: np.random.Generator) -> Iterator[list[Tensor]]:
    for some in batches_of_a_length([len(example.state) for example in examples], rng):
        yield _padded([examples[i] for i in some], rng)


def _padded(batch: Sequence[Example], rng: np.random.Generator) -> list[Tensor]:
    longest = max(len(each.state) for each in batch)
    rows = np.zeros((len(batch), longest, ENCODED), np.float32)
    for index, each in enumerate(batch):
        size = len(each.state)
        rows[index, :size] = each.copies[int(rng.integers(len(each.copies)))]
        if rng.random() < HIDDEN_SHARE:
            start = int(rng.integers(max(1, size - LONGEST_HIDDEN)))
            rows[index, start : start + int(rng.integers(1, LONGEST_HIDDEN))] = 0.0
    known = [Labels(each.state, each.phone, each.score) for each in batch]
    return [torch.from_numpy(rows), *padded(known, longest)]


def padded(known: Sequence[Labels], longest: int) -> list[Tensor]:
    """State, phone and score of a batch, (batch, longest) each; nothing is asked past an end."""
    state = np.full((len(known), longest), IGNORED)
    phone = np.full((len(known), longest), -1)
    score = np.zeros((len(known), longest), np.float32)
    for index, each in enumerate(known):
        size = len(each.state)
        state[index, :size], phone[index, :size] = each.state, each.phone
        score[index, :size] = each.score
    return [torch.from_numpy(array) for array in (state, phone, score)]
