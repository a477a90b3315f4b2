"""Events into the store: once each, whatever comes twice, late or broken."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, func, select, update

from contract.messages import BadMessage, check_event, parse
from hub import leaving, tables, voices
from hub.database import insert_new, now_ms, upsert

GAP_PATIENCE_MS = 5_000
"""Batches overtake each other between workers; only what is missing for longer is asked for."""
RANGES = 64
EVENTS = 500
ASKED = "http://adlnet.gov/expapi/verbs/asked"
Wish = tuple[dict[str, Any], dict[str, Any]]
"""The row and the event of something that a speaker asks to be deleted."""
_SERIES = re.compile(r"[0-9a-f]{32}")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(slots=True)
class Outcome:
    """What becomes of one batch; the body of its acknowledgement."""

    series: str = ""
    ids: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    missing: list[tuple[int, int]] = field(default_factory=list)

    def message(self) -> dict[str, Any]:
        """The acknowledgement as the contract has it, with the hub's time."""
        said: dict[str, Any] = {"time_ms": now_ms(), "ids": self.ids}
        if self.series:
            said["series"] = self.series
        if self.refused:
            said["refused"] = [{"id": each, "code": code} for each, code in self.refused]
        if self.missing:
            said["missing"] = [list(each) for each in self.missing]
        return said


def read_batch(payload: bytes) -> tuple[str, list[Any]]:
    """Series and events of a batch; the events are not looked at yet.

    Raises:
        BadMessage: It is no batch.
    """
    value = parse(payload)
    series, events = value.get("series"), value.get("events")
    if not isinstance(series, str) or not _SERIES.fullmatch(series):
        raise BadMessage("off_schema", "series")
    if not isinstance(events, list) or not 0 < len(events) <= EVENTS:
        raise BadMessage("off_schema", "events")
    return series, events


def store(
    engine: Engine, connection: Connection, device: str, series: str, received: Sequence[Any]
) -> Outcome:
    """Store a batch inside the caller's transaction; it may be acknowledged once that commits."""
    outcome = Outcome(series)
    at_ms = now_ms()
    if leaving.is_freed(connection, device):
        # It may not have heard yet that it is nobody's. What it lets go of is not kept.
        outcome.ids = [event["id"] for event in received if _is_event(event)]
        return outcome
    rows, questions, wishes, sounds = _sort(connection, device, outcome, received, at_ms)
    see(engine, connection, device, at_ms)
    if rows:
        fresh = _not_known_yet(connection, device, wishes)
        connection.execute(insert_new(engine, tables.events), rows)
        if questions:
            connection.execute(insert_new(engine, tables.questions), questions)
        voices.keep(engine, connection, sounds)
        for row, event in fresh:
            if event["kind"] == "unpair":
                leaving.free(connection, device)
                return outcome
            if event.get("only") == "voice":
                leaving.forget_voices(engine, connection, device, series=series, seq=row["seq"])
                continue
            child = event.get("child", leaving.EVERYBODY)
            leaving.forget(engine, connection, device, child, series=series, seq=row["seq"])
        for child in _still_there(connection, device, rows) if fresh else _children(rows):
            connection.execute(
                upsert(
                    engine,
                    tables.children,
                    ("id", "device"),
                    {"id": child, "device": device, "seen_ms": at_ms},
                )
            )
    outcome.missing = gaps(engine, connection, device, series, at_ms)
    return outcome


def see_state(engine: Engine, device: str, state: dict[str, Any]) -> Outcome:
    """Note a birth, a change or a will; returns the greeting for a birth."""
    at_ms = now_ms()
    series, last = state.get("series", ""), state.get("last_seq", 0)
    outcome = Outcome(series)
    with engine.begin() as connection:
        if leaving.is_freed(connection, device):
            return outcome
        see(engine, connection, device, at_ms)
        connection.execute(
            update(tables.devices)
            .where(tables.devices.c.id == device)
            .values(state=json.dumps(state))
        )
        if state["status"] == "online":
            # A broker keeps nothing for a speaker that it has not met: what waits goes (again).
            connection.execute(
                update(tables.commands)
                .where(tables.commands.c.device == device, tables.commands.c.status == "waiting")
                .values(sent_ms=None)
            )
        if series and state["status"] == "online":
            # What waits at the speaker comes by itself: only what it has let go is missed.
            outcome.missing = gaps(
                engine,
                connection,
                device,
                series,
                at_ms,
                last=last if state.get("waiting") == 0 else 0,
            )
    return outcome


