"""What goes out beside attempts and beginnings: a session's end, a child's question.

Called by `device.store.Store` inside the transaction that writes a record, as the triggers are.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from device.ids import IdSource
from device.store_rows import Asked, Recorded
from dialog.ports import SessionEdge


class Reporter:
    """A `device.store.Companion`.

    Args:
        ids: Where the ids of ends come from; a question has its own.
    """

    def __init__(self, ids: IdSource | None = None) -> None:
        self._ids = ids or IdSource()

    def __call__(self, db: sqlite3.Connection, record: Recorded) -> None:
        """Put the record into the outbox, where it is one of those told here.

        Raises:
            sqlite3.Error: The disk refuses.
        """
        if record.what is SessionEdge.ENDED:
            _add(db, str(self._ids.make()), "ended", record, _end(db, record))
        elif isinstance(record.what, Asked):
            facts: dict[str, Any] = {"session": record.session}
            if record.what.words is not None:
                facts["words"] = record.what.words
            _add(db, record.id, "asked", record, facts)


def _end(db: sqlite3.Connection, record: Recorded) -> dict[str, Any]:
    facts: dict[str, Any] = {"session": record.id}
    begun = db.execute("SELECT boot, mono_s FROM sessions WHERE id = ?", (record.id,)).fetchone()
    if begun is not None and begun[0] == record.boot:
        facts["duration_s"] = max(0.0, record.mono_s - begun[1])
    (facts["attempts"],) = db.execute(
        "SELECT count(*) FROM attempts WHERE session = ?", (record.id,)
    ).fetchone()
    return facts


def _add(
    db: sqlite3.Connection, event_id: str, kind: str, record: Recorded, facts: dict[str, Any]
) -> None:
    db.execute("UPDATE outbox_series SET last = last + 1")
    db.execute(
        "INSERT INTO outbox (seq, id, kind, child, boot, mono_s, wall_ms, body)"
        " SELECT last, ?, ?, ?, ?, ?, ?, ? FROM outbox_series",
        (
            event_id,
            kind,
            record.child,
            record.boot,
            record.mono_s,
            record.wall_ms,
            json.dumps(facts),
        ),
    )
