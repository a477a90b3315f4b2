"""Two systems on one card: try the other one, keep it when it works, come back when it does not.

The Raspberry Pi's firmware starts the boot partition that ``autoboot.txt`` names, or, once after
``reboot '0 tryboot'``, the other. Whatever stops a trial, a panic, a hang or a power cut, the next
start is the old system's. Only `confirm` changes that.
https://www.raspberrypi.com/documentation/computers/config_txt.html#autoboot-txt
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from core.errors import ProvisioningError

AUTOBOOT_BYTES = 512
"""The file is padded to one sector and written over in place: a power cut leaves old or new."""


class Slot(Enum):
    """One of the two systems; its boot partition's number on the card."""

    A = 2
    B = 3

    @property
    def other(self) -> Slot:
        return Slot.B if self is Slot.A else Slot.A

    @classmethod
    def named(cls, name: str) -> Slot:
        """From ``a`` or ``b``.

        Raises:
            ProvisioningError: It is neither.
        """
        try:
            return cls[name.upper()]
        except KeyError as error:
            raise ProvisioningError(f"there is no slot {name}; there are a and b") from error


@dataclass(frozen=True, slots=True)
class Running:
    """What was started, and whether on trial."""

    slot: Slot
    trial: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial that was asked for and is not yet decided."""

    slot: Slot
    version: str


class Boot(Protocol):
    """What lies below: the boot files and the firmware. Methods raise OSError."""

    def running(self) -> Running:
        """What the firmware started."""

    def read_autoboot(self) -> str:
        """``autoboot.txt``."""

    def write_autoboot(self, text: str) -> None:
        """Write it durably, in one sector."""

    def version_in(self, slot: Slot) -> str | None:
        """Version of the system in a slot; None when nothing whole is installed there."""

    def read_trial(self) -> str | None:
        """The note about a trial, on the data partition; None when there is none."""

    def write_trial(self, text: str | None) -> None:
        """Write or remove it, durably."""

    def restart(self, *, trial: bool) -> None:
        """Start again, with `trial` into the other slot."""


class Verdict(Enum):
    """What became of a trial, known after a start."""

    NONE = "none"
    """There was none."""
    TRYING = "trying"
    """It runs now and has to be confirmed."""
    FELL_BACK = "fell_back"
    """The other system did not come up, or was not confirmed; the old one runs."""


class Slots:
    """Trying, confirming and falling back.

    Args:
        boot: Files and firmware.
    """

    def __init__(self, boot: Boot) -> None:
        self._boot = boot

    def default(self) -> Slot:
        """The slot that the next plain start takes.

        Raises:
            ProvisioningError: ``autoboot.txt`` does not say.
        """
        return parse_autoboot(self._boot.read_autoboot())

    def try_other(self) -> Trial:
        """Start the other system on trial; does not return to the caller's system for long.

        Raises:
            ProvisioningError: A trial is running, or there is no whole system in the other slot.
        """
        running = self._boot.running()
        if running.trial:
            raise ProvisioningError("a trial is running; confirm it or start again first")
        if running.slot is not self.default():
            raise ProvisioningError("what runs is not what the next start takes; start again first")
        version = self._boot.version_in(running.slot.other)
        if version is None:
            raise ProvisioningError("there is no whole system in the other slot; install one first")
        trial = Trial(running.slot.other, version)
        # The firmware takes the trial's slot from here; an older file may name another.
        self._boot.write_autoboot(autoboot(running.slot))
        self._boot.write_trial(json.dumps({"slot": trial.slot.name, "version": version}))
        self._boot.restart(trial=True)
        return trial

    def after_start(self) -> Verdict:
        """What became of a trial; call once after each start. A fall-back is told only once."""
        trial = self._trial()
        if trial is None:
            return Verdict.NONE
        running = self._boot.running()
        if running.slot is trial.slot and running.trial:
            return Verdict.TRYING
        self._boot.write_trial(None)
        # Confirmed, and the power went before the note was removed.
        if running.slot is trial.slot and self.default() is trial.slot:
            return Verdict.NONE
        return Verdict.FELL_BACK

    def confirm(self) -> Slot:
        """Keep the system on trial: from now on every start takes it.

        Raises:
            ProvisioningError: None is running.
        """
        running, trial = self._boot.running(), self._trial()
        if not running.trial or trial is None or trial.slot is not running.slot:
            raise ProvisioningError("no trial is running; there is nothing to confirm")
        self._boot.write_autoboot(autoboot(running.slot))
        self._boot.write_trial(None)
        return running.slot

    def give_up(self) -> None:
        """End a trial that does not work: start again, into the old system.

        Raises:
            ProvisioningError: None is running.
        """
        if not self._boot.running().trial:
            raise ProvisioningError("no trial is running; there is nothing to give up")
        self._boot.restart(trial=False)

    def _trial(self) -> Trial | None:
        text = self._boot.read_trial()
        if text is None:
            return None
        try:
            value = json.loads(text)
            return Trial(Slot[value["slot"]], str(value["version"]))
        except (ValueError, KeyError, TypeError):
            self._boot.write_trial(None)  # torn: the firmware decides without it
            return None


def autoboot(default: Slot) -> str:
    """``autoboot.txt`` that starts one slot and tries the other; exactly one sector."""
    text = (
        "[all]\n"
        "tryboot_a_b=1\n"
        f"boot_partition={default.value}\n"
        "[tryboot]\n"
        f"boot_partition={default.other.value}\n"
    )
    return text.ljust(AUTOBOOT_BYTES - 1, "#") + "\n"


def parse_autoboot(text: str, section: str = "all") -> Slot:
    """The slot that a section of ``autoboot.txt`` names, as the firmware reads it.

    Raises:
        ProvisioningError: It names none.
    """
    current, found = "all", None
    for line in text.splitlines():
        if match := re.fullmatch(r"\s*\[(\w+)\]\s*", line):
            current = match[1]
        elif (match := re.fullmatch(r"\s*boot_partition=(\d+)\s*", line)) and current == section:
            found = int(match[1])
    try:
        return Slot(found)
    except ValueError as error:
        raise ProvisioningError("autoboot.txt names no slot; flash the card again") from error
