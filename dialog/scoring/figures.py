"""What the scorer knows of every phone of an aligned sentence: a row of plain figures.

Goodness of pronunciation in the tradition of S. M. Witt and S. J. Young, "Phone-level
pronunciation scoring and assessment for interactive language learning", Speech Communication 30
(2000): how likely the phone was, also against the best other phone and against any sounds at all.
Beside it durations, pauses and what the acoustic model itself takes the expert's score to be.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dialog.phone_alignment import PhoneSpan, free_loop
from dialog.phone_frames import Frames
from dialog.phone_graph import likelihoods
from dialog.phone_set import PHONE_ID, PHONES, SILENCE, STATES_PER_PHONE

Figures = NDArray[np.float32]
"""Shape (phones, `COUNT`), one row for every phone of the sentence."""

NAMES = (
    "likely", "likely_ratio", "mean_likely", "mean_ratio", "entropy", "most", "least", "won",
    "state_1", "state_2", "state_3", "length_1", "length_2", "length_3", "length", "gap_before",
    "gap_after", "expert_mean", "expert_least", "expert_most", "expert_middle", "free_ratio",
)  # fmt: skip
COUNT = len(NAMES)
_LEAST_LOG = -14.0
_SMALLEST = 1e-5


def phone_log_posteriors(frames: Frames) -> NDArray[np.float32]:
    """Natural logs, shape (T, 40): the 39 phones over all their states, then silence."""
    states = frames.log_posteriors[:, :SILENCE].reshape(-1, len(PHONES), STATES_PER_PHONE)
    phones = np.logaddexp.reduce(states, axis=2)
    joined: NDArray[np.float32] = np.concatenate(
        [phones, frames.log_posteriors[:, SILENCE:]], axis=1
    ).astype(np.float32)
    return joined


def figures(frames: Frames, spans: Sequence[PhoneSpan]) -> Figures:
    """A row of figures for every phone.

    Args:
        frames: The acoustic model's view of the whole utterance.
        spans: The sentence's phones in it, in order, at least one.
    """
    posteriors = phone_log_posteriors(frames)
    probabilities = np.exp(posteriors)
    entropy = -(probabilities * posteriors).sum(axis=1)
    winners = posteriors[:, : len(PHONES)].argmax(axis=1)
    likelihood = likelihoods(frames)
    free = free_loop(likelihood)
    rows = np.empty((len(spans), COUNT), np.float32)
    for index, span in enumerate(spans):
        phone, start, end = PHONE_ID[span.phone], span.start_frame, span.end_frame
        here = slice(start, end)
        own = posteriors[here, phone]
        mean_log = np.maximum(posteriors[here].mean(axis=0), _LEAST_LOG)[: len(PHONES)]
        log_mean = np.log(probabilities[here].mean(axis=0) + _SMALLEST)[: len(PHONES)]
        outputs = [phone * STATES_PER_PHONE + part for part in range(STATES_PER_PHONE)]
        parts = [
            frames.log_posteriors[first:last, output].mean()
            for (first, last), output in zip(span.state_spans, outputs, strict=True)
        ]
        path = sum(
            float(likelihood[first:last, output].sum())
            for (first, last), output in zip(span.state_spans, outputs, strict=True)
        )
        expert = frames.expert_score[here, phone]
        quarter = (end - start) // 4
        before = spans[index - 1].end_frame if index else 0
        after = spans[index + 1].start_frame if index + 1 < len(spans) else len(posteriors)
        rows[index] = (
            mean_log[phone],
            mean_log[phone] - _best_other(mean_log, phone),
            log_mean[phone],
            log_mean[phone] - _best_other(log_mean, phone),
            entropy[here].mean(),
            max(own.max(), _LEAST_LOG),
            max(own.min(), _LEAST_LOG),
            (winners[here] == phone).mean(),
            *(max(part, _LEAST_LOG) for part in parts),
            *(np.log(last - first) for first, last in span.state_spans),
            np.log(end - start),
            np.log1p(start - before),
            np.log1p(after - end),
            expert.mean(),
            expert.min(),
            expert.max(),
            expert[quarter : end - start - quarter].mean(),
            (path - float(free[here].sum())) / (end - start),
        )
    return rows


def places(spans: Sequence[PhoneSpan]) -> NDArray[np.int64]:
    """Where in its word each phone stands: 1 first, 2 last, 3 both, 0 between. Shape (phones,)."""
    words = [span.word_index for span in spans]
    first = np.array([i == 0 or words[i - 1] != word for i, word in enumerate(words)])
    last = np.array([i + 1 == len(words) or words[i + 1] != w for i, w in enumerate(words)])
    place: NDArray[np.int64] = (first + 2 * last).astype(np.int64)
    return place


def with_sentence(rows: Figures) -> NDArray[np.float32]:
    """The network's input: the figures, their mean and deviation over the sentence, the place.

    Returns:
        Shape (phones, ``3 * COUNT + 2``); not yet standardised.
    """
    count = len(rows)
    spread = [np.tile(rows.mean(axis=0), (count, 1)), np.tile(rows.std(axis=0), (count, 1))]
    size = np.full((count, 1), np.log(count))
    way = np.linspace(0.0, 1.0, count)[:, None]
    joined: NDArray[np.float32] = np.concatenate([rows, *spread, size, way], 1).astype(np.float32)
    return joined


def _best_other(scores: NDArray[np.float32], phone: int) -> float:
    others = scores.copy()
    others[phone] = -np.inf
    return float(others.max())
