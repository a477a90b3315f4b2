"""One line in the log per kind of bad message, however many of them somebody sends."""

from __future__ import annotations

import logging
from collections import Counter

EVERY_S = 600.0
KINDS = 32


class Faults:
    """Counts bad messages and says so now and then; never what was in them.

    Args:
        log: Where to.
        what: Names the line, for example ``message refused``.
    """

    def __init__(self, log: logging.Logger, what: str) -> None:
        self._log = log
        self._what = what
        self._next_s: dict[str, float] = {}
        self.counts: Counter[str] = Counter()

    def note(self, kind: str, now_s: float) -> None:
        """One more of a kind, at a time of a clock that never goes back."""
        if kind not in self.counts and len(self.counts) >= KINDS:
            kind = "other"
        self.counts[kind] += 1
        if now_s >= self._next_s.get(kind, now_s):
            self._next_s[kind] = now_s + EVERY_S
            self._log.warning("%s kind=%s count=%d", self._what, kind, self.counts[kind])
