"""The hub's store: one URL, SQLite or PostgreSQL, brought up to date by Alembic."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, Insert, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from hub.settings import HubError

POOL = 5


def open_database(url: str) -> Engine:
    """An engine for the URL; does not connect yet.

    Raises:
        HubError: The URL is none, or of a database that the hub does not know.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise HubError("HUB_DATABASE must be a sqlite:/// or postgresql+psycopg:// address")
        if parsed.get_backend_name() == "postgresql":
            return create_engine(parsed, pool_size=POOL, pool_pre_ping=True)
        engine = create_engine(parsed, connect_args={"timeout": 30})
    except (ArgumentError, NoSuchModuleError) as error:
        raise HubError(
            "HUB_DATABASE cannot be read: use sqlite:///file.db or postgresql+psycopg://…"
        ) from error
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def upgrade(engine: Engine) -> None:
    """Bring the tables to the newest version; several hubs may start at one time."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7391041)")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def insert_new(engine: Engine, table: Table) -> Any:  # noqa: ANN401 - one of two dialects' inserts
    """An insert that leaves rows alone whose key is there already."""
    return _insert(engine, table).on_conflict_do_nothing()


def upsert(engine: Engine, table: Table, key: tuple[str, ...], values: dict[str, Any]) -> Insert:
    """An insert that updates all but the key where the row is there already."""
    insert = _insert(engine, table).values(**values)
    fresh = {name: insert.excluded[name] for name in values if name not in key}
    updating: Insert = insert.on_conflict_do_update(index_elements=list(key), set_=fresh)
    return updating


def now_ms() -> int:
    """UTC milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def _insert(engine: Engine, table: Table) -> Any:  # noqa: ANN401 - as above
    return (postgresql if engine.dialect.name == "postgresql" else sqlite).insert(table)


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - sqlite3's
    # The driver's own idea of transactions is in the way of BEGIN IMMEDIATE.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
