"""How long one child's silences within an answer are, and how long to wait for it therefore."""

from __future__ import annotations

import json
from dataclasses import dataclass

from audio.settings import TurnSettings

BIN_MS = 100
BINS = 30
"""Pauses of 0 to 3 s; a longer one counts as 3 s."""
PRIOR_PAUSES = 30.0
"""With so many pauses the child's own habit counts as much as the settings: what one answer shows
moves little."""
MOST_PAUSES = 200.0
"""More than these are thinned out, so that a child who grows up is heard growing."""
SHARE = 0.95
"""The share of its pauses that a child is waited for."""
MARGIN_MS = 200
"""Waited beyond the pause that is expected."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """A child's pauses by length: counts, no sound, no word, no time of day.

    Attributes:
        counts: How many were 0 to 100 ms, 100 to 200 ms and so on; shape (`BINS`,).
    """

    counts: tuple[float, ...] = (0.0,) * BINS

    def joined(self, pause_ms: float) -> Pauses:
        """With one more pause."""
        total = sum(self.counts)
        keep = min(1.0, MOST_PAUSES / (total + 1.0))
        place = min(max(int(pause_ms // BIN_MS), 0), BINS - 1)
        counts = [count * keep for count in self.counts]
        counts[place] += 1.0
        return Pauses(tuple(counts))

    def silence_ms(self, settings: TurnSettings) -> int:
        """Silence that ends this child's turn where no expected answer is complete.

        The settings' own for a child who is not known, never less than
        `patience_least_ms` nor more than `patience_most_ms`.
        """
        usual_ms = settings.incomplete_silence_ms - MARGIN_MS
        total = sum(self.counts)
        trust = total / (total + PRIOR_PAUSES)
        expected_ms = trust * self._reached_ms(SHARE * total) + (1 - trust) * usual_ms
        wanted = expected_ms + MARGIN_MS
        return round(min(max(wanted, settings.patience_least_ms), settings.patience_most_ms))

    def _reached_ms(self, count: float) -> float:
        """Length up to which there are so many pauses."""
        reached = 0.0
        for place, some in enumerate(self.counts):
            reached += some
            if reached >= count:
                return float((place + 1) * BIN_MS)
        return float(BINS * BIN_MS)

    def to_json(self) -> str:
        """Compact, for the store."""
        return json.dumps([round(count, 2) for count in self.counts])

    @classmethod
    def from_json(cls, text: str) -> Pauses:
        """What `to_json` wrote; a fresh one for anything else, since it is only a habit."""
        try:
            counts = json.loads(text)
        except ValueError:
            return cls()
        good = (
            isinstance(counts, list)
            and len(counts) == BINS
            and all(isinstance(count, int | float) and 0 <= count < 1e6 for count in counts)
        )
        return cls(tuple(float(count) for count in counts)) if good else cls()
