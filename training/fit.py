"""Fits the network to aligned copies of utterances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from dialog.phone_features import BAND_COUNT
from dialog.phone_set import SILENCE, STATES_PER_PHONE
from training.descent import descend
from training.examples import Copy
from training.labels import IGNORED, Labels
from training.network import STRIDE, Network

BATCH = 16
LABEL_SMOOTHING = 0.05
SCORE_WEIGHT, PHONE_WEIGHT = 2.0, 0.5
OFFSET_DEVIATION = 0.3
"""Of each band's mean from copy to copy: what the loud mean leaves of microphones."""
WARP = 0.12
"""Vocal tracts are up to this much longer or shorter: bands are shifted in proportion."""


@dataclass(frozen=True, slots=True)
class Example:
    """An utterance in all its copies, with its labels."""

    copies: Sequence[Copy]
    labels: Labels


def fit(
    examples: Sequence[Example], *, epochs: int, seed: int, start: Network | None = None
) -> Network:
    """A trained network, in evaluation mode, on the CPU.

    Args:
        examples: What to learn from; one copy of each is seen in an epoch.
        epochs: Passes over the examples.
        seed: The same seed on the same machine gives the same network.
        start: A network to go on from instead of a fresh one.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = (start or Network(_scale(examples))).to(device)

    def loss_of(batch: Sequence[Example]) -> torch.Tensor:
        # Half the time on processors with bfloat16, and as good.
        with torch.autocast(device.type, torch.bfloat16):
            return _loss(network, [part.to(device) for part in _tensors(batch, rng)])

    descend(
        network,
        lambda: _batches(examples, rng),
        loss_of,
        epochs=epochs,
        steps=(len(examples) + BATCH - 1) // BATCH * epochs,
    )
    return network.cpu().eval()


def priors(examples: Sequence[Example]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How common each state and each phone (silence first) is in the labels; each sums to 1."""
    counts = np.ones(SILENCE + 1)
    for example in examples:
        known = example.labels.state[example.labels.state != IGNORED]
        counts += np.bincount(known, minlength=counts.size)
    phones = counts[:SILENCE].reshape(-1, STATES_PER_PHONE).sum(axis=1)
    whole = np.concatenate([counts[SILENCE:], phones])
    return counts / counts.sum(), whole / whole.sum()


def _scale(examples: Sequence[Example]) -> torch.Tensor:
    some = np.concatenate([example.copies[0].bands[::7] for example in examples[::3]])
    return torch.from_numpy(some.astype(np.float32).std(axis=0))


def _batches(examples: Sequence[Example], rng: np.random.Generator) -> list[list[Example]]:
    """Batches of utterances of nearly the same length, in random order."""
    lengths = np.array([len(example.labels.state) for example in examples])
    order = np.argsort(lengths + rng.uniform(0, 40, lengths.size))
    cut = [order[at : at + BATCH] for at in range(0, order.size, BATCH)]
    return [[examples[i] for i in cut[k]] for k in rng.permutation(len(cut))]


def _tensors(batch: Sequence[Example], rng: np.random.Generator) -> list[torch.Tensor]:
    parts = [_drawn(example, rng) for example in batch]
    frames = -(-max(len(bands) for bands, *_ in parts) // STRIDE)
    bands = np.zeros((len(parts), BAND_COUNT, frames * STRIDE), np.float32)
    state = np.full((len(parts), frames), IGNORED)
    phone = np.full((len(parts), frames), -1)
    score = np.zeros((len(parts), frames), np.float32)
    for row, (drawn, at, labels) in enumerate(parts):
        bands[row, :, : len(drawn)] = drawn.T
        state[row, : at.size] = labels.state[at]
        phone[row, : at.size] = labels.phone[at]
        score[row, : at.size] = labels.score[at]
    return [torch.from_numpy(array) for array in (bands, state, phone, score)]


def _drawn(
    example: Example, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int64], Labels]:
    """One copy, changed a little, and which label belongs to each third frame of it."""
    copy = example.copies[int(rng.integers(len(example.copies)))]
    offset = int(rng.integers(STRIDE))
    bands = copy.bands[offset:].astype(np.float32)
    at = np.rint((np.arange(0, len(bands), STRIDE) + offset) * copy.speed).astype(np.int64)
    if rng.random() < 0.5:
        bands = _warped(bands, 1.0 + float(rng.uniform(-WARP, WARP)))
    bands += rng.normal(0.0, OFFSET_DEVIATION, BAND_COUNT).astype(np.float32)
    if rng.random() < 0.7:
        low = int(rng.integers(0, 36))
        bands[:, low : low + int(rng.integers(1, 8))] = 0.0
    for _ in range(2):
        start = int(rng.integers(0, max(1, len(bands) - 15)))
        bands[start : start + int(rng.integers(1, 16))] = 0.0
    return bands, np.minimum(at, len(example.labels.state) - 1), example.labels


def _warped(bands: NDArray[np.float32], factor: float) -> NDArray[np.float32]:
    """Bands read at `factor` times their place (on the mel scale, which near enough is it)."""
    at = np.clip(np.arange(BAND_COUNT) * factor, 0, BAND_COUNT - 1.001)
    whole = at.astype(np.int64)
    part = (at - whole).astype(np.float32)
    return np.asarray(bands[:, whole] * (1 - part) + bands[:, whole + 1] * part)


def _loss(network: Network, batch: Sequence[torch.Tensor]) -> torch.Tensor:
    bands, state, phone, score = batch
    states, phones, scores = network(bands)
    whole = torch.where(
        state == IGNORED,
        IGNORED,
        torch.where(state == SILENCE, 0, state // STATES_PER_PHONE + 1),
    )
    loss = cross_entropy(
        states.float(), state, ignore_index=IGNORED, label_smoothing=LABEL_SMOOTHING
    )
    loss = loss + PHONE_WEIGHT * cross_entropy(phones.float(), whole, ignore_index=IGNORED)
    judged = phone >= 0
    if bool(judged.any()):
        given = scores.float().gather(1, phone.clamp(min=0)[:, None])[:, 0]
        loss = loss + SCORE_WEIGHT * (given - score)[judged].square().mean()
    return loss
