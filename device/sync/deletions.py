"""What parents deleted here, and whether the platform has confirmed that it did the same."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from device.store_file import FILE_NAME


@dataclass(frozen=True, slots=True)
class Deletions:
    """How it stands.

    Attributes:
        waiting: Deletions that the platform has not confirmed.
        confirmed: When it last confirmed one; None when it never did.
        left: It knows that the family has given the speaker up, or has asked for it itself and
            has the answer.
    """

    waiting: int = 0
    confirmed: datetime | None = None
    left: bool = False


def look(folder: Path | None) -> Deletions:
    """Read it over a connection of its own; nothing where there is no file, or none to be read."""
    if folder is None:
        return Deletions()
    try:
        place = (folder / FILE_NAME).resolve().as_uri()
        db = sqlite3.connect(f"{place}?mode=ro", uri=True, timeout=5.0)
        try:
            waiting, confirmed_ms = db.execute(
                "SELECT count(*) FILTER (WHERE confirmed_ms IS NULL), max(confirmed_ms)"
                " FROM deletions"
            ).fetchone()
            (left,) = db.execute(
                "SELECT EXISTS (SELECT 1 FROM deletions WHERE kind = 'unpair' AND confirmed_ms"
                " IS NOT NULL) OR EXISTS (SELECT 1 FROM commands WHERE name = 'unpair' AND"
                " state = 'ended' AND replied = 1 AND reply LIKE '%\"done\"%')"
            ).fetchone()
        finally:
            db.close()
    except sqlite3.Error:
        return Deletions()
    when = None if confirmed_ms is None else datetime.fromtimestamp(confirmed_ms / 1000, UTC)
    return Deletions(int(waiting), when, bool(left))
