"""What the API answers: read from the store, seen through one family's eyes."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Engine, func, select, update
from sqlalchemy.sql import Select

from hub import leaving, tables, voices
from hub.access import Caller
from hub.database import now_ms

PAGE = 200
ANSWERED = '"http://adlnet.gov/expapi/verbs/answered"'


def _devices_of(caller: Caller) -> Select[Any]:
    devices = tables.devices
    chosen = select(devices.c.id)
    return chosen if caller.administrator else chosen.where(devices.c.family == caller.family)


def devices(engine: Engine, caller: Caller) -> list[dict[str, Any]]:
    """Speakers of the caller's family; all of them for the administrator."""
    table = tables.devices
    with engine.connect() as connection:
        rows = connection.execute(
            select(table).where(table.c.id.in_(_devices_of(caller))).order_by(table.c.id)
        ).all()
    return [
        {
            "id": row.id,
            "family": row.family,
            "seen_ms": row.seen_ms,
            "leaving": row.leaving_ms is not None,
            "state": json.loads(row.state),
            "desired": {"version": row.desired_version, "settings": json.loads(row.desired)},
            "reported": json.loads(row.reported),
        }
        for row in rows
    ]


def device(engine: Engine, caller: Caller, device_id: str) -> dict[str, Any] | None:
    """One speaker; None when there is none or it is not the caller's to see."""
    return next((each for each in devices(engine, caller) if each["id"] == device_id), None)


def children(engine: Engine, caller: Caller) -> list[dict[str, Any]]:
    """Pseudonyms of the children who practised on the caller's speakers."""
    table = tables.children
    with engine.connect() as connection:
        rows = connection.execute(
            select(table).where(table.c.device.in_(_devices_of(caller))).order_by(table.c.id)
        ).all()
    return [{"id": row.id, "device": row.device, "seen_ms": row.seen_ms} for row in rows]


def progress(
    engine: Engine, caller: Caller, child: str, after: str, limit: int
) -> list[dict[str, Any]]:
    """A child's statements in the order of happening, those after the statement `after`."""
    table = tables.events
    chosen = (
        select(table.c.id, table.c.seq, table.c.body, table.c.clock)
        .where(table.c.child == child, table.c.device.in_(_devices_of(caller)))
        .where(table.c.id > after)
        .order_by(table.c.id)
        .limit(limit)
    )
    with engine.connect() as connection:
        rows = connection.execute(chosen).all()
    return [{"seq": r.seq, "clock": r.clock, "statement": json.loads(r.body)} for r in rows]


def forget(engine: Engine, caller: Caller, child: str) -> list[str]:
    """Delete all that is stored about a child; returns the speakers that have to do the same."""
    kept = tables.children
    with engine.begin() as connection:
        speakers = list(
            connection.execute(
                select(kept.c.device).where(
                    kept.c.id == child, kept.c.device.in_(_devices_of(caller))
                )
            ).scalars()
        )
        for speaker in speakers:
            leaving.forget(engine, connection, speaker, child)
    return speakers


def questions(engine: Engine, caller: Caller) -> list[dict[str, Any]]:
    """Questions that wait for a teacher, oldest first."""
    table = tables.questions
    with engine.connect() as connection:
        rows = connection.execute(
            select(table)
            .where(table.c.answer.is_(None), table.c.device.in_(_devices_of(caller)))
            .order_by(table.c.id)
            .limit(PAGE)
        ).all()
        kept = tables.voices
        chosen = select(kept.c.device, kept.c.question)
        heard = {
            (row.device, row.question)
            for row in connection.execute(chosen.where(kept.c.device.in_(_devices_of(caller))))
        }
    return [
        {
            "id": r.id,
            "device": r.device,
            "child": r.child,
            "text": r.text,
            "asked": r.asked,
            "voice": (r.device, r.id) in heard,
        }
        for r in rows
    ]


def answer(engine: Engine, caller: Caller, question: str, text: str) -> tuple[str, str] | None:
    """Answer a question; returns speaker and child, None when it is not there to be answered."""
    table = tables.questions
    with engine.begin() as connection:
        row = connection.execute(
            update(table)
            .where(table.c.id == question, table.c.answer.is_(None))
            .where(table.c.device.in_(_devices_of(caller)))
            .values(answer=text, answered_ms=now_ms())
            .returning(table.c.device, table.c.child)
        ).first()
        if row is not None:
            voices.drop(connection, row.device, question=question)
    return None if row is None else (row.device, row.child)


def command(engine: Engine, caller: Caller, command_id: str) -> dict[str, Any] | None:
    """A command and what became of it."""
    table = tables.commands
    with engine.connect() as connection:
        row = connection.execute(
            select(table).where(table.c.id == command_id, table.c.device.in_(_devices_of(caller)))
        ).first()
    if row is None:
        return None
    return {
        "id": row.id,
        "device": row.device,
        "name": row.name,
        "status": row.status,
        "code": row.code,
        "detail": json.loads(row.detail),
    }


def packs(engine: Engine) -> list[dict[str, Any]]:
    """Lesson packs that can be pushed."""
    table = tables.packs
    with engine.connect() as connection:
        rows = connection.execute(select(table).order_by(table.c.id, table.c.version)).all()
    return [dict(row._mapping) for row in rows]


def summary(engine: Engine, caller: Caller, child: str) -> dict[str, int]:
    """How many answers a child gave, for the family's page."""
    table = tables.events
    with engine.connect() as connection:
        count = connection.execute(
            select(func.count())
            .select_from(table)
            .where(table.c.child == child, table.c.kind == "learning")
            .where(table.c.body.contains(ANSWERED))
            .where(table.c.device.in_(_devices_of(caller)))
        ).scalar_one()
    return {"answers": int(count)}
