"""What was surely not the wake phrase is not asked about again at once.

Of what the first stage asks about in talk nine in ten are nowhere near a yes, and go on: it asks
again every quarter of a second. There that can wait until three times as much was heard, or until
it is much likelier. While Myna talks nothing is put off: there one of 36 calls would be lost.
"""

from __future__ import annotations

import math

from audio.ports import Woken
from dialog.wake.detector import RISEN

SURELY_BELOW = 0.0025
"""Confidence below which a candidate was surely none."""
WAITED_S = 0.72
"""From such a candidate to the next that is asked about."""


class Refusals:
    """The last sure refusal."""

    def __init__(self) -> None:
        self._score, self._until_s = 0.0, -math.inf

    def add(self, woken: Woken, confidence: float) -> None:
        """Remember what came of a candidate.

        Args:
            woken: The candidate.
            confidence: That it was the phrase, 0..1.
        """
        if confidence < SURELY_BELOW and not woken.over_playback:
            self._score, self._until_s = woken.hit.score, woken.at_s + WAITED_S

    def cover(self, woken: Woken) -> bool:
        """Whether a candidate is more of what was surely refused."""
        return woken.at_s < self._until_s and woken.hit.score < RISEN * self._score