def see_reported(engine: Engine, device: str, reported: dict[str, Any]) -> None:
    """Note what settings hold on a speaker; one that lags behind is told again what is wanted."""
    with engine.begin() as connection:
        if leaving.is_freed(connection, device):
            return
        see(engine, connection, device, now_ms())
        connection.execute(
            update(tables.devices)
            .where(tables.devices.c.id == device)
            .values(reported=json.dumps(reported))
        )
        connection.execute(
            update(tables.devices)
            .where(tables.devices.c.id == device)
            .where(tables.devices.c.desired_version > reported["version"])
            .values(desired_sent=0)
        )


def see_reply(engine: Engine, device: str, reply: dict[str, Any]) -> None:
    """Note what became of a command; a replay says nothing new of one that is over."""
    if reply["id"] is None:
        return
    table = tables.commands
    with engine.begin() as connection:
        connection.execute(
            update(table)
            .where(table.c.id == reply["id"], table.c.device == device)
            .where(table.c.status.in_(("waiting", "accepted")))
            .values(
                status=reply["status"],
                code=reply["code"],
                detail=json.dumps(reply.get("detail", {})),
            )
        )
        leaving.heard(connection, device, reply)


def gaps(
    engine: Engine, connection: Connection, device: str, series: str, at_ms: int, *, last: int = 0
) -> list[tuple[int, int]]:
    """Move the mark up to which nothing is missing, and say what has been missing for too long.

    Args:
        last: The highest number that the speaker has let go of, where it said so.
    """
    streams, events = tables.streams, tables.events
    known = connection.execute(
        select(streams.c.contiguous, streams.c.gap_since_ms).where(
            streams.c.device == device, streams.c.series == series
        )
    ).first()
    contiguous, since_ms = (0, None) if known is None else known
    above = connection.execute(
        select(events.c.seq)
        .where(events.c.device == device, events.c.series == series, events.c.seq > contiguous)
        .order_by(events.c.seq)
        .limit(5 * EVENTS)
    ).scalars()
    ranges: list[tuple[int, int]] = []
    reached = contiguous
    for seq in above:
        if seq > reached + 1:
            ranges.append((reached + 1, seq - 1))
        elif not ranges:
            contiguous = seq
        reached = max(reached, seq)
    if last > reached:
        ranges.append((reached + 1, last))
    since_ms = (since_ms or at_ms) if ranges else None
    connection.execute(
        upsert(
            engine,
            streams,
            ("device", "series"),
            {
                "device": device,
                "series": series,
                "contiguous": contiguous,
                "gap_since_ms": since_ms,
            },
        )
    )
    if since_ms is None or at_ms - since_ms < GAP_PATIENCE_MS:
        return []
    return ranges[:RANGES]


def missing_now(connection: Connection) -> int:
    """How many streams have gaps; for the hub's health."""
    return int(
        connection.execute(
            select(func.count())
            .select_from(tables.streams)
            .where(tables.streams.c.gap_since_ms.is_not(None))
        ).scalar_one()
    )


def see(engine: Engine, connection: Connection, device: str, at_ms: int) -> None:
    """Note that a speaker was heard of; the first time makes its row."""
    seen = connection.execute(
        update(tables.devices).where(tables.devices.c.id == device).values(seen_ms=at_ms)
    )
    if seen.rowcount == 0:
        connection.execute(
            insert_new(engine, tables.devices),
            [
                {
                    "id": device,
                    "seen_ms": at_ms,
                    "state": "{}",
                    "reported": "{}",
                    "desired": "{}",
                    "desired_version": 0,
                    "desired_sent": 0,
                }
            ],
        )


