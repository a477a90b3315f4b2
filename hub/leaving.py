"""What goes when a family deletes, or when a speaker leaves it: in one transaction, for good."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, delete, select, update

from hub import outgoing, tables, voices
from hub.database import now_ms, upsert

EVERYBODY = "*"
VOICES = "voices"
"""Stands for a child where nothing but sounds of questions is not to be taken in any more."""
PATIENCE_MS = 7 * 24 * 3600 * 1000
"""A speaker that was asked to leave and does not answer for so long has left."""


def forget(
    engine: Engine,
    connection: Connection,
    device: str,
    child: str,
    *,
    series: str = "",
    seq: int = 0,
) -> None:
    """Delete all there is about a child of a speaker, and what is still on its way.

    Args:
        child: Its pseudonym; `EVERYBODY` for all of the speaker's.
        series: The speaker's count that `seq` is of; empty where the hub itself began.
        seq: Everybody's events of the series below it are not taken in any more.
    """
    events, questions, children = tables.events, tables.questions, tables.children
    everybody = child == EVERYBODY
    mine = events.c.device == device
    about = events.c.child == child
    if everybody:
        about = events.c.kind.in_(("learning", "telemetry", "voice"))
        about &= (events.c.series != series) | (events.c.seq < seq)
    chosen = mine & about
    # The rows stay as numbers without content, or the count would have gaps.
    connection.execute(
        update(events).where(chosen).values(kind="dropped", child=None, happened="", body="{}")
    )
    for table, column in ((questions, questions.c.child), (children, children.c.id)):
        which = table.c.device == device
        connection.execute(delete(table).where(which if everybody else which & (column == child)))
    voices.drop(connection, device, child=None if everybody else child)
    commands = tables.commands
    answers = (commands.c.device == device) & (commands.c.name == "answer")
    connection.execute(
        delete(commands).where(answers if everybody else answers & commands.c.args.contains(child))
    )
    # What was set aside may be about anybody.
    connection.execute(delete(tables.quarantine).where(tables.quarantine.c.device == device))
    connection.execute(
        upsert(
            engine,
            tables.forgotten,
            ("device", "child", "series"),
            {"device": device, "child": child, "series": series, "seq": seq, "at_ms": now_ms()},
        )
    )


def forget_voices(
    engine: Engine, connection: Connection, device: str, *, series: str, seq: int
) -> None:
    """Delete how a speaker's questions sounded, and what of it is still on its way."""
    voices.drop(connection, device)
    connection.execute(
        upsert(
            engine,
            tables.forgotten,
            ("device", "child", "series"),
            {"device": device, "child": VOICES, "series": series, "seq": seq, "at_ms": now_ms()},
        )
    )


def gone(connection: Connection, device: str) -> list[tuple[str, str, int]]:
    """What of a speaker is not to be taken in any more: child, series, below which number."""
    table = tables.forgotten
    rows = connection.execute(
        select(table.c.child, table.c.series, table.c.seq).where(table.c.device == device)
    )
    return [(row.child, row.series, row.seq) for row in rows]


def is_freed(connection: Connection, device: str) -> bool:
    """Whether a speaker has left its family and belongs to nobody."""
    table = tables.devices
    freed = select(table.c.freed_ms).where(table.c.id == device)
    return connection.execute(freed).scalar() is not None


def free(connection: Connection, device: str) -> None:
    """A speaker belongs to nobody: its certificates are worth nothing, its family's data go."""
    at_ms = now_ms()
    connection.execute(
        update(tables.certificates)
        .where(tables.certificates.c.device == device, tables.certificates.c.revoked_ms.is_(None))
        .values(revoked_ms=at_ms)
    )
    for table in (
        *(tables.events, tables.streams, tables.children, tables.questions),
        *(tables.quarantine, tables.commands, tables.forgotten, tables.voices),
    ):
        connection.execute(delete(table).where(table.c.device == device))
    connection.execute(
        update(tables.devices)
        .where(tables.devices.c.id == device)
        .values(
            family=None,
            state="{}",
            reported="{}",
            desired="{}",
            desired_version=0,
            desired_sent=0,
            leaving_ms=None,
            freed_ms=at_ms,
        )
    )


def ask_to_leave(engine: Engine, device: str, family: str, *, lost: bool) -> bool:
    """Have a speaker wipe what is its family's and leave; returns whether it is the family's.

    Args:
        lost: Nobody waits for it: it is refused from now on.
    """
    table = tables.devices
    with engine.begin() as connection:
        changed = connection.execute(
            update(table)
            .where(table.c.id == device, table.c.family == family)
            .values(leaving_ms=now_ms())
        )
        if changed.rowcount == 0:
            return False
        if lost:
            free(connection, device)
            return True
    outgoing.order(engine, device, "unpair", {}, PATIENCE_MS // 1000)
    return True


def heard(connection: Connection, device: str, reply: dict[str, Any]) -> None:
    """A speaker has answered a command: one that has left is free."""
    if reply["name"] == "unpair" and reply["status"] == "done":
        table = tables.commands
        asked = connection.execute(
            select(table.c.id).where(
                table.c.id == reply["id"], table.c.device == device, table.c.name == "unpair"
            )
        ).first()
        if asked is not None:
            free(connection, device)


def overdue(engine: Engine) -> None:
    """Free those that were asked to leave and have not answered for long."""
    table = tables.devices
    late = table.c.leaving_ms < now_ms() - PATIENCE_MS
    with engine.connect() as connection:
        devices = list(connection.execute(select(table.c.id).where(late)).scalars())
    for device in devices:
        with engine.begin() as connection:
            free(connection, device)


def standing(engine: Engine, device: str, fingerprint: str) -> str:
    """What became of a speaker's certificate, told to whoever knows its fingerprint.

    Returns:
        ``paired``, ``revoked``, or ``unknown`` for one that was not issued here.
    """
    table = tables.certificates
    with engine.connect() as connection:
        row = connection.execute(
            select(table.c.revoked_ms).where(
                table.c.device == device, table.c.fingerprint == fingerprint
            )
        ).first()
    if row is None:
        return "unknown"
    return "paired" if row.revoked_ms is None else "revoked"
