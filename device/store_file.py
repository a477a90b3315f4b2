"""The progress file itself: opened, brought up to date, checked, its troubles put into words."""

from __future__ import annotations

import sqlite3
import uuid
from importlib import resources
from pathlib import Path

from core.errors import StoreError
from device import store_rescue

FILE_NAME = "progress.db"
MIGRATIONS = (
    *("schema.sql", "schema_2.sql", "sync/outbox.sql", "sync/outbox_2.sql", "schema_3.sql"),
    "sync/outbox_3.sql",
    "schema_4.sql",
    "sync/outbox_4.sql",
)
"""Script n of this tuple brings a file from `user_version` n to n + 1. Only ever added to."""


def open_file(path: Path | None) -> sqlite3.Connection:
    """Open, check and bring up to date.

    Args:
        path: The file; None for one in memory.

    Raises:
        sqlite3.Error: It cannot be used; see `explain`.
        StoreError: It is of a newer Myna.
        OSError: Its rights cannot be set.
    """
    db = sqlite3.connect(path or ":memory:", timeout=5.0, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise store_rescue.DamagedFile(verdict)
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise StoreError(_newer(path, version), code="store.newer")
        for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
            sql = resources.files("device").joinpath(script).read_text(encoding="utf-8")
            db.executescript(f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;")
        if path is not None:
            path.chmod(0o600)  # a child's progress is the family's own
    except BaseException:
        db.close()
        raise
    return db


def check_file(path: Path) -> str | None:
    """Look at a progress file without changing it.

    Returns:
        None when it is whole, else a sentence that says what is wrong.
    """
    try:
        db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        try:
            (verdict,) = db.execute("PRAGMA integrity_check(1)").fetchone()
            (version,) = db.execute("PRAGMA user_version").fetchone()
        finally:
            db.close()
    except sqlite3.Error as error:
        return explain(error, path)
    if verdict != "ok":
        return f"{path} {_SENTENCES[sqlite3.SQLITE_CORRUPT]}"
    return _newer(path, version) if version > len(MIGRATIONS) else None


def boot_id() -> str:
    """The kernel's id of this start of the machine; where there is none, one of this process."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return str(uuid.uuid4())


def explain(error: sqlite3.Error | OSError, path: Path | None) -> str:
    """A database error as one sentence with the remedy."""
    where = "the progress kept in memory" if path is None else str(path)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code of an extended one
    if sentence := _SENTENCES.get(code):
        return f"{where} {sentence}"
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{where} cannot be used ({reason}): make its folder writable, or set [device] state_dir"


_SENTENCES = {
    sqlite3.SQLITE_FULL: "cannot grow, the disk is full: free some space",
    sqlite3.SQLITE_READONLY: "is read-only: mount its disk writable, or set [device] state_dir",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: make its folder writable or set [device] state_dir",
    sqlite3.SQLITE_PERM: "may not be used: give the speaker's user the folder",
    sqlite3.SQLITE_BUSY: "is in use by another program: stop the other one",
    sqlite3.SQLITE_LOCKED: "is in use by another program: stop the other one",
    sqlite3.SQLITE_IOERR: "cannot be read or written: check the disk and its free space",
    sqlite3.SQLITE_CORRUPT: "is damaged: the next start sets it aside and keeps what can be read",
    sqlite3.SQLITE_NOTADB: "is no progress file: the next start sets it aside",
}


def _newer(path: Path | None, version: int) -> str:
    return (
        f"{path} has format {version} of a newer Myna, this one knows {len(MIGRATIONS)}:"
        " install the newer one, or set another [device] state_dir"
    )