def _row(device: str, series: str, event: dict[str, Any], at_ms: int) -> dict[str, Any]:
    statement = event.get("statement")
    return {
        "device": device,
        "id": event["id"],
        "series": series,
        "seq": event["seq"],
        "kind": event["kind"],
        "child": statement["actor"]["account"]["name"] if statement else event.get("child"),
        "boot": event["boot"],
        "mono_s": float(event["mono_s"]),
        "clock": event["clock"],
        "happened": statement["timestamp"] if statement else event.get("at", ""),
        "stored_ms": at_ms,
        "body": json.dumps(statement or event.get("values", {}), ensure_ascii=False),
    }


def _sort(
    connection: Connection, device: str, outcome: Outcome, received: Sequence[Any], at_ms: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[Wish], list[dict[str, Any]]]:
    """Rows of the good events, the questions among them, what they ask to be deleted, sounds."""
    rows: list[dict[str, Any]] = []
    questions: list[dict[str, Any]] = []
    sounds: list[dict[str, Any]] = []
    wishes: list[Wish] = []
    gone = leaving.gone(connection, device)
    for event in received:
        try:
            check_event(event)
            sound = voices.row_of(device, event, at_ms) if event["kind"] == "voice" else None
        except BadMessage as bad:
            _set_aside(connection, device, event, bad.kind, outcome)
            continue
        row = _row(device, outcome.series, event, at_ms)
        if _is_gone(row, gone):
            row |= {"kind": "dropped", "child": None, "happened": "", "body": "{}"}
        elif row["kind"] == "learning" and event["statement"]["verb"]["id"] == ASKED:
            questions.append(_question(device, row, event["statement"]))
        elif row["kind"] in ("forget", "unpair"):
            wishes.append((row, event))
            row["child"] = None
        elif sound is not None:
            sounds.append(sound)
        rows.append(row)
        outcome.ids.append(row["id"])
    return rows, questions, wishes, sounds


def _children(rows: Sequence[dict[str, Any]]) -> list[str]:
    return sorted({row["child"] for row in rows if row["child"]})


def _still_there(connection: Connection, device: str, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Children of rows that were not deleted by one of their own batch."""
    table = tables.events
    chosen = select(table.c.child).distinct().order_by(table.c.child)
    mine = (table.c.device == device) & table.c.child.is_not(None)
    ids = [row["id"] for row in rows]
    return list(connection.execute(chosen.where(mine, table.c.id.in_(ids))).scalars())


def _is_event(event: object) -> bool:
    event_id = event.get("id") if isinstance(event, dict) else None
    return isinstance(event_id, str) and _ID.fullmatch(event_id) is not None


def _is_gone(row: dict[str, Any], gone: Sequence[tuple[str, str, int]]) -> bool:
    """Whether an event is about a child that was deleted while the event was on its way."""
    if row["kind"] not in ("learning", "telemetry", "voice"):
        return False
    return any(
        (row["series"] == series and row["seq"] < seq)
        if child == leaving.EVERYBODY or (child == leaving.VOICES and row["kind"] == "voice")
        else row["child"] == child
        for child, series, seq in gone
    )


def _not_known_yet(connection: Connection, device: str, wishes: Sequence[Wish]) -> list[Wish]:
    """Those that come for the first time: what was deleted once is not deleted by a repetition."""
    if not wishes:
        return []
    table = tables.events
    known = set(
        connection.execute(
            select(table.c.id).where(
                table.c.device == device, table.c.id.in_([row["id"] for row, _ in wishes])
            )
        ).scalars()
    )
    return [each for each in wishes if each[0]["id"] not in known]


def _question(device: str, row: dict[str, Any], statement: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "device": device,
        "child": row["child"],
        "text": statement.get("result", {}).get("response", ""),
        "asked": row["happened"],
    }


def _set_aside(
    connection: Connection, device: str, event: object, code: str, outcome: Outcome
) -> None:
    event_id = event.get("id") if isinstance(event, dict) else None
    known = event_id if isinstance(event_id, str) and _ID.fullmatch(event_id) else None
    connection.execute(
        tables.quarantine.insert().values(
            device=device,
            event=known,
            code=code,
            body=json.dumps(event),
            at_ms=now_ms(),
        )
    )
    if known is not None:
        outcome.refused.append((known, code))
