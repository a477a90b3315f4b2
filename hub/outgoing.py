"""What waits for speakers: commands and desired settings, from the store to the broker.

The API only writes rows; whichever worker sees them first sends them. Two workers may send one
command: the speaker knows its id and carries it out once.
"""

from __future__ import annotations

import json
import secrets
import uuid
from typing import Any

from sqlalchemy import Connection, Engine, select, update

from contract.messages import check, encode
from contract.topics import Channel, topic
from hub import tables
from hub.database import now_ms

TOGETHER = 100
RESEND_MS = 60_000
"""A command without a reply goes again after this: the worker may have died before it was out."""
Outgoing = tuple[str, bytes, int | None, bool]
"""Topic, payload, expiry in seconds (None: never), retained."""


def uuid7() -> str:
    """A UUID of version 7 (RFC 9562, section 5.7), random but for its time."""
    value = now_ms() << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62
    return str(uuid.UUID(int=value | secrets.randbits(62)))


def order(
    engine: Engine, device: str, name: str, args: dict[str, Any], within_s: int
) -> dict[str, Any]:
    """Have a speaker do something within `within_s` seconds; returns the command.

    Raises:
        BadMessage: Name or args break the contract.
    """
    created_ms = now_ms()
    command = {
        "id": uuid7(),
        "name": name,
        "deadline_ms": created_ms + within_s * 1000,
        "args": args,
    }
    check(Channel.COMMANDS, command)
    with engine.begin() as connection:
        connection.execute(
            tables.commands.insert().values(
                id=command["id"],
                device=device,
                name=name,
                args=json.dumps(args),
                created_ms=created_ms,
                deadline_ms=command["deadline_ms"],
                status="waiting",
                code="waiting",
                detail="{}",
            )
        )
    return command


def desire(engine: Engine, device: str, settings: dict[str, Any]) -> int:
    """Set what a speaker should be set to, as a whole; returns the version.

    Raises:
        BadMessage: The settings break the contract.
    """
    with engine.begin() as connection:
        return wish(connection, device, settings)


def wish(connection: Connection, device: str, settings: dict[str, Any]) -> int:
    """The same inside the caller's transaction."""
    devices = tables.devices
    check(Channel.DESIRED, {"version": 1, "settings": settings})
    version = connection.execute(
        update(devices)
        .where(devices.c.id == device)
        .values(desired=json.dumps(settings), desired_version=devices.c.desired_version + 1)
        .returning(devices.c.desired_version)
    ).scalar_one()
    return int(version)


def due(engine: Engine) -> list[Outgoing]:
    """Take what has to be sent now; it counts as sent."""
    at_ms = now_ms()
    commands, devices = tables.commands, tables.devices
    waiting = (
        select(commands)
        .where(commands.c.status == "waiting", commands.c.deadline_ms > at_ms)
        .where(commands.c.sent_ms.is_(None) | (commands.c.sent_ms < at_ms - RESEND_MS))
        .order_by(commands.c.created_ms)
        .limit(TOGETHER)
    )
    unsent = select(devices).where(devices.c.desired_sent < devices.c.desired_version)
    with engine.connect() as connection:  # reading alone does not stop other workers
        if not any(connection.execute(each.limit(1)).first() for each in (waiting, unsent)):
            return []
    said: list[Outgoing] = []
    with engine.begin() as connection:
        for row in connection.execute(waiting).all():
            connection.execute(
                update(commands).where(commands.c.id == row.id).values(sent_ms=at_ms)
            )
            message = {
                "id": row.id,
                "name": row.name,
                "deadline_ms": row.deadline_ms,
                "args": json.loads(row.args),
            }
            expiry_s = max(1, (row.deadline_ms - at_ms) // 1000)
            said.append((topic(row.device, Channel.COMMANDS), encode(message), expiry_s, False))
        for row in connection.execute(unsent.limit(TOGETHER)).all():
            connection.execute(
                update(devices)
                .where(devices.c.id == row.id, devices.c.desired_sent < row.desired_version)
                .values(desired_sent=row.desired_version)
            )
            wanted = {"version": row.desired_version, "settings": json.loads(row.desired)}
            said.append((topic(row.id, Channel.DESIRED), encode(wanted), None, True))
    return said
