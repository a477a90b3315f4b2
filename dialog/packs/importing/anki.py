"""Rows from an Anki deck: ``.apkg`` is a zip that holds an SQLite database of notes.

Three forms are about: ``collection.anki2``, ``collection.anki21``, and since 2022
``collection.anki21b``, compressed with Zstandard. A deck in a newer form still holds an older one
with a single note that asks for an update, so the newest is read.
"""

from __future__ import annotations

import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, Protocol

from core.errors import PackError
from dialog.packs.importing.rows import MAX_ROWS, Row, looks_chinese, looks_english

FORMS = ("collection.anki21b", "collection.anki21", "collection.anki2")
"""Newest first."""
MAX_MEMBERS = 20_000
MAX_COLLECTION_BYTES = 64 * 1024 * 1024
MAX_RATIO = 200
"""A database shrinks to a tenth; what shrinks to less than a two-hundredth is a bomb."""
MAX_SQL_STEPS = 20_000
"""Times a thousand instructions of SQLite's machine: two seconds on a slow board."""
_CHUNK = 1 << 16


def read_anki(path: Path) -> tuple[list[Row], tuple[str, ...]]:
    """The notes of a deck, and sentences about what was left aside.

    Raises:
        PackError: Not a deck, damaged, or too large.
    """
    with tempfile.TemporaryDirectory(prefix="myna-import-") as folder:
        database = Path(folder) / "collection.sqlite"
        media = _unpack(path, database)
        try:
            rows = list(_notes(path, database))
        except sqlite3.Error as error:
            raise PackError(
                f"{path}: its notes cannot be read ({error}); export the deck anew"
            ) from error
    notes = []
    if media:
        what = "one sound or picture is" if media == 1 else f"{media} sounds and pictures are"
        notes.append(f"{what} left out: Myna says everything with her own voice")
    return rows, tuple(notes)


def _unpack(path: Path, to: Path) -> int:
    """Write the newest collection to `to`; returns the number of media files."""
    try:
        with zipfile.ZipFile(path) as deck:
            members = deck.infolist()
            if len(members) > MAX_MEMBERS:
                raise PackError(f"{path}: more than {MAX_MEMBERS} files in it; split the deck")
            by_name = {member.filename: member for member in members}
            form = next((name for name in FORMS if name in by_name), "")
            if not form:
                raise PackError(
                    f"{path}: there are no notes in it; export a deck from Anki as .apkg"
                )
            member = by_name[form]
            if member.flag_bits & 0x1:
                raise PackError(f"{path}: it is encrypted; export it without a password")
            with deck.open(member) as packed, to.open("wb") as file:
                copy = _decompress if form.endswith("b") else _copy
                copy(path, packed, file, limit=_limit(path))
            return sum(name.isdigit() for name in by_name)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise PackError(
            f"{path}: this is no Anki deck, or it is damaged; export it anew"
        ) from error
    except OSError as error:
        reason = error.strerror or "damaged"
        raise PackError(f"{path} cannot be read ({reason}); export the deck anew") from error


def _limit(path: Path) -> int:
    return min(MAX_COLLECTION_BYTES, max(1 << 20, path.stat().st_size * MAX_RATIO))


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def _copy(path: Path, source: _Readable, file: IO[bytes], *, limit: int) -> None:
    """Copy at most `limit` bytes: what a header claims is not trusted."""
    written = 0
    while chunk := source.read(_CHUNK):
        written += len(chunk)
        if written > limit:
            raise PackError(
                f"{path}: its notes unpack to over {limit >> 20} MB; split the deck in Anki"
            )
        file.write(chunk)


def _decompress(path: Path, packed: IO[bytes], file: IO[bytes], *, limit: int) -> None:
    from backports.zstd import ZstdError, ZstdFile  # only few decks need it, and no lesson does

    try:
        with ZstdFile(packed) as source:
            _copy(path, source, file, limit=limit)
    except ZstdError as error:
        raise PackError(f"{path}: its notes are damaged; export the deck anew") from error


def _notes(path: Path, database: Path) -> Iterator[Row]:
    uri = f"{database.as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        steps = iter(range(MAX_SQL_STEPS))
        # A database can hold a view that never ends in the place of a table.
        connection.set_progress_handler(lambda: int(next(steps, None) is None), 1000)
        connection.execute("PRAGMA trusted_schema = OFF")
        is_table = connection.execute(
            "SELECT 1 FROM sqlite_master WHERE name = 'notes' AND type = 'table'"
        ).fetchone()
        if is_table is None:
            raise PackError(f"{path}: there are no notes in it; export a deck from Anki as .apkg")
        query = "SELECT flds FROM notes ORDER BY id LIMIT ?"
        for number, (fields,) in enumerate(connection.execute(query, (MAX_ROWS + 1,)), 1):
            if number > MAX_ROWS:
                raise PackError(f"{path}: more than {MAX_ROWS} notes; split the deck in Anki")
            cells = str(fields).split("\x1f")
            english = next((cell for cell in cells if looks_english(cell)), "")
            chinese = next((cell for cell in cells if looks_chinese(cell)), "")
            yield Row(number, english, chinese)
