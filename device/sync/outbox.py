"""What waits for the platform: read in batches, removed when the platform says that it has it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract.messages import encode
from device.sync.statements import statement
from device.sync.timing import Anchors, rfc3339


@dataclass(frozen=True, slots=True)
class Batch:
    """One message's worth of events.

    Attributes:
        payload: As it goes over the line.
        first: Seq of the first event.
        last: Seq of the last one.
        count: How many there are.
    """

    payload: bytes
    first: int
    last: int
    count: int


class Outbox:
    """The outbox tables of the progress file, over a connection of the sync thread's own.

    Args:
        db: In autocommit mode, with the outbox's tables.
        anchors: Date what happened.
        iri_base: See `device.sync.statements.statement`.
    """

    def __init__(self, db: sqlite3.Connection, anchors: Anchors, *, iri_base: str) -> None:
        self._db = db
        # What has gone is overwritten: the sound of a question may have been among it.
        db.execute("PRAGMA secure_delete = ON")
        self._anchors = anchors
        self._iri_base = iri_base
        (self.series,) = db.execute("SELECT series FROM outbox_series").fetchone()

    def last_seq(self) -> int:
        """The highest number given out."""
        (last,) = self._db.execute("SELECT last FROM outbox_series").fetchone()
        return int(last)

    def waiting(self) -> int:
        """Events that the platform has not acknowledged."""
        return self._count("refused IS NULL")

    def refused(self) -> int:
        """Events that the platform will not take; kept, not sent again."""
        return self._count("refused IS NOT NULL")

    def next_batch(
        self, after: int, *, events: int, size_bytes: int, until: int = 0
    ) -> Batch | None:
        """The oldest events with a seq above `after` (and up to `until`, where given).

        At least one, at most `events`, and no more than fit into `size_bytes` together.
        """
        rows = self._db.execute(
            "SELECT seq, id, kind, child, boot, mono_s, wall_ms, body FROM outbox"
            " WHERE seq > ? AND (? = 0 OR seq <= ?) AND refused IS NULL ORDER BY seq LIMIT ?",
            (after, until, until, events),
        ).fetchall()
        pieces: list[bytes] = []
        length = 0
        for row in rows:
            piece = encode(self._event(row))
            if pieces and length + len(piece) + 1 > size_bytes:
                break
            pieces.append(piece)
            length += len(piece) + 1
        if not pieces:
            return None
        # Joined by hand, so that each event is turned into JSON once.
        payload = b'{"series":"%s","events":[%s]}' % (self.series.encode(), b",".join(pieces))
        return Batch(payload, rows[0][0], rows[len(pieces) - 1][0], len(pieces))

    def acknowledge(self, ids: Sequence[str]) -> int:
        """Remove what the platform has stored; returns how many there were."""
        return self._many("DELETE FROM outbox WHERE id = ?", [(each,) for each in ids])

    def set_aside(self, refused: Iterable[tuple[str, str]]) -> int:
        """Keep what the platform will never take, with its code; returns how many there were."""
        return self._many(
            "UPDATE outbox SET refused = ? WHERE id = ?", [(code, each) for each, code in refused]
        )

    def add_telemetry(
        self, event_id: str, boot: str, mono_s: float, wall_ms: int, values: Mapping[str, Any]
    ) -> None:
        """Add counters of the speaker."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("UPDATE outbox_series SET last = last + 1")
            self._db.execute(
                "INSERT INTO outbox (seq, id, kind, boot, mono_s, wall_ms, body)"
                " SELECT last, ?, 'telemetry', ?, ?, ?, ? FROM outbox_series",
                (event_id, boot, mono_s, wall_ms, json.dumps(values)),
            )

    def trim(self, limit: int) -> int:
        """Let old telemetry go while more than `limit` events wait; learning events never do.

        A number that was given out stays, as an event that says it was dropped: the platform sees
        no gap. Returns how many went.
        """
        over = self._count("kind != 'dropped'") - limit
        if over <= 0:
            return 0
        return self._db.execute(
            "UPDATE outbox SET kind = 'dropped', body = '{}' WHERE seq IN"
            " (SELECT seq FROM outbox WHERE kind = 'telemetry' ORDER BY seq LIMIT ?)",
            (over,),
        ).rowcount

    def _event(self, row: tuple[Any, ...]) -> dict[str, Any]:
        seq, event_id, kind, child, boot, mono_s, wall_ms, body = row
        dated = self._anchors.date(boot, mono_s, wall_ms)
        head = {"seq": seq, "id": event_id, "boot": boot, "mono_s": mono_s, "clock": dated.clock}
        if kind == "dropped":
            return {**head, "kind": "dropped"}
        facts = json.loads(body)
        if kind == "voice":
            return {**head, "kind": kind, "child": child, **facts}
        if kind in ("forget", "unpair"):
            return {**head, "kind": kind, **facts}
        if kind == "telemetry":
            return {**head, "kind": kind, "at": rfc3339(dated.wall_ms), "values": facts}
        said = statement(kind, event_id, child, dated.wall_ms, facts, iri_base=self._iri_base)
        return {**head, "kind": "learning", "statement": said}

    def _count(self, where: str) -> int:
        # Constants of this module, nothing from outside.
        (count,) = self._db.execute(f"SELECT count(*) FROM outbox WHERE {where}").fetchone()  # noqa: S608
        return int(count)

    def _many(self, what: str, values: list[tuple[str, ...]]) -> int:
        if not values:
            return 0
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            return self._db.executemany(what, values).rowcount
