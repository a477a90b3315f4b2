"""Speakers that want to be paired: from their first word to their certificate.

A grant (RFC 8628) is bound to the speaker's public key from the beginning: whoever gets hold of a
code or a token cannot have a certificate made for another key.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, select, update

from hub import guesses, tables
from hub.access import digest_of
from hub.certificates import Authority, Issued
from hub.database import now_ms
from hub.ingest import see
from hub.outgoing import wish

OF_ONE_ADDRESS = 10
"""Codes alive for one network address."""
TOKEN_LIFE_S = 600
SLOWER_S = 5
KEPT_MS = 3_600_000
"""A grant's row goes an hour after its code has expired."""
PROVISIONAL = re.compile(r"myna-k[0-9a-f]{20}")
APPROVED, DENIED, TAKEN = "approved", "denied", "taken"
HEX_DIGEST = re.compile(r"[0-9a-f]{64}")


class TooMany(Exception):
    """More speakers want to be paired at this moment than codes may be alive."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A speaker that asks to be paired.

    Attributes:
        device: Its id.
        key: SHA-256 of its public key, hexadecimal.
        genuine: The factory has vouched for it.
        address: Where it asked from.
    """

    device: str
    key: str
    genuine: bool
    address: str


def provisional_id(key: str) -> str:
    """The id of a speaker that no factory named: made of its key, so that nobody else can bear it.

    Args:
        key: SHA-256 of its public key, hexadecimal.
    """
    return f"myna-k{key[:20]}"


def begin(engine: Engine, asking: Asking, data: dict[str, Any], client: str) -> None:
    """Keep a grant; an earlier one of the same speaker and key that nobody decided on goes.

    Args:
        data: What the speaker is answered: ``device_code``, ``user_code``, ``interval``.

    Raises:
        TooMany: Too many codes are alive.
    """
    at_ms = now_ms()
    table = tables.grants
    with engine.begin() as connection:
        connection.execute(
            delete(table).where(
                table.c.device == asking.device, table.c.key == asking.key, table.c.decision == ""
            )
        )
        alive = select(func.count()).select_from(table).where(table.c.expires_ms >= at_ms)
        alive = alive.where(table.c.certificate == "")
        if (
            connection.execute(alive).scalar_one() >= guesses.ALIVE_AT_MOST
            or connection.execute(alive.where(table.c.address == asking.address)).scalar_one()
            >= OF_ONE_ADDRESS
        ):
            raise TooMany
        connection.execute(
            table.insert().values(
                id=str(uuid.uuid4()),
                device_digest=digest_of(data["device_code"]),
                user_code=data["user_code"],
                client=client,
                address=asking.address,
                device=asking.device,
                key=asking.key,
                genuine=int(asking.genuine),
                expires_ms=at_ms + guesses.LIFE_S * 1000,
                interval_s=data["interval"],
                polled_ms=0,
                decision="",
                wishes="{}",
                certificate="",
            )
        )


def purge(engine: Engine) -> None:
    """Let go of pairings that are over, and with them of the nicknames that were handed on."""
    table = tables.grants
    with engine.begin() as connection:
        connection.execute(delete(table).where(table.c.expires_ms < now_ms() - KEPT_MS))


def by_device_code(engine: Engine, code: str) -> dict[str, Any] | None:
    """A grant by the secret that its speaker polls with."""
    table = tables.grants
    with engine.connect() as connection:
        row = connection.execute(
            select(table).where(table.c.device_digest == digest_of(code))
        ).first()
    return None if row is None else dict(row._mapping)


def polled(engine: Engine, grant: dict[str, Any]) -> bool:
    """Note that a speaker asked; returns whether it asks too often and has to be slower."""
    at_ms = now_ms()
    too_soon = bool(at_ms - grant["polled_ms"] < grant["interval_s"] * 1000)
    slower = SLOWER_S if too_soon else 0
    table = tables.grants
    with engine.begin() as connection:
        connection.execute(
            update(table)
            .where(table.c.id == grant["id"])
            .values(polled_ms=at_ms, interval_s=table.c.interval_s + slower)
        )
    return too_soon


def keep_token(engine: Engine, grant: str, token: str) -> None:
    """A speaker got an access token; an earlier one of the same grant is worth nothing now."""
    table = tables.grants
    with engine.begin() as connection:
        connection.execute(
            update(table)
            .where(table.c.id == grant)
            .values(token=digest_of(token), token_expires_ms=now_ms() + TOKEN_LIFE_S * 1000)
        )


