"""Everything that is known of a family, as a zip: JSON for programs, CSV for tables, xAPI."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

from device.sync import voices
from device.sync.statements import statement
from provisioning.parents.family_file import Family

TABLES = ("children", "sessions", "attempts", "memories", "sounds", "voices", "pauses")
_README = """What Myna keeps of your family, all of it.

family.json   limits, nicknames, what was consented to and when
progress.json every table of the progress file; times are milliseconds since 1970, UTC
recordings/   the sound of each child's last practice, where you allowed it
questions/    the sound of questions that wait to go to the teacher, where you allowed it
*.csv         the same tables for a spreadsheet; phones: word by word, each sound with its
              score from 0 to 2, how sure that is, and what was heard instead
xapi.json     each answer and each session as an xAPI 1.0.3 statement

以上是 Myna 保存的关于您家庭的全部数据。
"""


def export_zip(
    db: sqlite3.Connection | None,
    family: Family,
    *,
    iri_base: str,
    now: datetime,
    recordings: Path | None = None,
) -> bytes:
    """The zip.

    Args:
        db: The progress file; None where there is none yet.
        iri_base: What all names in statements begin with.
        now: When it is made, UTC.
        recordings: Folder of sounds; it need not exist.

    Raises:
        sqlite3.Error: It cannot be read.
    """
    tables = {} if db is None else {name: _rows(db, name) for name in TABLES}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("README.txt", _README)
        file.writestr("family.json", _json(_family(family, now)))
        file.writestr("progress.json", _json(tables))
        for name, rows in tables.items():
            file.writestr(f"{name}.csv", _csv(rows))
        file.writestr("xapi.json", _json(_statements(tables, iri_base)))
        for name, sound in () if db is None else voices.waiting(db):
            file.writestr(f"questions/{name}.wav", sound)
        for path in sorted(recordings.glob("*/*.wav")) if recordings is not None else ():
            file.write(path, f"recordings/{path.parent.name}/{path.name}")
    return data.getvalue()


def _rows(db: sqlite3.Connection, table: str) -> list[dict[str, Any]]:
    # One of TABLES, nothing from outside.
    cursor = db.execute(f"SELECT * FROM {table} ORDER BY rowid")  # noqa: S608
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, rows[0].keys())
        writer.writeheader()
        writer.writerows({name: _plain(value) for name, value in row.items()} for row in rows)
    return "\ufeff" + text.getvalue()  # so that spreadsheets take it for UTF-8


def _plain(value: object) -> object:
    """A value that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@") else value


def _statements(tables: dict[str, list[dict[str, Any]]], iri_base: str) -> list[dict[str, Any]]:
    found = []
    for kind, rows in (
        ("session", tables.get("sessions", [])),
        ("attempt", tables.get("attempts", [])),
    ):
        for row in rows:
            facts = row if kind == "attempt" else {"session": row["id"]}
            made = statement(
                kind, row["id"], row["child"], row["wall_ms"], facts, iri_base=iri_base
            )
            found.append(made)
    return sorted(found, key=lambda each: str(each["timestamp"]))


def _family(family: Family, now: datetime) -> dict[str, Any]:
    return {
        "exported": now.isoformat(timespec="seconds"),
        "limits": family.limits.as_dict(),
        "children": family.children,
        "present": family.present,
        "consents": [
            {"purpose": each.purpose.value, "given": each.given, "at": each.at}
            for each in family.log
        ],
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
