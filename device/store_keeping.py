"""Keeps the progress file small: what is older than anybody asks for goes, its room is given back.

What a child remembers of each item, and how it says each sound, is kept apart from the attempts and
stays for ever; it is a few hundred rows.
"""

from __future__ import annotations

import logging
import sqlite3
from datetime import datetime

from core.errors import StoreError
from device.store import Store

log = logging.getLogger(__name__)

KEPT_DAYS = 400
"""More than a year, so that a child can be compared with last summer's."""
KEPT_ATTEMPTS = 5_000
"""Of each child, however old: weeks of practice, should the clock be far ahead."""
EARLIEST_CREDIBLE = 2025
"""A Pi without a network believes in 1970, or in the day it was switched off."""
VACUUM_FREE_SHARE = 0.25
VACUUM_FREE_BYTES = 1_000_000
"""A file with less room in it than either is left: to vacuum writes all of it anew."""
_DAY_MS = 86_400_000


def keep_small(store: Store, now: datetime) -> int:
    """Let go of old attempts, and of the room they took. Once at each start.

    Args:
        now: By the speaker's clock; where it is not set, nothing goes.

    Returns:
        How many attempts went; 0, too, where the disk refuses: progress is not held up by it.
    """
    gone = 0
    try:
        if now.year >= EARLIEST_CREDIBLE:
            before_ms = int(now.timestamp() * 1000) - KEPT_DAYS * _DAY_MS
            with store.transaction() as db:
                gone = _let_go(db, before_ms)
        if store.vacuum(free_share=VACUUM_FREE_SHARE, free_bytes=VACUUM_FREE_BYTES):
            log.info("the progress file was made smaller")
    except StoreError as error:
        log.warning("the progress file could not be kept small: code=%s", error.code)
    return gone


def _let_go(db: sqlite3.Connection, before_ms: int) -> int:
    gone = db.execute(
        "DELETE FROM attempts WHERE wall_ms < ? AND seq NOT IN ("
        " SELECT seq FROM (SELECT seq, row_number() OVER (PARTITION BY child ORDER BY seq DESC)"
        " AS place FROM attempts) WHERE place <= ?)",
        (before_ms, KEPT_ATTEMPTS),
    ).rowcount
    db.execute(
        "DELETE FROM sessions WHERE wall_ms < ? AND id NOT IN"
        " (SELECT session FROM attempts WHERE session IS NOT NULL)",
        (before_ms,),
    )
    return gone
