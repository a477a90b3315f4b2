"""What the network should say for every frame, from an alignment and the experts' scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialog.phone_set import SILENCE, STATES_PER_PHONE
from training.corpus import Utterance

IGNORED = -100
JUDGED_SAID = 1.0
"""Phones that the experts scored lower were not said as written; they teach no phone."""


@dataclass(frozen=True, slots=True)
class Labels:
    """For every 10 ms of an utterance.

    Attributes:
        state: Output index 0..117, `IGNORED` where the phone was badly said.
        phone: Index of the phone, -1 in silence and where nobody judged.
        score: The experts' score of it.
    """

    state: NDArray[np.int64]
    phone: NDArray[np.int64]
    score: NDArray[np.float32]


def labels(path: NDArray[np.int16], utterance: Utterance) -> Labels | None:
    """Labels of an alignment; None when it does not hold the utterance's phones in order."""
    state = path.astype(np.int64)
    phone = np.full(len(path), -1, np.int64)
    score = np.zeros(len(path), np.float32)
    starts = np.flatnonzero(np.diff(state, prepend=-1))
    ends = np.append(starts[1:], len(path))
    spoken = [(a, b) for a, b in zip(starts, ends, strict=True) if state[a] != SILENCE]
    phones = [p for word in utterance.phones for p in word]
    if [state[a] // STATES_PER_PHONE for a, _ in spoken[::STATES_PER_PHONE]] != phones:
        return None
    if utterance.scores is None:
        return Labels(state, phone, score)
    for index, judged in enumerate(s for word in utterance.scores for s in word):
        parts = spoken[index * STATES_PER_PHONE : (index + 1) * STATES_PER_PHONE]
        span = slice(parts[0][0], parts[-1][1])
        phone[span], score[span] = phones[index], judged
        if judged < JUDGED_SAID:
            state[span] = IGNORED
    return Labels(state, phone, score)
