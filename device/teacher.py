"""Questions for the teacher and the answers to them, in the progress file: restarts lose nothing.

A question goes out as the platform's event, an answer comes in as its command (`device.sync`).
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from audio.ports import Samples
from core.errors import StoreError
from device.store import Store
from device.sync import answers
from device.sync.answers import Answer
from device.teacher_voice import packed
from dialog.safety.screen import screen

log = logging.getLogger(__name__)

MOST_WAITING = 20
"""Questions that the platform has not taken yet; a child cannot fill the disk."""
EXPIRES = timedelta(days=30)
"""After the question: an answer that nobody heard by then is let go."""


class Teacher:
    """Used by the conversation's thread alone.

    Args:
        store: Progress.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def ask(self, question: str, *, words_may_go: bool, heard: Samples | None = None) -> bool:
        """Put a question to the teacher; False where it cannot be kept or too many wait.

        Args:
            question: Personal data in it is replaced here, whoever asks.
            words_may_go: A parent allows that the child's words leave the device; else the
                teacher is told only that there is a question.
            heard: How it sounded (int16, 16 000 Hz, mono), where a parent allows that it goes.
        """
        try:
            with self._store.transaction() as db:
                (waiting,) = db.execute(
                    "SELECT count(*) FROM outbox WHERE kind = 'asked'"
                ).fetchone()
            if waiting >= MOST_WAITING:
                return False
            self._store.ask(
                screen(question).text if words_may_go else None,
                None if heard is None else packed(heard),
            )
        except StoreError as error:
            log.warning("a question was not kept: code=%s", error.code)
            return False
        return True

    def waiting(self, now: datetime) -> tuple[Answer, ...]:
        """Answers that the child has not heard yet, oldest first."""
        try:
            with self._store.transaction() as db:
                found = answers.waiting(db, self._store.child)
                late = [each.question for each in found if _asked(each, now) < now - EXPIRES]
                answers.told(db, late)
        except StoreError as error:
            log.warning("answers could not be read: code=%s", error.code)
            return ()
        return tuple(each for each in found if each.question not in late)

    def told(self, questions: Sequence[str]) -> None:
        """These answers were heard to their end."""
        try:
            with self._store.transaction() as db:
                answers.told(db, questions)
        except StoreError as error:
            log.warning("an answer will be said again: code=%s", error.code)


def _asked(answer: Answer, now: datetime) -> datetime:
    """When the question was asked: its id, a UUIDv7, begins with that; else just now."""
    try:
        asked_ms = uuid.UUID(answer.question).int >> 80
        return datetime.fromtimestamp(asked_ms / 1000, tz=now.tzinfo)
    except (ValueError, OverflowError, OSError):
        return now
