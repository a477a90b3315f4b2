"""What was spent today, kept through a power cut."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

from core.errors import StoreError


class Ledger:
    """Tokens per day in a small file. Only today's line is kept.

    Args:
        path: The file; None keeps it in memory.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._day, self._tokens = _read(path)

    def used(self, today: date) -> int:
        """Tokens spent on a day. A clock that was set back does not give a second budget."""
        return self._tokens if today <= self._day else 0

    def spend(self, tokens: int, today: date) -> None:
        """Count tokens, durably.

        Raises:
            StoreError: They were counted and could not be written.
        """
        if today > self._day:
            self._day, self._tokens = today, 0
        self._tokens += max(0, tokens)
        if self._path is not None:
            _write(self._path, {"day": self._day.isoformat(), "tokens": self._tokens})


def _read(path: Path | None) -> tuple[date, int]:
    if path is None:
        return date.min, 0
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return date.fromisoformat(raw["day"]), max(0, int(raw["tokens"]))
    except (OSError, ValueError, KeyError, TypeError):
        return date.min, 0  # none yet, or torn by a disk that was full


def _write(path: Path, content: dict[str, object]) -> None:
    beside = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error.strerror}); free some space on that disk"
        ) from error
