"""The true wall time of what happened while the clock was wrong.

A Raspberry Pi has no clock of its own: it wakes in the past and learns the time from the network.
Within one start of the machine the monotonic clock is right all along, so one moment at which both
clocks are known (an anchor) dates everything else of that start, before and after.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

TOLERANCE_MS = 5_000
"""A stamp this near to what the anchor says is taken as it is."""
KERNEL_SAYS_SET = Path("/run/systemd/timesync/synchronized")
EARLIEST_MS = 1_767_225_600_000
"""2026-01-01 UTC. Before Myna was: a clock that shows less was never set."""
LATEST_MS = 253_402_300_799_999
"""The last millisecond of the year 9999."""


@dataclass(frozen=True, slots=True)
class Dated:
    """When something happened.

    Attributes:
        wall_ms: UTC milliseconds since 1970.
        clock: ``set``, ``corrected`` or ``unset`` as in the contract.
    """

    wall_ms: int
    clock: str


class Anchors:
    """Where true wall time lies for each start of the machine; kept in the progress file."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._known: dict[str, int] = dict(db.execute("SELECT boot, offset_ms FROM clock_anchors"))

    def knows(self, boot: str) -> bool:
        """Whether this start has an anchor."""
        return boot in self._known

    def set(self, boot: str, mono_s: float, wall_ms: int) -> None:
        """Note that at `mono_s` of this start the true time was `wall_ms`.

        An anchor that moves by less than the tolerance stays, so that a second sending says the
        same as the first.
        """
        offset_ms = round(wall_ms - mono_s * 1000)
        if abs(offset_ms - self._known.get(boot, -LATEST_MS)) <= TOLERANCE_MS:
            return
        self._db.execute("INSERT OR REPLACE INTO clock_anchors VALUES (?, ?)", (boot, offset_ms))
        self._known[boot] = offset_ms

    def date(self, boot: str, mono_s: float, wall_ms: int) -> Dated:
        """When something of a start at `mono_s` happened, by the clock of then `wall_ms`."""
        if boot in self._known:
            true_ms = round(self._known[boot] + mono_s * 1000)
            near = abs(true_ms - wall_ms) <= TOLERANCE_MS
            return Dated(wall_ms, "set") if near else Dated(_bounded(true_ms), "corrected")
        return Dated(_bounded(wall_ms), "unset")


def system_clock_is_set() -> bool:
    """Whether systemd's time service has set the clock since the machine started."""
    return KERNEL_SAYS_SET.exists()


def rfc3339(wall_ms: int) -> str:
    """A time as the contract writes it."""
    seconds, milliseconds = divmod(_bounded(wall_ms), 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"


def _bounded(wall_ms: int) -> int:
    return min(max(0, wall_ms), LATEST_MS)
