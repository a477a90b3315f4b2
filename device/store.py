"""What was learned, on disk: one SQLite file that survives a power cut at any instruction.

Write-ahead log with ``synchronous=FULL``: when a call returns, the disk has it. A damaged file is
set aside, never deleted; see `device.store_rescue` for what is read back out of it.

What happens is stamped once as `Recorded` and written in one transaction with what follows from it.
Whoever has to write more of its own in that very transaction (an outbox, say) says so with `also`.
"""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

from audio.patience import Pauses
from core.clock import Clock, SystemClock
from core.errors import StoreError
from device import store_rescue, store_rows, wake_taught
from device.ids import IdSource
from device.store_file import FILE_NAME, boot_id, explain, open_file
from device.store_rows import Asked, Forgotten, GivenUp, Recorded, What
from device.sync import voices
from dialog.ports import Attempt, Child, History, Learned, SessionEdge
from dialog.scoring.history import VoiceHistory

PENDING_LIMIT = 20_000
"""Records kept in memory while the disk refuses them: far more than a day of practice."""

Companion = Callable[[sqlite3.Connection, Recorded], None]
"""Writes more inside the transaction of a record; raising `sqlite3.Error` rolls all of it back."""


class Store:
    """Progress on disk. Used by one thread; a context manager that closes.

    Attributes:
        damaged_copy: Where a damaged file was set aside by this store, else None.
        child: Id of the child who practises at present.

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
        self._pending: deque[Recorded] = deque(maxlen=PENDING_LIMIT)
        self._companions: list[Companion] = []
        self._forgotten = False
        self._path = None if folder is None else folder / FILE_NAME
        self._refused = ""
        self._damaged = ""
        self.damaged_copy: Path | None = None
        with self._translated():
            if self._path is not None:
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._db = self._open_or_restart()
            try:
                self.child = self._who_practised_last()
            except BaseException:
                self._db.close()
                raise
        self._family: tuple[str, ...] = (self.child,)

    @property
    def degraded(self) -> str | None:
        """None when all is well, else one sentence for lights, pages and `myna doctor`."""
        if self._path is None:
            return "progress is kept in memory only and is lost when the speaker stops"
        return self._refused or self._damaged or None

    @property
    def folder(self) -> Path | None:
        """Where the file lives; None while everything is in memory."""
        return None if self._path is None else self._path.parent

    @property
    def pending(self) -> int:
        """Attempts that the disk has refused so far."""
        return sum(isinstance(record.what, Attempt) for record in self._pending)

    # ----------------------------------------------------------------- children

    @property
    def family(self) -> tuple[str, ...]:
        """Ids of the children who practise here, in the family's order."""
        return self._family

    def know(self, nicknames: Sequence[str], *, present: str = "") -> None:
        """Say which children practise on this speaker; those not named are kept, not offered.

        A child who practised before anybody was named takes the first nickname, with all that it
        has learnt.

        Args:
            nicknames: What the family calls them; empty leaves the only child without a name.
            present: Who practises when nobody says so; empty for whoever did last.

        Raises:
            StoreError: They cannot be written.
        """
        if not nicknames:
            return
        with self.transaction() as db:
            family = [self._named(db, nickname) for nickname in dict.fromkeys(nicknames)]
        self._family = tuple(family)
        wanted = [name.casefold() for name in dict.fromkeys(nicknames)]
        if present.casefold() in wanted:
            self.child = family[wanted.index(present.casefold())]
        elif self.child not in family:
            self.child = family[0]

    def _named(self, db: sqlite3.Connection, nickname: str) -> str:
        found = db.execute(
            "SELECT id FROM children WHERE nickname = ? COLLATE NOCASE", (nickname,)
        ).fetchone()
        if found is None:
            found = db.execute(
                "SELECT id FROM children WHERE nickname IS NULL ORDER BY id LIMIT 1"
            ).fetchone()
            if found is not None:
                db.execute("UPDATE children SET nickname = ? WHERE id = ?", (nickname, *found))
        if found is None:
            found = (str(self._ids.make()),)
            db.execute(
                "INSERT INTO children (id, wall_ms, nickname) VALUES (?, ?, ?)",
                (*found, self._wall_ms(), nickname),
            )
        return str(found[0])

    def history(self) -> History:
        """What is known of the children, the present one first, with what the disk has refused.

        Raises:
            StoreError: The file cannot be read.
        """
        self._forgotten = False  # whoever asks begins anew
        order = sorted(self._family, key=lambda child: child != self.child)
        with self._translated():
            children = [store_rows.read_child(self._db, child) for child in order]
        return History(tuple(self._with_pending(child) for child in children))

    def voice(self) -> VoiceHistory:
        """What earlier answers of the present child say about its voice; those that the disk has
        refused are left out.

        Raises:
            StoreError: The file cannot be read.
        """
        with self._translated():
            return store_rows.read_voice(self._db, self.child)

    def pauses(self) -> Pauses:
        """How long the present child's silences within answers are.

        Raises:
            StoreError: The file cannot be read.
        """
        with self._translated():
            return store_rows.read_pauses(self._db, self.child)

    def keep_pauses(self, pauses: Pauses) -> None:
        """Keep them for the present child.

        Raises:
            StoreError: They cannot be written; a habit is not worth keeping in memory for later.
        """
        with self.transaction() as db:
            store_rows.write_pauses(db, self.child, pauses)

    def _with_pending(self, child: Child) -> Child:
        memories = {(memory.pack, memory.item): memory for memory in child.memories}
        sounds = {sound.phone: sound for sound in child.sounds}
        for record in self._pending:
            if record.child == child.id and isinstance(record.what, Learned):
                memories |= {(each.pack, each.item): each for each in record.what.memories}
                sounds |= {each.phone: each for each in record.what.sounds}
        return replace(child, memories=tuple(memories.values()), sounds=tuple(sounds.values()))

    # ----------------------------------------------------------------- attempts

    def also(self, companion: Companion) -> None:
        """Have a companion called for every record, inside the transaction that writes it."""
        self._companions.append(companion)

    def ask(self, words: str | None, voice: bytes | None = None) -> None:
        """Report that the child asked something for a teacher; kept as `remember` keeps.

        Args:
            words: What it asked; None unless the parents consent to its words leaving the device.
            voice: How that sounded; None unless they consent to that.

        Raises:
            StoreError: As for `remember`.
        """
        self._pending.append(self._record(Asked(words, voice)))
        self._write()

    def withdraw_voices(self) -> None:
        """No sound of a question waits any longer; who has heard some is asked to delete them.

        Raises:
            StoreError: The disk is full, read-only or broken.
        """
        self._pending = deque(
            (
                replace(each, what=replace(each.what, voice=None))
                if isinstance(each.what, Asked)
                else each
                for each in self._pending
            ),
            maxlen=PENDING_LIMIT,
        )
        with self._translated():
            if not voices.any_left(self._db):
                return
            self._db.execute("PRAGMA secure_delete = ON")
        with self.transaction() as db:
            record = self._record(Forgotten(only_voice=True))
            voices.empty(db)
            for companion in self._companions:
                companion(db, record)
        with self._translated():
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def forget(self, child: str, *, tell: bool = True) -> int:
        """Delete all there is of a child; returns how many rows there were.

        A session of that child may be going on: nothing more of it is kept, until `history` is
        asked for anew.

        Args:
            tell: Companions are told in the same transaction; not where it is the platform's wish.

        Raises:
            StoreError: The disk is full, read-only or broken.
        """
        return self._delete([child], Forgotten(child) if tell else None)

    def forget_everybody(self, *, given_up: bool = False, tell: bool = True) -> int:
        """The same of all children.

        Args:
            given_up: The family gives the speaker up with it.
            tell: As for `forget`.

        Raises:
            StoreError: As for `forget`.
        """
        with self._translated():
            everybody = [str(row[0]) for row in self._db.execute("SELECT id FROM children")]
        what = GivenUp() if given_up else Forgotten()
        return self._delete(everybody, what if tell else None)

    def begin_anew(self) -> None:
        """Nothing of what was told to a platform, or heard from it, is left.

        Raises:
            StoreError: The disk is full, read-only or broken.
        """
        with self.transaction() as db:
            for table in ("outbox", "commands", "sync_state", "answers", "deletions"):
                # Names of ours, nothing from outside.
                db.execute(f"DELETE FROM {table}")  # noqa: S608
            db.execute("UPDATE outbox_series SET series = lower(hex(randomblob(16))), last = 0")

    def _delete(self, children: Sequence[str], what: Forgotten | GivenUp | None) -> int:
        with self._translated():
            self._db.execute("PRAGMA secure_delete = ON")
        with self.transaction() as db:
            rows = sum(store_rows.forget(db, child) for child in children)
            if what is not None:
                record = self._record(what)
                for companion in self._companions:
                    companion(db, record)
        kept = [record for record in self._pending if record.child not in children]
        rows += len(self._pending) - len(kept)
        self._pending = deque(kept, maxlen=PENDING_LIMIT)
        wake_taught.forget(self.folder, children)
        with self._translated():
            # What was overwritten may still stand in the log.
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._family = tuple(each for each in self._family if each not in children)
            if self.child in children:
                self._forgotten = True
                self._session = None
                self.child = self._family[0] if self._family else self._who_practised_last()
                self._family = self._family or (self.child,)
        return rows

    def remember(self, attempts: Sequence[Attempt], learned: Learned | None = None) -> None:
        """Write attempts and what follows from them in one transaction; then they are on the disk.

        What the disk refuses is kept in memory, ids and times unchanged, and goes with the next
        call that succeeds. A file found damaged is set aside as at the start.

        Raises:
            StoreError: The disk is full, read-only or broken; the conversation can go on.
        """
        if self._forgotten:
            return
        if learned is not None and learned.child:
            self.child = learned.child
        edge = None if learned is None else learned.session
        if edge is SessionEdge.BEGUN:
            self._session = str(self._ids.make())
            self._pending.append(self._record(edge, self._session))
        self._pending.extend(self._record(attempt) for attempt in attempts)
        if learned is not None and (learned.memories or learned.sounds):
            self._pending.append(self._record(learned))
        if edge is SessionEdge.ENDED and self._session is not None:
            self._pending.append(self._record(edge, self._session))
            self._session = None
        self._write()

    def _write(self) -> None:
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

    def attempts(self, limit: int) -> tuple[Attempt, ...]:
        """The child's latest attempts, oldest first, with those that the disk has refused.

        Raises:
            StoreError: The file cannot be read.
            ValueError: `limit` is negative.
        """
        if limit < 0:
            raise ValueError(f"a history of {limit} attempts")
        with self._translated():
            known = store_rows.read_attempts(self._db, self.child, limit)
        for record in self._pending:
            if record.child == self.child and isinstance(record.what, Attempt):
                known.append(record.what)
        return tuple(known[max(0, len(known) - limit) :])

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Several writes or none: commits at the end, rolls back on any exception.

        Raises:
            StoreError: The disk is full, read-only or broken.
        """
        with self._translated(), self._db:  # commits, or rolls back on any exception
            self._db.execute("BEGIN IMMEDIATE")
            yield self._db

    def vacuum(self, *, free_share: float, free_bytes: int) -> bool:
        """Write the file anew without the room that deleted rows left, where that is worth it.

        Args:
            free_share: Least part of the file that has to be free, 0..1.
            free_bytes: Least free room.

        Returns:
            Whether it was.

        Raises:
            StoreError: The disk is full, read-only or broken; the file is as it was.
        """
        with self._translated():
            (free,) = self._db.execute("PRAGMA freelist_count").fetchone()
            (pages,) = self._db.execute("PRAGMA page_count").fetchone()
            (size,) = self._db.execute("PRAGMA page_size").fetchone()
            if self._path is None or free < free_share * pages or free * size < free_bytes:
                return False
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return True

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
            return open_file(self._path)
        except sqlite3.DatabaseError as error:
            if self._path is None or not store_rescue.is_damage(error):
                raise
        return self._restart(self._path)

    def _restart(self, path: Path) -> sqlite3.Connection:
        """Set the damaged file aside and begin a fresh one with what can be read of it."""
        self.damaged_copy = store_rescue.set_aside(path)
        db = open_file(path)
        rescued = store_rescue.copy_readable(self.damaged_copy, db)
        self._damaged = (
            f"the progress file was damaged; {rescued} attempts were read back from it and it is"
            f" kept as {self.damaged_copy}: replace the memory card soon"
        )
        return db

    def _who_practised_last(self) -> str:
        """The child of the last attempt, else the first; made when there is none."""
        row = self._db.execute(
            "SELECT id FROM children ORDER BY id = (SELECT child FROM attempts ORDER BY seq DESC"
            " LIMIT 1) DESC, id LIMIT 1"
        ).fetchone()
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
            for record in self._pending:
                store_rows.write(self._db, record)
                for companion in self._companions:
                    companion(self._db, record)

    def _record(self, what: What, made: str = "") -> Recorded:
        return Recorded(
            id=made or str(self._ids.make()),
            child=self.child,
            session=self._session,
            boot=self._boot,
            mono_s=self._clock.now_s(),
            wall_ms=self._wall_ms(),
            what=what,
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
