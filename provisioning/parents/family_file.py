"""What a family has decided, in a file of its own: limits, children's nicknames, consents, a log.

Nothing is decided before it is on the disk. A file that cannot be read means that nothing is
consented to: it is set aside, never deleted.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from core.errors import StoreError
from provisioning.parents.limits import BadLimit, Limits, changed
from provisioning.private_files import write_private

FILE_NAME = "family.json"
FORMAT = 1
LOG_KEPT = 500
CHILDREN_AT_MOST = 8
NICKNAME_LETTERS = 24


class Purpose(Enum):
    """What a parent can consent to. Each is off until somebody says otherwise."""

    CLOUD_ANSWERS = "cloud_answers"
    RECORDINGS = "recordings"
    TEACHER_VOICE = "teacher_voice"
    TELEMETRY = "telemetry"


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of the log: what was given (True) or taken back (False), and when, UTC ISO 8601."""

    purpose: Purpose
    given: bool
    at: str


@dataclass(frozen=True, slots=True)
class Family:
    """What the family has decided so far; immutable, so that any thread may hold one."""

    limits: Limits = field(default_factory=Limits)
    children: tuple[str, ...] = ()
    """Nicknames; empty for one child without a name."""
    present: str = ""
    log: tuple[Decision, ...] = ()
    """Oldest first."""

    def decision(self, purpose: Purpose) -> Decision | None:
        """The latest about a purpose; None when nobody ever decided."""
        return next((each for each in reversed(self.log) if each.purpose is purpose), None)

    def consents(self, purpose: Purpose) -> bool:
        """Whether a parent allows it now."""
        latest = self.decision(purpose)
        return latest is not None and latest.given


class FamilyFile:
    """The file, and who is told when it changes. May be used by any thread.

    Args:
        folder: The state folder; None keeps it for this run only.
        wall: UTC now.
    """

    def __init__(self, folder: Path | None, wall: Callable[[], datetime]) -> None:
        self._path = None if folder is None else folder / FILE_NAME
        self._wall = wall
        self._lock = threading.Lock()
        self._told: list[Callable[[Family], None]] = []
        self.degraded: str | None = None
        """Why what was decided before does not hold any more; None when all is well."""
        self._family = self._read()

    @property
    def family(self) -> Family:
        """What holds now."""
        return self._family

    def when_changed(self, tell: Callable[[Family], None]) -> None:
        """Have somebody told after each change, in the thread that made it."""
        self._told.append(tell)

    def wish(self, wishes: Mapping[str, object]) -> Limits:
        """Change limits.

        Raises:
            BadLimit: A value is not allowed; nothing has changed.
            StoreError: It cannot be kept; nothing has changed.
        """
        with self._lock:
            limits = changed(self._family.limits, wishes)
            self._keep(replace(self._family, limits=limits))
        self._tell()
        return limits

    def decide(self, purpose: Purpose, given: bool) -> None:
        """Give or take back a consent; the same again is no new decision.

        Taking back holds even where the disk refuses it, for this run.

        Raises:
            StoreError: It cannot be kept.
        """
        with self._lock:
            if self._family.consents(purpose) is given:
                return
            line = Decision(purpose, given, self._wall().isoformat(timespec="seconds"))
            fresh = replace(self._family, log=(*self._family.log, line)[-LOG_KEPT:])
            try:
                self._keep(fresh)
            except StoreError:
                if not given:
                    self._family = fresh
                raise
        self._tell()

    def name_children(self, names: tuple[str, ...], present: str) -> None:
        """Say who practises here.

        Raises:
            BadLimit: A name is empty, too long, twice there, or not one of letters; or too many.
            StoreError: It cannot be kept.
        """
        folded = [name.casefold() for name in names]
        if len(names) > CHILDREN_AT_MOST or len(set(folded)) != len(folded):
            raise BadLimit("children")
        if not all(_is_nickname(name) for name in names) or (present and present not in names):
            raise BadLimit("children")
        with self._lock:
            self._keep(replace(self._family, children=names, present=present))
        self._tell()

    def forget(self) -> None:
        """Begin anew: no limit, no name, no consent, no log.

        Raises:
            StoreError: It cannot be kept.
        """
        with self._lock:
            self._keep(Family())
        self._tell()

    def _tell(self) -> None:
        for tell in self._told:
            tell(self._family)

    def _keep(self, family: Family) -> None:
        if self._path is not None:
            try:
                write_private(self._path, _to_json(family).encode())
            except OSError as error:
                raise StoreError(
                    f"{self._path} cannot be written ({error.strerror}): free some space and make"
                    " its folder writable; nothing has changed"
                ) from error
        self._family = family

    def _read(self) -> Family:
        if self._path is None:
            return Family()
        try:
            return _from_json(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Family()
        except (OSError, ValueError, KeyError, TypeError):
            aside = self._path.with_suffix(".damaged")
            self.degraded = (
                f"the family's limits and consents could not be read: every consent is off; the"
                f" file is kept as {aside.name}, decide again on the parents' pages"
            )
            try:
                self._path.replace(aside)
            except OSError:
                self.degraded = "the family's limits and consents cannot be read: check the disk"
            return Family()


def _is_nickname(name: str) -> bool:
    return (
        0 < len(name) <= NICKNAME_LETTERS
        and name == name.strip()
        and all(letter.isalpha() or letter in " '-" for letter in name)
    )


def _to_json(family: Family) -> str:
    value = {
        "format": FORMAT,
        "limits": family.limits.as_dict(),
        "children": family.children,
        "present": family.present,
        "log": [[each.purpose.value, each.given, each.at] for each in family.log],
    }
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _from_json(text: str) -> Family:
    value: dict[str, Any] = json.loads(text)
    if value["format"] != FORMAT:
        raise ValueError("a format of a newer Myna")
    return Family(
        limits=changed(Limits(), value["limits"]),
        children=tuple(str(name) for name in value["children"]),
        present=str(value["present"]),
        log=tuple(Decision(Purpose(p), bool(given), str(at)) for p, given, at in value["log"]),
    )
