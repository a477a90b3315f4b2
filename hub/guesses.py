"""How often a code may be typed wrong, and what blind guessing comes to.

A code has 8 letters and digits out of 19 that are told apart by ear and eye, in English and in
Chinese. A family that is wrong 5 times is locked out for 10 minutes; when all families together
have been wrong 75 times within 10 minutes, nobody may try until these are over. At most 100 codes
are alive at one time. Within the 10 minutes of a code's life, which may touch two such windows,
blind guessing hits any of them with less than one in a million (``BLIND_GUESS``).
"""

from __future__ import annotations

import secrets

from sqlalchemy import Connection, Engine, select

from hub import tables
from hub.database import now_ms, upsert

ALPHABET = "2345678FHJKLMPQRWXY"
"""Without 0 O, 1 I, 9 (like 5 in English, like 6 in Chinese), and letters that rhyme with P."""
LENGTH = 8
LIFE_S = 600
WINDOW_MS = 600_000
TRIES_OF_ONE = 5
TRIES_OF_ALL = 75
ALIVE_AT_MOST = 100
BLIND_GUESS = 2 * TRIES_OF_ALL * ALIVE_AT_MOST / len(ALPHABET) ** LENGTH
"""Chance that blind guessing hits any code within one code's life."""
EVERYBODY = "*"


def new_code() -> str:
    """A fresh code, as it is shown: ``7KMX-2QHP``."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


def plain(said: str) -> str:
    """A code as it is kept, from what a person typed; empty where it can be none."""
    letters = "".join(each for each in said.upper() if each not in " -–—.").strip()
    good = len(letters) == LENGTH and all(each in ALPHABET for each in letters)
    return f"{letters[:4]}-{letters[4:]}" if good else ""


def locked(connection: Connection, family: str) -> bool:
    """Whether a family may not try now. In the transaction of the try that follows."""
    at_ms = now_ms()
    table = tables.guesses
    chosen = select(table).where(table.c.who.in_((family, EVERYBODY))).with_for_update()
    return any(row.locked_until_ms > at_ms for row in connection.execute(chosen))


def wrong(engine: Engine, connection: Connection, family: str) -> bool:
    """Count a wrong try; returns whether the family is locked out now."""
    one = _count(engine, connection, family, TRIES_OF_ONE)
    everybody = _count(engine, connection, EVERYBODY, TRIES_OF_ALL)
    return one or everybody


def right(connection: Connection, family: str) -> None:
    """A right one wipes the family's count."""
    table = tables.guesses
    connection.execute(table.delete().where(table.c.who == family))


def _count(engine: Engine, connection: Connection, who: str, limit: int) -> bool:
    at_ms = now_ms()
    table = tables.guesses
    row = connection.execute(select(table).where(table.c.who == who)).first()
    count, since_ms = (0, at_ms) if row is None else (row.wrong, row.since_ms)
    if at_ms - since_ms > WINDOW_MS:
        count, since_ms = 0, at_ms
    over = count + 1 >= limit
    connection.execute(
        upsert(
            engine,
            table,
            ("who",),
            {
                "who": who,
                "wrong": 0 if over else count + 1,
                "since_ms": since_ms,
                "locked_until_ms": at_ms + WINDOW_MS if over else 0,
            },
        )
    )
    return over
