"""How sure a judge has to be, chosen on harmless sentences that it had never seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialog.safety.encoder import Floats

ASKED = (0.04, 0.09)
"""Shares of the sets' harmless sentences, most of them near a topic, to stop, and to doubt too."""
REPLIED = (0.08, 0.16)
"""The same of replies; most are the corpus's own, whose ideas are held out whole: far harder."""
EARLIER = {"self_harm": 0.8, "hurt_by_others": 0.4, "stranger": 0.2}
"""Evidence by which a topic is stopped earlier than the others: where missing it is worst."""
STEPS, RIDGE = 20, 1.0


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


def worth_of_a_listing(
    found: Floats, listed: NDArray[np.bool_], harmful: NDArray[np.bool_]
) -> float:
    """How much evidence it is that a wording of a text is on a list.

    By a logistic regression of what a text is on evidence and listing (Newton's method; a little
    ridge, so that lists without a fault are not worth infinitely much).

    Args:
        found: Evidence for any label, of a judge that had not seen these texts, (texts,).
        listed: Whether the lists alone would stop them, (texts,); not those they were tuned on.
        harmful: Whether they should be stopped, (texts,).
    """
    inputs = np.stack([np.ones(len(found)), found, listed], axis=1).astype(np.float64)
    weights = np.zeros(3)
    for _ in range(STEPS):
        likely = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (harmful - likely) - RIDGE * weights
        curve = (inputs.T * (likely * (1 - likely))) @ inputs + RIDGE * np.eye(3)
        weights += np.linalg.solve(curve, slope)
    return float(max(0.0, weights[2] / weights[1]))


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
