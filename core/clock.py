"""Time as a value that can be swapped: real in the daemon, counted in the virtual room."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def now_s(self) -> float:
        """Seconds since an arbitrary start; never goes back."""

    def wall(self) -> datetime:
        """Wall time in UTC; may jump when the system's clock is set."""


class SystemClock:
    """The machine's clocks."""

    def now_s(self) -> float:
        return time.monotonic()

    def wall(self) -> datetime:
        return datetime.now(UTC)


class VirtualClock:
    """A clock that stands still until somebody advances it.

    Args:
        start: Wall time at zero seconds.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._now_s = 0.0

    def now_s(self) -> float:
        return self._now_s

    def wall(self) -> datetime:
        return self._start + timedelta(seconds=self._now_s)

    def advance_to(self, now_s: float) -> None:
        """Set the time.

        Raises:
            ValueError: `now_s` lies in the past.
        """
        if now_s < self._now_s:
            raise ValueError(f"a clock cannot go back from {self._now_s} s to {now_s} s")
        self._now_s = now_s
