"""Teachers' answers between their arrival and the moment at which a child hears them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dialog.ports import Language

AT_ONCE = 3
"""So many are said at one waking; the rest at the next."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `question` is the id of the event that asked it."""

    question: str
    text: str
    language: Language


def keep(db: sqlite3.Connection, args: Mapping[str, Any]) -> None:
    """Keep the answer of an ``answer`` command; a later one to the same question replaces it."""
    db.execute(
        "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?)",
        (args["question"], args.get("child"), args["text"], args["language"]),
    )


def waiting(db: sqlite3.Connection, child: str) -> tuple[Answer, ...]:
    """What a child has not heard yet, oldest first."""
    rows = db.execute(
        "SELECT question, text, language FROM answers WHERE child IS NULL OR child = ?"
        " ORDER BY rowid LIMIT ?",
        (child, AT_ONCE),
    )
    return tuple(Answer(question, text, Language(language)) for question, text, language in rows)


def told(db: sqlite3.Connection, questions: Sequence[str]) -> None:
    """These have been said."""
    db.executemany("DELETE FROM answers WHERE question = ?", [(each,) for each in questions])
