"""Counts the faults of each part: when to start it again, and when to call it broken. Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

WINDOW_S = 60.0
FAULTS_TO_DEGRADE = 3
BACKOFF_S = (0.0, 0.5, 2.0)
"""Waits before the first, second, third start within the window."""


@dataclass(slots=True)
class _Part:
    """Faults of the last minute, and since when they were too many."""

    faults: deque[float] = field(default_factory=deque)
    total: int = 0
    broken: bool = False

    def settle(self, now_s: float) -> None:
        """Forget what lies a minute back; a part without a fault since then is whole again."""
        while self.faults and now_s - self.faults[0] >= WINDOW_S:
            self.faults.popleft()
        self.broken = len(self.faults) >= FAULTS_TO_DEGRADE or (self.broken and bool(self.faults))


class Supervisor:
    """Who looks after the parts. Times are of one clock that never goes back.

    A part that failed three times within a minute is degraded, until it has gone a minute
    without failing.
    """

    def __init__(self) -> None:
        self._parts: dict[str, _Part] = {}

    def failed(self, part: str, now_s: float) -> float:
        """Take note of a fault; returns how long to wait before the part is started again, in s."""
        known = self._parts.setdefault(part, _Part())
        known.faults.append(now_s)
        known.total += 1
        known.settle(now_s)
        return BACKOFF_S[min(len(known.faults), len(BACKOFF_S)) - 1]

    def degraded(self, now_s: float) -> frozenset[str]:
        """The parts that are broken now."""
        for part in self._parts.values():
            part.settle(now_s)
        return frozenset(name for name, part in self._parts.items() if part.broken)

    @property
    def totals(self) -> dict[str, int]:
        """Faults of each part since start."""
        return {name: part.total for name, part in self._parts.items()}
