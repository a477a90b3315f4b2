"""Sounds of questions for the teacher in the progress file: those that wait, and that some went."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterator

SENT = "voices"
"""Key in ``sync_state``: the platform may have some."""


def any_left(db: sqlite3.Connection) -> bool:
    """Whether a sound waits here, or may be at the platform."""
    (found,) = db.execute(
        "SELECT EXISTS (SELECT 1 FROM outbox WHERE kind = 'voice')"
        " OR EXISTS (SELECT 1 FROM sync_state WHERE key = ?)",
        (SENT,),
    ).fetchone()
    return bool(found)


def empty(db: sqlite3.Connection) -> None:
    """Let those that wait go; their numbers stay, so that the platform sees no gap."""
    db.execute("UPDATE outbox SET kind = 'dropped', child = NULL, body = '{}' WHERE kind = 'voice'")
    db.execute("DELETE FROM sync_state WHERE key = ?", (SENT,))


def waiting(db: sqlite3.Connection) -> Iterator[tuple[str, bytes]]:
    """Question ids and sounds of those that wait, for the family's own copy."""
    for (body,) in db.execute("SELECT body FROM outbox WHERE kind = 'voice' ORDER BY seq"):
        facts = json.loads(body)
        yield str(facts["question"]), base64.b64decode(facts["data"])
