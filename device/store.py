"""What was learned, on disk: one SQLite file that survives a power cut at any instruction.

Write-ahead log with ``synchronous=FULL``: when a call returns, the disk has it. A damaged file is
set aside, never deleted; see `device.store_rescue` for what is read back out of it.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Self

from core.clock import Clock, SystemClock
from core.errors import StoreError
from device import store_rescue
from device.ids import IdSource
from dialog.ports import Attempt, Verdict

FILE_NAME = "progress.db"
MIGRATIONS = ("schema.sql",)
"""Script n of this tuple brings a file from `user_version` n to n + 1."""
PENDING_LIMIT = 10_000
"""Attempts kept in memory while the disk refuses them: far more than a day of practice."""
_INSERT = (
    "INSERT INTO attempts (id, child, session, boot, mono_s, wall_ms, pack, item, verdict,"
    " try_number, confidence, duration_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ATTEMPT_FROM = 6
"""Columns of `_INSERT` before those of the attempt itself."""


class Store:
    """Progress on disk. Used by one thread; a context manager that closes.

    Attributes:
        damaged_copy: Where a damaged file was set aside by this store, else None.
        child: Id of the child who practises.

    Args:
        folder: Where the file lives; made when missing. None keeps everything in memory, a
            degraded state that has to be asked for.
        clock: Stamps what happens.

    Raises:
        StoreError: The folder or file cannot be used; the message says what to do.
    """

    def __init__(self, folder: Path | None, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._ids = IdSource(self._wall_ms)
        self._boot = boot_id()
        self._session: str | None = None
        self._pending: deque[tuple[object, ...]] = deque(maxlen=PENDING_LIMIT)
        self._path = None if folder is None else folder / FILE_NAME
        self._refused = ""
        self._damaged = ""
        self.damaged_copy: Path | None = None
        with self._translated():
            if self._path is not None:
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._db = self._open_or_restart()
            try:
                self.child = self._the_child()
            except BaseException:
                self._db.close()
                raise

    @property
    def degraded(self) -> str | None:
        """None when all is well, else one sentence for lights, pages and `myna doctor`."""
        if self._path is None:
            return "progress is kept in memory only and is lost when the speaker stops"
        return self._refused or self._damaged or None

    @property
    def pending(self) -> int:
        """Attempts that the disk has refused so far."""
        return len(self._pending)

    def remember(self, attempts: Sequence[Attempt]) -> None:
        """Write attempts in one transaction; on return they are on the disk.

        What the disk refuses is kept in memory, ids and times unchanged, and goes with the next
        call that succeeds. A file found damaged is set aside as at the start.

        Raises:
            StoreError: The disk is full, read-only or broken; the conversation can go on.
        """
        self._pending.extend(self._row(attempt) for attempt in attempts)
        if not self._pending:
            return
        with self._translated():
            try:
                self._write_pending()
            except sqlite3.DatabaseError as error:
                if self._path is None or not store_rescue.is_damage(error):
                    raise
                self._db.close()
                self._db = self._restart(self._path)
                self._write_pending()
        self._pending.clear()
        self._refused = ""

    def history(self, limit: int) -> tuple[Attempt, ...]:
        """The child's latest attempts, oldest first, with those that the disk has refused.

        Raises:
            StoreError: The file cannot be read.
            ValueError: `limit` is negative.
        """
        if limit < 0:
            raise ValueError(f"a history of {limit} attempts")
        with self._translated():
            rows = self._db.execute(
                "SELECT pack, item, verdict, try_number, confidence, duration_s FROM attempts"
                " WHERE child = ? ORDER BY seq DESC LIMIT ?",
                (self.child, limit),
            ).fetchall()
        known = [*reversed(rows), *(row[_ATTEMPT_FROM:] for row in self._pending)]
        return tuple(_attempt(row) for row in known[max(0, len(known) - limit) :])

    def begin_session(self) -> str:
        """Start a session; attempts belong to it until it ends. Returns its id.

        Raises:
            StoreError: As for `remember`; attempts carry the session's id all the same.
        """
        self._session = str(self._ids.make())
        with self._translated():
            self._db.execute(
                "INSERT INTO sessions (id, child, boot, mono_s, wall_ms) VALUES (?, ?, ?, ?, ?)",
                (self._session, self.child, self._boot, self._clock.now_s(), self._wall_ms()),
            )
        return self._session

    def end_session(self) -> None:
        """End the session, if one goes on.

        Raises:
            StoreError: As for `remember`; the session is over all the same.
        """
        session, self._session = self._session, None
        if session is not None:
            with self._translated():
                self._db.execute(
                    "UPDATE sessions SET ended_wall_ms = ? WHERE id = ?",
                    (self._wall_ms(), session),
                )

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # -------------------------------------------------------------- opening

    def _open_or_restart(self) -> sqlite3.Connection:
        try:
            return _open(self._path)
        except sqlite3.DatabaseError as error:
            if self._path is None or not store_rescue.is_damage(error):
                raise
        return self._restart(self._path)

    def _restart(self, path: Path) -> sqlite3.Connection:
        """Set the damaged file aside and begin a fresh one with what can be read of it."""
        self.damaged_copy = store_rescue.set_aside(path)
        db = _open(path)
        rescued = store_rescue.copy_readable(self.damaged_copy, db)
        self._damaged = (
            f"the progress file was damaged; {rescued} attempts were read back from it and it is"
            f" kept as {self.damaged_copy}: replace the memory card soon"
        )
        return db

    def _the_child(self) -> str:
        """The one child this speaker knows; made at the first start."""
        row = self._db.execute("SELECT id FROM children ORDER BY id LIMIT 1").fetchone()
        if row is None:
            row = (str(self._ids.make()),)
            self._db.execute(
                "INSERT INTO children (id, wall_ms) VALUES (?, ?)", (*row, self._wall_ms())
            )
        return str(row[0])

    # -------------------------------------------------------------- writing

    def _write_pending(self) -> None:
        with self._db:  # commits, or rolls back on any exception
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(_INSERT, self._pending)

    def _row(self, attempt: Attempt) -> tuple[object, ...]:
        return (
            str(self._ids.make()),
            self.child,
            self._session,
            self._boot,
            self._clock.now_s(),
            self._wall_ms(),
            attempt.pack,
            attempt.item,
            attempt.verdict.value,
            attempt.try_number,
            attempt.confidence,
            attempt.duration_s,
        )

    def _wall_ms(self) -> int:
        return int(self._clock.wall().timestamp() * 1000)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            self._refused = explain(error, self._path)
            raise StoreError(self._refused, retryable=True) from error


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


def _open(path: Path | None) -> sqlite3.Connection:
    """Open, check and bring up to date; raises sqlite3.Error or StoreError."""
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


def _newer(path: Path | None, version: int) -> str:
    return (
        f"{path} has format {version} of a newer Myna, this one knows {len(MIGRATIONS)}:"
        " install the newer one, or set another [device] state_dir"
    )


def _attempt(row: Sequence[Any]) -> Attempt:
    pack, item, verdict, try_number, confidence, duration_s = row
    return Attempt(pack, item, Verdict(verdict), try_number, confidence, duration_s)
