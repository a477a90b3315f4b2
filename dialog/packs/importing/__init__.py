"""Lessons from elsewhere: CSV tables and Anki decks become a pack in a folder.

Nothing of a foreign file is trusted: sizes are limited before and while reading, names inside an
archive are never used as paths, markup is stripped, and every row that makes no good item is told
with its line and what to do about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from core.errors import PackError
from dialog.packs.importing.anki import read_anki
from dialog.packs.importing.items import make_items
from dialog.packs.importing.table import read_table
from dialog.packs.importing.writer import Header, slug, write_pack
from dialog.packs.source import Problem

__all__ = ["Header", "Imported", "import_pack"]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import has made.

    Attributes:
        folder: The new pack.
        items: How many items it has.
        left_out: Rows that made none, with line (of the CSV) or number (of the note) and remedy.
        notes: What else was left aside, in sentences.
    """

    folder: Path
    items: int
    left_out: tuple[Problem, ...]
    notes: tuple[str, ...]


def import_pack(path: Path, out: Path | None, header: Header) -> Imported:
    """A new pack from a ``.csv`` (``.tsv``, ``.txt``) or ``.apkg`` file.

    Args:
        path: The file.
        out: Folder to make; one named after the file, in the current folder, when None.
        header: What stands in its ``pack.yaml``; empty values are made from the file's name.

    Raises:
        PackError: The file cannot be read, nothing in it makes an item, or the folder exists.
    """
    if not path.is_file():
        raise PackError(f"{path}: no such file; name a .csv or .apkg file")
    folder = out if out is not None else Path(slug(path.stem) or "imported")
    if folder.exists():
        raise PackError(f"{folder} is there already; name another folder with --out")
    notes: tuple[str, ...] = ()
    match path.suffix.lower():
        case ".csv" | ".tsv" | ".txt":
            rows = read_table(path)
        case ".apkg" | ".colpkg":
            rows, notes = read_anki(path)
        case suffix:
            raise PackError(f"{path}: cannot import {suffix or 'this'}; name a .csv or .apkg file")
    items, left_out = make_items(path.name, rows)
    if not items:
        first = f" ({left_out[0]})" if left_out else ""
        raise PackError(f"{path}: nothing in it makes an item{first}; see docs/lessons.md")
    write_pack(folder, header.filled(path.stem), items)
    return Imported(folder, len(items), tuple(left_out), notes)
