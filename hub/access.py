"""Who may see what: tokens, each of one family or of the administrator."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import Engine, select

from hub import tables
from hub.database import now_ms


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever bears a token: the administrator (`family` None) or a family."""

    family: str | None

    @property
    def administrator(self) -> bool:
        return self.family is None


def make_token(engine: Engine, family: str | None) -> str:
    """A new token; it is shown this once, the store keeps its digest alone."""
    token = secrets.token_urlsafe(32)
    with engine.begin() as connection:
        connection.execute(
            tables.tokens.insert().values(
                digest=digest_of(token), family=family, created_ms=now_ms()
            )
        )
    return token


def caller_of(engine: Engine, token: str) -> Caller | None:
    """Who bears a token; None for one that is not known."""
    with engine.connect() as connection:
        row = connection.execute(
            select(tables.tokens.c.family).where(tables.tokens.c.digest == digest_of(token))
        ).first()
    return None if row is None else Caller(row[0])


def digest_of(token: str) -> str:
    """What the store keeps of a secret."""
    # Such secrets are 256 random bits each: a plain digest cannot be guessed back.
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
