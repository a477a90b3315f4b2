"""Parents and how they sign in: by a link that works once, or with their family's token.

No passwords: there is none to be guessed, reused or stolen here. A parent gets a link from the
administrator or from the other parent; it opens a session on that phone. What the browser keeps is
a random cookie; the store knows digests alone.
"""

from __future__ import annotations

import hmac
import secrets
import uuid
from dataclasses import dataclass

from sqlalchemy import Engine, delete, select, update

from hub import tables
from hub.access import Caller, caller_of, digest_of
from hub.database import now_ms

LINK_LIFE_MS = 7 * 24 * 3600 * 1000
IDLE_MS = 30 * 24 * 3600 * 1000
LONGEST_MS = 180 * 24 * 3600 * 1000
NOTED_EVERY_MS = 60_000
"""A session's last use is written down no more often than this."""


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that signed in.

    Attributes:
        caller: The family, or the administrator.
        parent: Who of the family; None for whoever signed in with its token.
        csrf: What its forms have to send along.
    """

    caller: Caller
    parent: str | None
    csrf: str

    def is_own(self, token: str) -> bool:
        """Whether a form came from one of our pages for this session."""
        return hmac.compare_digest(token.encode("utf-8", "replace"), self.csrf.encode())


def add_parent(engine: Engine, family: str, name: str) -> tuple[str, str] | None:
    """A new parent of a family, and the link's secret; None when there is no such family."""
    made = str(uuid.uuid4())
    with engine.begin() as connection:
        there = connection.execute(
            select(tables.families.c.id).where(tables.families.c.id == family)
        ).first()
        if there is None:
            return None
        connection.execute(
            tables.parents.insert().values(id=made, family=family, name=name, created_ms=now_ms())
        )
    return made, make_link(engine, made)


def make_link(engine: Engine, parent: str) -> str:
    """The secret of a link that signs a parent in once, within a week."""
    secret = secrets.token_urlsafe(32)
    with engine.begin() as connection:
        links = tables.sign_in_links
        connection.execute(delete(links).where(links.c.expires_ms < now_ms()))
        connection.execute(
            links.insert().values(
                digest=digest_of(secret), parent=parent, expires_ms=now_ms() + LINK_LIFE_MS
            )
        )
    return secret


def family_of(engine: Engine, parent: str) -> str | None:
    """The family of a parent; None for one that is not known."""
    table = tables.parents
    with engine.connect() as connection:
        return connection.execute(select(table.c.family).where(table.c.id == parent)).scalar()


def parents_of(engine: Engine, family: str) -> list[str]:
    """Names of a family's parents."""
    table = tables.parents
    with engine.connect() as connection:
        chosen = select(table.c.name).where(table.c.family == family).order_by(table.c.created_ms)
        return list(connection.execute(chosen).scalars())


def sign_in_by_link(engine: Engine, secret: str) -> str | None:
    """Use a link up; returns the cookie of a new session, None for a link that is not good."""
    links, parents = tables.sign_in_links, tables.parents
    with engine.begin() as connection:
        parent = connection.execute(
            delete(links)
            .where(links.c.digest == digest_of(secret), links.c.expires_ms >= now_ms())
            .returning(links.c.parent)
        ).scalar()
        family = connection.execute(select(parents.c.family).where(parents.c.id == parent)).scalar()
    return None if family is None else _begin(engine, family, parent)


def sign_in_by_token(engine: Engine, token: str) -> str | None:
    """The same with a token of a family or the administrator."""
    known = caller_of(engine, token) if token.isascii() else None
    return None if known is None else _begin(engine, known.family, None)


def find(engine: Engine, cookie: str) -> Session | None:
    """The session of a cookie, if it still is one."""
    table = tables.sessions
    at_ms = now_ms()
    mine = table.c.digest == digest_of(cookie)
    with engine.connect() as connection:
        row = connection.execute(select(table).where(mine)).first()
    if row is None or at_ms - row.seen_ms > IDLE_MS or at_ms - row.began_ms > LONGEST_MS:
        return None
    if at_ms - row.seen_ms > NOTED_EVERY_MS:
        with engine.begin() as connection:
            connection.execute(update(table).where(mine).values(seen_ms=at_ms))
    return Session(Caller(row.family), row.parent, row.csrf)


def end(engine: Engine, cookie: str) -> None:
    """Sign out."""
    with engine.begin() as connection:
        connection.execute(
            delete(tables.sessions).where(tables.sessions.c.digest == digest_of(cookie))
        )


def _begin(engine: Engine, family: str | None, parent: str | None) -> str:
    cookie = secrets.token_urlsafe(32)
    at_ms = now_ms()
    table = tables.sessions
    with engine.begin() as connection:
        connection.execute(delete(table).where(table.c.seen_ms < at_ms - IDLE_MS))
        connection.execute(
            table.insert().values(
                digest=digest_of(cookie),
                family=family,
                parent=parent,
                csrf=secrets.token_urlsafe(32),
                began_ms=at_ms,
                seen_ms=at_ms,
            )
        )
    return cookie
