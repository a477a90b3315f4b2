"""Sounds of questions: taken in, heard by who may see the question, and gone with its answer."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from sqlalchemy import Connection, Engine, delete, select

from contract.messages import BadMessage
from hub import tables
from hub.access import Caller
from hub.database import insert_new, now_ms

KEPT_MS = 30 * 24 * 3600 * 1000
"""A question that nobody has answered by then stands without its sound."""


def row_of(device: str, event: dict[str, Any], at_ms: int) -> dict[str, Any]:
    """The row of a ``voice`` event.

    Raises:
        BadMessage: What it holds is no base64.
    """
    try:
        sound = base64.b64decode(event["data"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadMessage("off_schema", "data") from error
    return {
        "device": device,
        "question": event["question"],
        "child": event["child"],
        "media": event["media"],
        "sound": sound,
        "stored_ms": at_ms,
    }


def keep(engine: Engine, connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Keep sounds whose questions wait for an answer; one that was answered needs none."""
    questions = tables.questions
    for row in rows:
        answered = connection.execute(
            select(questions.c.answer).where(
                questions.c.device == row["device"], questions.c.id == row["question"]
            )
        ).scalar()
        if answered is None:
            connection.execute(insert_new(engine, tables.voices), [row])


def of(engine: Engine, caller: Caller, question: str) -> tuple[str, bytes] | None:
    """Media type and sound of a question of the caller's family; None where there is none."""
    table, devices = tables.voices, tables.devices
    chosen = select(table.c.media, table.c.sound).where(table.c.question == question)
    if not caller.administrator:
        own = select(devices.c.id).where(devices.c.family == caller.family)
        chosen = chosen.where(table.c.device.in_(own))
    with engine.connect() as connection:
        row = connection.execute(chosen).first()
    return None if row is None else (row.media, bytes(row.sound))


def drop(
    connection: Connection, device: str, *, child: str | None = None, question: str | None = None
) -> None:
    """Delete a speaker's sounds: all, those of a child, or that of a question."""
    table = tables.voices
    which = table.c.device == device
    if child is not None:
        which &= table.c.child == child
    if question is not None:
        which &= table.c.question == question
    connection.execute(delete(table).where(which))


def drop_old(engine: Engine) -> None:
    """Delete what has been kept for too long."""
    with engine.begin() as connection:
        old = tables.voices.c.stored_ms < now_ms() - KEPT_MS
        connection.execute(delete(tables.voices).where(old))
