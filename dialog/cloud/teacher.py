"""Questions for a person: asked, passed on, answered, read aloud; all of it survives a restart."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from core.errors import StoreError
from dialog.safety.screen import screen

EXPIRES = timedelta(days=14)
"""A question that nobody answered by then, and an answer that nobody heard, are let go."""
MOST_OPEN = 20
LONGEST_ANSWER = 400

_SCHEMA = """
CREATE TABLE IF NOT EXISTS question (
    id TEXT PRIMARY KEY, asked TEXT NOT NULL, text TEXT NOT NULL,
    passed_on INTEGER NOT NULL DEFAULT 0, answer TEXT, heard INTEGER NOT NULL DEFAULT 0
)
"""


@dataclass(frozen=True, slots=True)
class TeacherQuestion:
    """One question.

    Attributes:
        id: Made once, by the caller; whoever stores it again drops the second copy.
        text: Without personal data.
        answer: What the teacher said; empty before.
    """

    id: str
    text: str
    answer: str = ""


class TeacherQueue:
    """The queue in a small database of its own. Called from one thread.

    Args:
        path: The file; None keeps it in memory.

    Raises:
        StoreError: It cannot be opened.
    """

    def __init__(self, path: Path | None) -> None:
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(
                path or ":memory:", isolation_level=None, check_same_thread=False
            )
            self._database.execute("PRAGMA journal_mode=WAL")
            self._database.execute("PRAGMA synchronous=FULL")
            self._database.execute(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"questions for the teacher cannot be kept in {path}; check that its folder can "
                "be written and has space"
            ) from error

    def close(self) -> None:
        """Idempotent."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def ask(self, question_id: str, text: str, now: datetime) -> bool:
        """Queue a question; False when too many wait already.

        Personal data is replaced here, too: nobody can queue a name by another way.
        """
        (waiting,) = self._row("SELECT count(*) FROM question WHERE answer IS NULL")
        if int(str(waiting)) >= MOST_OPEN:
            return False
        self._do(
            "INSERT OR IGNORE INTO question (id, asked, text) VALUES (?, ?, ?)",
            (question_id, now.isoformat(), screen(text).text),
        )
        return True

    def to_pass_on(self) -> tuple[TeacherQuestion, ...]:
        """Questions that the platform has not acknowledged, oldest first."""
        return self._questions("passed_on = 0")

    def passed_on(self, question_id: str) -> None:
        """The platform has the question."""
        self._do("UPDATE question SET passed_on = 1 WHERE id = ?", (question_id,))

    def answered(self, question_id: str, answer: str) -> bool:
        """Keep a teacher's answer; False when the question is unknown or answered already."""
        done = self._do(
            "UPDATE question SET answer = ?, passed_on = 1 WHERE id = ? AND answer IS NULL",
            (" ".join(answer.split())[:LONGEST_ANSWER], question_id),
        )
        return done == 1

    def unheard(self) -> tuple[TeacherQuestion, ...]:
        """Answers that wait to be read aloud: the lights glow while there are any."""
        return self._questions("answer IS NOT NULL AND heard = 0")

    def heard(self, question_id: str) -> None:
        """An answer was read aloud to its end."""
        self._do("UPDATE question SET heard = 1 WHERE id = ?", (question_id,))

    def expire(self, now: datetime) -> int:
        """Let go of what is too old; how many that were."""
        return self._do("DELETE FROM question WHERE asked < ?", ((now - EXPIRES).isoformat(),))

    def _questions(self, where: str) -> tuple[TeacherQuestion, ...]:
        # Both conditions are constants of this module.
        rows = self._database.execute(
            f"SELECT id, text, coalesce(answer, '') FROM question WHERE {where} ORDER BY asked, id"  # noqa: S608
        )
        return tuple(TeacherQuestion(*row) for row in rows)

    def _row(self, statement: str) -> tuple[object, ...]:
        row: tuple[object, ...] = self._database.execute(statement).fetchone()
        return row

    def _do(self, statement: str, values: tuple[str, ...]) -> int:
        try:
            return self._database.execute(statement, values).rowcount
        except sqlite3.Error as error:
            raise StoreError(
                "a question for the teacher could not be written; free some space on the disk"
            ) from error
