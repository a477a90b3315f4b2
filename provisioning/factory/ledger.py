"""The record of every card ever flashed at this bench: SQLite, with a CSV of it for people.

An identity goes onto one good card only. It is reserved before anything is written, so that two
benches on one ledger cannot both take it. The CSV holds nothing secret.
"""

from __future__ import annotations

import csv
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from core.errors import ProvisioningError
from provisioning.identity import DeviceIdentity, parse_identity

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cards (
    id INTEGER PRIMARY KEY,
    serial TEXT NOT NULL,
    identity TEXT NOT NULL,
    operator TEXT NOT NULL,
    station TEXT NOT NULL,
    image TEXT NOT NULL,
    image_sha256 TEXT NOT NULL,
    card_model TEXT NOT NULL,
    card_serial TEXT NOT NULL,
    card_bytes INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    result TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT ''
) STRICT;
-- Of one identity, at most one card may be good or in work.
CREATE UNIQUE INDEX IF NOT EXISTS once ON cards (serial) WHERE result IN ('started', 'good');
CREATE TABLE IF NOT EXISTS bench_tests (
    id INTEGER PRIMARY KEY,
    serial TEXT NOT NULL,
    tested_at TEXT NOT NULL,
    good INTEGER NOT NULL,
    report TEXT NOT NULL,
    UNIQUE (serial, report)
) STRICT;
"""
_CSV_COLUMNS = (
    *("serial", "operator", "station", "image", "image_sha256", "card_model", "card_serial"),
    *("card_bytes", "started_at", "ended_at", "result", "note"),
)


class Result(Enum):
    """How an entry ended."""

    STARTED = "started"
    """In work, or the bench's computer lost its power meanwhile: the card is not to be used."""
    GOOD = "good"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is written down when a card is begun."""

    identity: DeviceIdentity
    operator: str
    station: str
    image: str
    image_sha256: str
    card_model: str
    card_serial: str
    card_bytes: int


@dataclass(frozen=True, slots=True)
class Past:
    """What the ledger says about a card."""

    identity: DeviceIdentity
    image: str
    image_sha256: str
    started_at: str
    result: Result
    note: str


class Ledger:
    """A bench's ledger.

    Args:
        folder: Where ``ledger.sqlite`` and ``ledger.csv`` lie; made when missing.
        now: The time in UTC.

    Raises:
        ProvisioningError: It cannot be opened.
    """

    def __init__(
        self, folder: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._folder = folder
        self._now = now
        with self._explained():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._database = sqlite3.connect(
                folder / "ledger.sqlite", isolation_level=None, timeout=10.0
            )
            try:
                os.chmod(folder / "ledger.sqlite", 0o600)  # it holds set-up passwords
                self._database.execute("PRAGMA synchronous = FULL")
                self._database.executescript(_SCHEMA)
            except BaseException:
                self._database.close()
                raise

    def close(self) -> None:
        """Idempotent."""
        self._database.close()

    def begin(self, entry: Entry) -> int:
        """Reserve the identity and write down that its card is begun.

        Returns:
            The entry's number, for `finish`.

        Raises:
            ProvisioningError: Another card has this identity, or nothing can be written.
        """
        values = (
            *(entry.identity.serial, entry.identity.to_json(), entry.operator, entry.station),
            *(entry.image, entry.image_sha256, entry.card_model, entry.card_serial),
            *(entry.card_bytes, self._stamp(), Result.STARTED.value),
        )
        with self._transaction():
            try:
                row = self._database.execute(
                    "INSERT INTO cards (serial, identity, operator, station, image, image_sha256,"
                    " card_model, card_serial, card_bytes, started_at, result)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    values,
                ).lastrowid
            except sqlite3.IntegrityError as error:
                raise ProvisioningError(
                    f"{entry.identity.serial} is on a card already; take another serial, or, if"
                    " that card is lost or was never finished, first say --release"
                    f" {entry.identity.serial}"
                ) from error
        assert row is not None  # noqa: S101 - an insertion has a row
        return row

    def finish(self, number: int, result: Result, note: str) -> None:
        """Write down how a card ended.

        Raises:
            ProvisioningError: Nothing can be written; the entry stays STARTED.
        """
        with self._transaction():
            self._database.execute(
                "UPDATE cards SET result = ?, note = ?, ended_at = ? WHERE id = ?",
                (result.value, note, self._stamp(), number),
            )

    def release(self, serial: str, note: str) -> bool:
        """Let an identity be used again: its card is lost, or was never finished.

        Returns:
            Whether there was such a card.
        """
        with self._transaction():
            changed = self._database.execute(
                "UPDATE cards SET result = ?, note = ? WHERE serial = ? AND result IN (?, ?)",
                (*(Result.FAILED.value, note, serial), *(Result.STARTED.value, Result.GOOD.value)),
            ).rowcount
        return changed > 0

    def add_bench_test(self, serial: str, *, tested_at: str, good: bool, report: str) -> None:
        """Keep the report of a first power-up; the same one again changes nothing."""
        with self._explained():
            self._database.execute(
                "INSERT OR IGNORE INTO bench_tests (serial, tested_at, good, report)"
                " VALUES (?, ?, ?, ?)",
                (serial, tested_at, int(good), report),
            )

    def past(self, serial: str | None = None) -> list[Past]:
        """What was flashed, oldest first; of one serial where given."""
        with self._explained():
            rows = self._database.execute(
                "SELECT identity, image, image_sha256, started_at, result, note FROM cards"
                " WHERE ? IS NULL OR serial = ? ORDER BY id",
                (serial, serial),
            ).fetchall()
        return [
            Past(parse_identity(identity), image, digest, at, Result(result), note)
            for identity, image, digest, at, result, note in rows
        ]

    def unfinished(self) -> list[tuple[str, str, str]]:
        """Serial, card's serial and start of those that were begun and never ended."""
        with self._explained():
            return self._database.execute(
                "SELECT serial, card_serial, started_at FROM cards WHERE result = ? ORDER BY id",
                (Result.STARTED.value,),
            ).fetchall()

    def _stamp(self) -> str:
        return self._now().isoformat(timespec="seconds")

    def _write_csv(self) -> None:
        """The whole table anew, beside the old one and then in its place."""
        fresh = self._folder / ".ledger.csv.new"
        with fresh.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(_CSV_COLUMNS)
            writer.writerows(
                self._database.execute(f"SELECT {', '.join(_CSV_COLUMNS)} FROM cards ORDER BY id")  # noqa: S608 - own names
            )
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._folder / "ledger.csv")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, the CSV included: a full disk leaves things as they were."""
        with self._explained():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._write_csv()
                self._database.execute("COMMIT")
            finally:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise ProvisioningError(
                f"the ledger in {self._folder} cannot be written ({error});"
                " free some space there, or name another folder with --ledger"
            ) from error
