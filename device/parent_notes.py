"""Notes to parents that a child may need help: what about and when, never what was said."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dialog.safety.ports import Topic

log = logging.getLogger(__name__)

FILE_NAME = "notes.json"
MOST_KEPT = 30


@dataclass(frozen=True, slots=True)
class Note:
    """One note; a day and no hour, so that it tells who was there as little as it can."""

    day: date
    topic: Topic


class ParentNotes:
    """The notes, newest last, in a file that only the speaker can read.

    Args:
        folder: The state folder; None keeps them for this run only.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / FILE_NAME
        self._notes = _read(self._path)

    @property
    def notes(self) -> tuple[Note, ...]:
        return self._notes

    def add(self, topic: Topic, day: date) -> None:
        """Leave a note; the same on the same day is one."""
        note = Note(day, topic)
        if note in self._notes:
            return
        self._notes = (*self._notes, note)[-MOST_KEPT:]
        self._write()

    def read(self) -> None:
        """A parent has read them on their page: they go."""
        self._notes = ()
        self._write()

    def _write(self) -> None:
        if self._path is None:
            return
        fresh = self._path.with_suffix(".new")
        said = [{"day": n.day.isoformat(), "topic": n.topic.value} for n in self._notes]
        try:
            with open(fresh, "w", encoding="utf-8", opener=_private) as file:
                json.dump(said, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        except OSError as error:
            log.error("a note to the parents could not be kept: errno=%s", error.errno)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _read(path: Path | None) -> tuple[Note, ...]:
    if path is None:
        return ()
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return tuple(Note(date.fromisoformat(n["day"]), Topic(n["topic"])) for n in raw)
    except (OSError, ValueError, KeyError, TypeError):
        return ()  # none yet, or torn
