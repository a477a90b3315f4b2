"""A damaged progress file: set aside under a new name, and read for what is still whole."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

_log = logging.getLogger(__name__)

_KEYS = {
    "children": "id",
    "sessions": "id",
    "memories": "rowid",
    "sounds": "rowid",
    "voices": "rowid",
    "pauses": "rowid",
    "attempts": "seq",
}


class DamagedFile(sqlite3.DatabaseError):
    """SQLite's own check found the file inconsistent."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error means that the file itself is broken, rather than the disk or its rights."""
    if isinstance(error, DamagedFile):
        return True
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def set_aside(path: Path) -> Path:
    """Rename a closed database and its log to the first free ``….damaged-N``; returns that.

    The log goes first: were the power cut between the two, the next start must not replay it
    into a fresh file.

    Raises:
        OSError: The folder cannot be written.
    """
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("-wal", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)  # rebuilt from the log
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    _log.warning("progress file damaged, set aside copy=%s", aside)
    return aside


def copy_readable(damaged: Path, fresh: sqlite3.Connection) -> int:
    """Copy every row that can still be read, ids and order unchanged, in one transaction.

    Returns:
        How many attempts were copied.

    Raises:
        sqlite3.Error: `fresh` cannot be written.
    """
    source = sqlite3.connect(f"{damaged.resolve().as_uri()}?mode=ro", uri=True)
    source.row_factory = sqlite3.Row
    copied = 0
    try:
        with fresh:
            fresh.execute("BEGIN IMMEDIATE")
            for table, key in _KEYS.items():
                copied = sum(_copy_row(fresh, table, row) for row in _rows(source, table, key))
    finally:
        source.close()
    return copied  # of attempts, the last table


def _rows(source: sqlite3.Connection, table: str, key: str) -> Iterator[sqlite3.Row]:
    """Rows from the front up to the damage, then from the back up to it."""
    for direction in ("ASC", "DESC"):
        try:
            # Constants of this module, nothing from outside.
            yield from source.execute(f"SELECT * FROM {table} ORDER BY {key} {direction}")  # noqa: S608
        except sqlite3.Error as error:
            if not isinstance(error, sqlite3.DatabaseError):
                raise
            continue
        return


def _copy_row(fresh: sqlite3.Connection, table: str, row: sqlite3.Row) -> int:
    columns = row.keys()
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
    try:
        return fresh.execute(statement, tuple(row)).rowcount
    except sqlite3.IntegrityError:  # a value that the damage has turned into something else
        return 0
