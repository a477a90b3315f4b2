"""Two places for the application beside each other: try a new one, keep it when it is well.

``current`` is a symlink to one of the folders ``a`` and ``b``; where there is none, what came with
the system runs. Only a rename ever changes it, so at any instant it leads to a whole release. A new
one is on trial until `confirm`; the second start without that goes back to the old one, whatever
stopped the first: a fault, a hang, a power cut.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from core.errors import ProvisioningError
from provisioning.private_files import sync_folder, write_private
from provisioning.slots import Verdict

APPLICATION = "application"
"""Folder of the two places in the speaker's state folder."""
CURRENT, TRIAL, VERSION = "current", "trial.json", "VERSION"
NAMES = ("a", "b")


@dataclass(frozen=True, slots=True)
class ReleaseTrial:
    """A release on trial.

    Attributes:
        slot: Where it lies, ``a`` or ``b``.
        back: Where to go back to; empty for what came with the system.
        started: Whether it was started already.
    """

    slot: str
    back: str
    started: bool


class Disk:
    """The steps that change the disk. Each is durable when it returns; all raise OSError."""

    def remove(self, path: Path) -> None:
        """A file or folder with all that is in it; what is not there is no mistake."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        if path.parent.is_dir():
            sync_folder(path.parent)

    def unpack(self, archive: Path, folder: Path) -> None:
        """A tar into a fresh folder.

        Raises:
            ProvisioningError: It is none, or would write outside the folder.
        """
        folder.mkdir(parents=True)
        # The program keeps to the folder in every version that is about; Python's own module
        # does so from 3.11.4 on, and Debian 12 has 3.11.2.
        command = ["tar", "--extract", "--no-same-owner", "--no-same-permissions"]
        try:
            subprocess.run(
                [*command, "--file", str(archive), "--directory", str(folder)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            raise ProvisioningError(
                "the release is no sound archive; publish it anew", code="update.bad_archive"
            ) from error
        os.sync()

    def rename(self, path: Path, target: Path) -> None:
        """Within a folder."""
        path.replace(target)
        sync_folder(target.parent)

    def link(self, path: Path, to: str) -> None:
        """Let a symlink lead elsewhere, by one rename."""
        fresh = path.with_name(f".{path.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(to)
        self.rename(fresh, path)

    def write(self, path: Path, text: str) -> None:
        """A small file, by one rename."""
        write_private(path, text.encode())


class ReleaseSlots:
    """The two places.

    Args:
        folder: Holds ``a``, ``b``, ``current`` and the note about a trial.
        disk: Changes it.
    """

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self._folder = folder
        self._disk = disk or Disk()

    @property
    def current(self) -> str:
        """``a`` or ``b``; empty when nothing is installed."""
        try:
            name = (self._folder / CURRENT).readlink().name
        except OSError:
            return ""
        return name if name in NAMES else ""

    @property
    def release(self) -> Path | None:
        """The folder of what the next start takes; None for what came with the system."""
        return self._folder / self.current if self.version is not None else None

    @property
    def version(self) -> str | None:
        """Of what the next start takes; None when nothing is installed."""
        try:
            return (self._folder / CURRENT / VERSION).read_text(encoding="utf-8").strip()
        except OSError:
            return None

    @property
    def trial(self) -> ReleaseTrial | None:
        """The trial that is not yet decided. A torn note is none."""
        try:
            value = json.loads((self._folder / TRIAL).read_text(encoding="utf-8"))
            trial = ReleaseTrial(value["slot"], value["back"], bool(value["started"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return trial if trial.slot in NAMES and trial.back in ("", *NAMES) else None

    def install(self, archive: Path, version: str) -> None:
        """Put a verified archive into the other place; the next start tries it.

        Raises:
            ProvisioningError: A trial runs, or the archive holds another version.
            OSError: The disk is full or broken; what runs is untouched.
        """
        trial = self.trial
        if trial is not None and trial.slot == self.current:
            raise ProvisioningError(
                "a release is on trial; confirm it or start again first", code="update.on_trial"
            )
        back = self.current
        slot = NAMES[1] if back == NAMES[0] else NAMES[0]
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._folder / f".{slot}.new"
        self._disk.remove(fresh)
        self._disk.unpack(archive, fresh)
        agree(fresh, version)
        self._disk.remove(self._folder / slot)
        self._disk.rename(fresh, self._folder / slot)
        self._note(ReleaseTrial(slot, back, started=False))
        self._disk.link(self._folder / CURRENT, slot)

    def before_start(self) -> Verdict:
        """What to start now; call once before each start, then start ``current``."""
        trial = self.trial
        if trial is None:
            return Verdict.NONE
        if self.current != trial.slot:  # the power went around the switch, either way
            self._disk.remove(self._folder / TRIAL)
            return Verdict.FELL_BACK if trial.started else Verdict.NONE
        if not trial.started:
            self._note(ReleaseTrial(trial.slot, trial.back, started=True))
            return Verdict.TRYING
        self._go_back(trial)
        return Verdict.FELL_BACK

    def give_up(self) -> None:
        """End a trial that is known not to be well: the old release is the next. Idempotent."""
        trial = self.trial
        if trial is not None and trial.slot == self.current:
            self._go_back(trial)

    def confirm(self) -> None:
        """Keep what is on trial. Idempotent."""
        trial = self.trial
        if trial is not None and trial.slot == self.current:
            self._disk.remove(self._folder / TRIAL)

    def _go_back(self, trial: ReleaseTrial) -> None:
        if trial.back:
            self._disk.link(self._folder / CURRENT, trial.back)
        else:  # to what came with the system, which lies elsewhere
            self._disk.remove(self._folder / CURRENT)
        self._disk.remove(self._folder / TRIAL)

    def _note(self, trial: ReleaseTrial) -> None:
        note = {"slot": trial.slot, "back": trial.back, "started": trial.started}
        self._disk.write(self._folder / TRIAL, json.dumps(note))


def agree(folder: Path, version: str) -> None:
    """Hold what an archive says of itself against what its publisher signed.

    Raises:
        ProvisioningError: They differ.
    """
    try:
        found = (folder / VERSION).read_text(encoding="utf-8").strip()
    except OSError:
        found = "none"
    if found != version:
        raise ProvisioningError(
            f"the archive says it is {found}, its signature says {version}; publish it anew",
            code="update.bad_archive",
        )


def is_newer(version: str, than: str) -> bool:
    """Whether a version is later than another: numbers count as numbers, the rest as text."""
    return _order(version) > _order(than)


def _order(version: str) -> tuple[tuple[int, int, str], ...]:
    parts = re.findall(r"\d+|[a-z]+", version.casefold())
    # A letter sorts before a number: 1.0rc1 comes before 1.0.1.
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts)