def by_token(engine: Engine, token: str) -> dict[str, Any] | None:
    """The grant of an access token that is still good."""
    table = tables.grants
    with engine.connect() as connection:
        row = connection.execute(
            select(table)
            .where(table.c.token == digest_of(token), table.c.token_expires_ms >= now_ms())
            .where(table.c.decision == APPROVED)
        ).first()
    return None if row is None else dict(row._mapping)


def by_user_code(engine: Engine, family: str, said: str) -> dict[str, Any] | bool | None:
    """The undecided grant that a parent typed the code of.

    Returns:
        The grant; None where there is none, which counts; False while the family is locked out.
    """
    table = tables.grants
    with engine.begin() as connection:
        if guesses.locked(connection, family):
            return False
        row = connection.execute(
            select(table)
            .where(table.c.user_code == guesses.plain(said), table.c.expires_ms >= now_ms())
            .where(table.c.decision == "")
        ).first()
        if row is None:
            return False if guesses.wrong(engine, connection, family) else None
        guesses.right(connection, family)
    return dict(row._mapping)


def undecided(engine: Engine, grant: str) -> dict[str, Any] | None:
    """A grant that nobody has decided on, by its id, which only who typed its code knows."""
    table = tables.grants
    with engine.connect() as connection:
        row = connection.execute(
            select(table).where(table.c.id == grant, table.c.decision == "")
        ).first()
    return None if row is None else dict(row._mapping)


def decide(
    engine: Engine, grant: str, family: str, parent: str | None, wishes: dict[str, Any] | None
) -> str:
    """A parent's yes or no; returns what became of it, empty where it came too late.

    Args:
        wishes: Nicknames and settings; None is a no.
    """
    table = tables.grants
    with engine.begin() as connection:
        row = connection.execute(
            select(table)
            .where(table.c.id == grant, table.c.decision == "", table.c.expires_ms >= now_ms())
            .with_for_update()
        ).first()
        if row is None:
            return ""
        decision = DENIED if wishes is None else APPROVED
        if wishes is not None and owner(connection, row.device) not in (None, family):
            decision = TAKEN
        connection.execute(
            update(table)
            .where(table.c.id == grant)
            .values(
                decision=decision,
                family=family,
                parent=parent,
                wishes=json.dumps(wishes or {}, ensure_ascii=False),
            )
        )
    return decision


def standing(engine: Engine, grant: str, family: str) -> str | None:
    """How it stands with a grant that a family decided on; None for another's.

    Returns:
        ``approved``, ``denied``, ``taken``, ``expired`` or ``paired``.
    """
    table = tables.grants
    with engine.connect() as connection:
        row = connection.execute(
            select(table).where(table.c.id == grant, table.c.family == family)
        ).first()
    if row is None:
        return None
    if row.certificate:
        return "paired"
    last_ms = max(row.expires_ms, row.token_expires_ms or 0)
    return "expired" if row.decision == APPROVED and last_ms < now_ms() else str(row.decision)


def issue(engine: Engine, authority: Authority, grant: dict[str, Any], request: str) -> str | None:
    """The certificate of a grant, made once; None when the speaker is somebody else's by now.

    Raises:
        BadRequest: The request cannot be signed.
    """
    table = tables.grants
    with engine.begin() as connection:
        there = connection.execute(
            select(table.c.certificate).where(table.c.id == grant["id"]).with_for_update()
        ).scalar()
        if there:
            return str(there)
        if owner(connection, grant["device"]) not in (None, grant["family"]):
            return None
        made = authority.certify(request, grant["device"], grant["key"])
        connection.execute(
            update(table).where(table.c.id == grant["id"]).values(certificate=made.pem)
        )
        _belong(engine, connection, grant, made)
    return made.pem


def owner(connection: Connection, device: str) -> str | None:
    """The family that a speaker belongs to."""
    table = tables.devices
    return connection.execute(select(table.c.family).where(table.c.id == device)).scalar()


def _belong(engine: Engine, connection: Connection, grant: dict[str, Any], made: Issued) -> None:
    at_ms = now_ms()
    device = grant["device"]
    see(engine, connection, device, at_ms)
    connection.execute(
        update(tables.devices)
        .where(tables.devices.c.id == device)
        .values(family=grant["family"], freed_ms=None, leaving_ms=None)
    )
    table = tables.certificates
    connection.execute(
        update(table)
        .where(table.c.device == device, table.c.revoked_ms.is_(None))
        .values(revoked_ms=at_ms)
    )
    connection.execute(
        table.insert().values(
            serial=made.serial, device=device, fingerprint=made.fingerprint, issued_ms=at_ms
        )
    )
    settings = json.loads(grant["wishes"]).get("settings", {})
    if settings:
        wish(connection, device, settings)
