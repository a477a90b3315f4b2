"""How a child's own past enters a score.

One utterance tells little about a voice: a careful speaker has a bad moment, a strong accent an
easy sentence. What the same voice got before, and the figures that it came from, are drawn in
linearly, and the more of it there is, the more it counts. Fitted by least squares on the judged
recordings with the speakers held apart (``training/scoring_tables.py``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dialog.scoring.figures import NAMES
from dialog.scoring.history import VoiceHistory

HALF_AT_UTTERANCES = 3.0
"""Utterances at which the past has half of its greatest say."""
TYPICAL_SCORE = 1.85
REMEMBERED = tuple(
    NAMES.index(name)
    for name in (
        *("likely", "likely_ratio", "entropy", "won", "length"),
        *("expert_mean", "expert_least", "free_ratio"),
    )
)
TERMS = 4 * (1 + len(REMEMBERED))


def terms(
    history: VoiceHistory,
    scores: NDArray[np.float64],
    figures: NDArray[np.float64],
    mean: NDArray[np.float64],
    deviation: NDArray[np.float64],
) -> NDArray[np.float64]:
    """What the past adds, before weights.

    Args:
        history: Of this child, this utterance not included.
        scores: Of this utterance without history, shape (phones,).
        figures: Their mean over this utterance, shape (figures,).
        mean, deviation: Of such means over many utterances, shape (figures,).

    Returns:
        Shape (phones, `TERMS`): how far the past lies above this utterance and above what is
        usual, in score and in figures; each alone, and in proportion to how far a phone's score
        is from 2, since what is right can hardly rise. All zero without a history.
    """
    if history.utterances <= 0.0:
        return np.zeros((len(scores), TERMS))
    say = history.utterances / (history.utterances + HALF_AT_UTTERANCES)
    chosen = list(REMEMBERED)
    past = ((history.mean_figures - mean) / deviation)[chosen]
    present = ((figures - mean) / deviation)[chosen]
    levels = np.concatenate(
        [
            [history.mean_score - float(scores.mean()), history.mean_score - TYPICAL_SCORE],
            past - present,
            past,
        ]
    )
    room = np.stack([np.ones(len(scores)), 2.0 - scores], axis=1)
    drawn: NDArray[np.float64] = (say * room[:, :, None] * levels).reshape(len(scores), TERMS)
    return drawn


def remembered(
    scores: NDArray[np.float64], drawn: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Scores 0..2 with the past drawn in.

    Args:
        scores: Without history, shape (phones,).
        drawn: As `terms` gives them.
        weights: Shape (`TERMS`,).
    """
    return np.clip(scores + drawn @ weights, 0.0, 2.0)
