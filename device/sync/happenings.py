"""What goes out beside attempts and beginnings: a session's end, a question, what was deleted.

Called by `device.store.Store` inside the transaction that writes a record, as the triggers are.
"""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Callable
from typing import Any

from device.ids import IdSource
from device.store_rows import Asked, Forgotten, GivenUp, Recorded
from device.sync import voices
from device.teacher_voice import MEDIA
from dialog.ports import SessionEdge


class Reporter:
    """A `device.store.Companion`.

    Args:
        ids: Where the ids of ends come from; a question has its own.
        platform: Whether anybody may have heard of what is deleted. Nobody has to be told else.
    """

    def __init__(
        self, ids: IdSource | None = None, *, platform: Callable[[], bool] = lambda: True
    ) -> None:
        self._ids = ids or IdSource()
        self._platform = platform

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
            if record.what.voice is not None and self._platform():
                self._add_voice(db, record, record.what.voice)
        elif isinstance(record.what, Forgotten | GivenUp) and self._platform():
            given_up = isinstance(record.what, GivenUp)
            child = None if isinstance(record.what, GivenUp) else record.what.child
            facts = {"child": child} if child else {}
            if isinstance(record.what, Forgotten) and record.what.only_voice:
                facts = {"only": "voice"}
            # Not under the child's name: what goes out under that goes with the child.
            _add(db, record.id, "unpair" if given_up else "forget", record, facts, child=None)

    def _add_voice(self, db: sqlite3.Connection, record: Recorded, voice: bytes) -> None:
        """An event of its own: the question stands without it, and it can go alone."""
        data = base64.b64encode(voice).decode("ascii")
        facts = {"question": record.id, "media": MEDIA, "data": data}
        _add(db, str(self._ids.make()), "voice", record, facts)
        db.execute("INSERT OR IGNORE INTO sync_state VALUES (?, '1')", (voices.SENT,))


def _end(db: sqlite3.Connection, record: Recorded) -> dict[str, Any]:
    facts: dict[str, Any] = {"session": record.id}
    begun = db.execute("SELECT boot, mono_s FROM sessions WHERE id = ?", (record.id,)).fetchone()
    if begun is not None and begun[0] == record.boot:
        facts["duration_s"] = max(0.0, record.mono_s - begun[1])
    (facts["attempts"],) = db.execute(
        "SELECT count(*) FROM attempts WHERE session = ?", (record.id,)
    ).fetchone()
    return facts


_SAME = ""


def _add(
    db: sqlite3.Connection,
    event_id: str,
    kind: str,
    record: Recorded,
    facts: dict[str, Any],
    *,
    child: str | None = _SAME,
) -> None:
    db.execute("UPDATE outbox_series SET last = last + 1")
    db.execute(
        "INSERT INTO outbox (seq, id, kind, child, boot, mono_s, wall_ms, body)"
        " SELECT last, ?, ?, ?, ?, ?, ?, ? FROM outbox_series",
        (
            event_id,
            kind,
            record.child if child == _SAME else child,
            record.boot,
            record.mono_s,
            record.wall_ms,
            json.dumps(facts),
        ),
    )
