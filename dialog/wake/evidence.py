"""What speaks for and against a phrase on its best path: figures of each phone and of the whole.

They know nothing of the phrase but its phones, so that what weighs them, learnt from phrases that
people did say, serves any other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialog.phone_set import PHONES, SILENCE, STATES_PER_PHONE
from dialog.wake.phrase import VOWELS
from dialog.wake.spotter import Path

Floats = NDArray[np.float32]

BEFORE_FRAMES = 20
FIGURES = 14
RIVAL_MARGIN = 8
"""Which figure says how much better the phone fits than the best other one."""
PHONE_SIZE = FIGURES + 2 * len(PHONES)
MARGIN = 2
"""Which figure is how much better the phone fits than the best other sound, frame by frame."""
WHOLE_SIZE = 10
RATIO = 0
"""Which figure of the whole is the log likelihood ratio for each frame."""
_IS_VOWEL = np.array([phone in VOWELS for phone in PHONES])


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of one path.

    Attributes:
        phones: Shape (n, `PHONE_SIZE`): figures, which phone it is, which other fits best there.
        whole: Shape (`WHOLE_SIZE`,).
    """

    phones: Floats
    whole: Floats


def evidence(path: Path) -> Evidence:
    """Weigh nothing, measure everything."""
    phones, edges, outputs = _spans(path)
    first, last = int(edges[0, 0]), int(edges[-1, 1])
    rows = path.rows[first:last]
    frames, count = last - first, len(phones)
    by_phone = rows[:, :SILENCE].reshape(frames, len(PHONES), STATES_PER_PHONE).max(axis=2)
    quiet = rows[:, SILENCE]
    best = np.maximum(by_phone.max(axis=1), quiet)
    # Everything of a phone is the sum, the highest or the lowest over its frames.
    starts = (edges - first).ravel()[:-1]
    lengths = (edges[:, 1] - edges[:, 0]).astype(np.float32)
    owner = np.repeat(phones, edges[:, 1] - edges[:, 0])
    inside = np.concatenate([np.arange(a, b) for a, b in edges - first])
    own = by_phone[inside, owner]
    others = by_phone[inside]
    others[np.arange(len(inside)), owner] = -np.inf
    margin = own - np.maximum(others.max(axis=1), quiet[inside])
    on_path = rows[inside, outputs]
    each = np.zeros((frames, 8), np.float32)
    each[inside] = np.stack(
        [
            *(on_path, own, margin, margin >= 0, quiet[inside]),
            on_path - path.gained[first:last][inside],
            *(margin, own),
        ],
        axis=1,
    )
    means = np.add.reduceat(each, starts)[::2] / lengths[:, None]
    most = np.maximum.reduceat(each, starts)[::2]
    least = np.minimum.reduceat(each, starts)[::2]
    rivals = np.add.reduceat(by_phone, starts)[::2] / lengths[:, None]
    at = np.arange(count)
    own_mean = rivals[at, phones].copy()
    rivals[at, phones] = -np.inf
    rival = rivals.argmax(axis=1)
    gaps = np.append(0, edges[1:, 0] - edges[:-1, 1])
    made = np.zeros((count, PHONE_SIZE), np.float32)
    made[:, :FIGURES] = np.stack(
        [
            *(means[:, 0], means[:, 1], means[:, 2], most[:, 6], means[:, 3], most[:, 7]),
            *(means[:, 4], means[:, 5], own_mean - rivals[at, rival], least[:, 0]),
            *(np.log(lengths), np.log1p(gaps)),
            (at == 0).astype(np.float32) - (at == count - 1),
            _IS_VOWEL[phones],
        ],
        axis=1,
    )
    made[at, FIGURES + phones] = 1.0
    made[at, FIGURES + len(PHONES) + rival] = 1.0
    lead = path.rows[max(0, first - BEFORE_FRAMES) : first]
    whole = np.array(
        [
            path.ratio / frames,
            path.ratio / count / 4,
            np.log(frames) - 4,
            count / 10,
            np.log(frames / count) - 2,
            best.mean(),
            (lead.argmax(axis=1) == SILENCE).mean() if first else 1.0,
            np.log(lengths).std(),
            (rows.argmax(axis=1) == SILENCE).mean(),
            path.gained[first:last].mean(),
        ],
        np.float32,
    )
    return Evidence(made, whole)


def _spans(path: Path) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Phones, their first frames and those past their last, and the output of every frame."""
    spoken = [run for run in path.runs if run[0].output != SILENCE]
    phones = [run[0].output // STATES_PER_PHONE for run in spoken[::STATES_PER_PHONE]]
    starts = [run[1] for run in spoken[::STATES_PER_PHONE]]
    ends = [run[2] for run in spoken[STATES_PER_PHONE - 1 :: STATES_PER_PHONE]]
    outputs = np.repeat([run[0].output for run in spoken], [run[2] - run[1] for run in spoken])
    return np.array(phones), np.stack([starts, ends], axis=1), outputs
