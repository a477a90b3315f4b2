"""How sure a judge has to be, chosen on harmless sentences that it had never seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialog.safety.encoder import Floats

ASKED = (0.015, 0.045)
"""Shares of the development sets' harmless sentences to stop, and to stop or doubt, at most."""
REPLIED = (0.06, 0.12)
"""The same of the corpus's own replies, whose ideas are held out whole, which is far harder."""
EARLIER = {"self_harm": 0.8, "hurt_by_others": 0.4, "stranger": 0.2}
"""Evidence by which a topic is stopped earlier than the others: where missing it is worst."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Evidence from which a text is stopped and from which it is doubted, by label."""

    sure: Mapping[str, float]
    doubt: Mapping[str, float]


def together(evidence: Floats) -> Floats:
    """Evidence for any label against harmless, (texts,), as `dialog.safety.meaning.Meant`."""
    others = evidence[:, 1:].astype(np.float64)
    most = others.max(axis=1)
    found: Floats = most + np.log(np.exp(others - most[:, None]).sum(axis=1)) - evidence[:, 0]
    return found


def thresholds(
    evidence: Floats,
    wanted: NDArray[np.int64],
    weights: Floats,
    labels: Sequence[str],
    shares: tuple[float, float],
) -> Thresholds:
    """Where to stop and where to doubt.

    Args:
        evidence: Of a judge that had not seen these sentences, (texts, labels).
        wanted: Labels, 0 for harmless.
        weights: How much each sentence counts.
        labels: Their names.
        shares: Of harmless sentences that may be stopped, and stopped or doubted.
    """
    harmless = wanted == 0
    earlier = np.array([EARLIER.get(label, 0.0) for label in labels[1:]])
    nearest = evidence[:, 1:].argmax(axis=1)
    found = (together(evidence) + earlier[nearest])[harmless]
    counted = weights[harmless]
    sure, doubt = (_exceeded(found, counted, share) for share in shares)
    return Thresholds(
        {label: round(sure - EARLIER.get(label, 0.0), 3) for label in labels[1:]},
        {label: round(doubt - EARLIER.get(label, 0.0), 3) for label in labels[1:]},
    )


def _exceeded(found: Floats, weights: Floats, share: float) -> float:
    """What a share of all exceeds."""
    order = np.argsort(-found)
    heavier = np.cumsum(weights[order]) > share * weights.sum()
    return float(found[order][int(heavier.argmax())])
