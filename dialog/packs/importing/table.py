"""Rows from a CSV table: comma, semicolon or tab between cells, column names in the first line."""

from __future__ import annotations

import csv
import io
from dataclasses import fields
from pathlib import Path

from core.errors import PackError
from dialog.packs.importing.rows import MAX_ROWS, Row

MAX_TABLE_BYTES = 2 * 1024 * 1024
COLUMNS = tuple(field.name for field in fields(Row) if field.name != "line")


def read_table(path: Path) -> list[Row]:
    """All rows of a table.

    Raises:
        PackError: Not UTF-8, too large, no column ``english``, a column that is not known.
    """
    text = _text(path)
    first = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[Row] = []
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        _check_columns(path, columns)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(rows) == MAX_ROWS:
                raise PackError(f"{path}: more than {MAX_ROWS} rows; split the table")
            named = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
            rows.append(Row(line=reader.line_num, **{"english": "", **named}))
    except csv.Error as error:
        raise PackError(
            f"{path}: line {reader.line_num} is not a row of a table ({error});"
            " save the table as CSV anew"
        ) from error
    return rows


def _check_columns(path: Path, columns: list[str]) -> None:
    known = ", ".join(COLUMNS)
    if "english" not in columns:
        raise PackError(f"{path}: the first line names no column 'english'; use: {known}")
    for number, name in enumerate(columns):
        if name not in COLUMNS:
            raise PackError(f"{path}: there is no column {name!r}; use: {known}")
        if name in columns[:number]:
            raise PackError(f"{path}: the column {name!r} is there twice; keep one")


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_TABLE_BYTES + 1)
    except OSError as error:
        raise PackError(f"{path} cannot be read ({error.strerror}); check the file") from error
    if len(raw) > MAX_TABLE_BYTES:
        raise PackError(f"{path} is larger than {MAX_TABLE_BYTES >> 20} MB; split the table")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise PackError(
            f"{path}: line {line} is not UTF-8 text; save the table as “CSV UTF-8”"
        ) from error
    if "\0" in text:
        raise PackError(f"{path}: this is no text; save the table as “CSV UTF-8”")
    return text
