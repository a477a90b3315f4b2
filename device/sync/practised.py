"""How long was practised today."""

from __future__ import annotations

import sqlite3
from datetime import datetime

LONGEST_SESSION_MS = 7_200_000
"""A session that seems to be longer spans a clock that was set: it counts as this."""


def minutes_today(db: sqlite3.Connection, now: datetime, child: str = "") -> float:
    """Minutes practised since local midnight, by the sessions' own stamps.

    A session that was broken off, or still goes on, counts up to its last answer.

    Args:
        now: With its zone.
        child: Of one child; empty for everybody.
    """
    midnight = now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    (total_ms,) = db.execute(
        "SELECT coalesce(sum(max(0, min(?, coalesce(ended_wall_ms,"
        " (SELECT max(a.wall_ms) FROM attempts AS a WHERE a.session = s.id), wall_ms) - wall_ms))),"
        " 0) FROM sessions AS s WHERE wall_ms >= ? AND ? IN ('', child)",
        (LONGEST_SESSION_MS, int(midnight.timestamp() * 1000), child),
    ).fetchone()
    return float(total_ms) / 60_000
