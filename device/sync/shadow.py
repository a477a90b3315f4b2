"""Desired and reported settings: what the family wants, and what holds on the speaker."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Mapping
from typing import Any

from core.errors import SpeakerError
from device.sync.ports import ApplySetting

log = logging.getLogger(__name__)


class Shadow:
    """Works through desired settings and remembers the outcome.

    Args:
        db: In autocommit mode, with the table of the sync's state.
        apply: How each setting is made to hold; what is missing here is refused by name.
    """

    def __init__(self, db: sqlite3.Connection, apply: Mapping[str, ApplySetting]) -> None:
        self._db = db
        self._apply = apply
        row = db.execute("SELECT value FROM sync_state WHERE key = 'reported'").fetchone()
        self.reported: dict[str, Any] = (
            json.loads(row[0]) if row else {"version": 0, "settings": {}}
        )

    def restore(self) -> None:
        """Make hold again, after a start, what held before it."""
        for key, value in self.reported["settings"].items():
            self._try(key, value)

    def work_through(self, desired: Mapping[str, Any]) -> bool:
        """Apply desired settings; returns whether there is something new to report.

        An older version than the last one, or the same, changes nothing.
        """
        if desired["version"] <= self.reported["version"]:
            return False
        outcome = self.apply(desired["settings"])
        self._report({"version": desired["version"], **outcome})
        return True

    def apply(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Apply settings one by one; what cannot be applied stands in the way of no other.

        Returns:
            All settings that hold now, and those refused with their codes.
        """
        held = dict(self.reported["settings"])
        refused = []
        for key, value in settings.items():
            code = self._try(key, value)
            if code is None:
                held[key] = value
            else:
                refused.append({"key": key, "code": code})
        return {"settings": held, **({"refused": refused} if refused else {})}

    def command(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The ``settings`` command: apply now, keep, and return the outcome."""
        outcome = self.apply(settings)
        self._report({"version": self.reported["version"], **outcome})
        return outcome

    def _try(self, key: str, value: object) -> str | None:
        if key not in self._apply:
            return "unsupported"
        try:
            self._apply[key](value)
        except SpeakerError as error:
            return error.code
        except Exception as fault:  # the boundary: a fault of one setting is not the line's
            log.error("setting failed key=%s error=%s", key, type(fault).__name__)
            return "fault"
        return None

    def _report(self, reported: dict[str, Any]) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO sync_state VALUES ('reported', ?)", (json.dumps(reported),)
        )
        self.reported = reported
