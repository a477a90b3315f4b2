"""The two slots: a firmware that is a few lines, every way a trial can end, power cuts between."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ProvisioningError
from provisioning.boot_linux import LinuxBoot
from provisioning.slots import (
    AUTOBOOT_BYTES,
    Running,
    Slot,
    Slots,
    Trial,
    Verdict,
    autoboot,
    parse_autoboot,
)


class PowerCut(Exception):
    """Nothing after this was done."""


class Card:
    """A card and the Raspberry Pi's firmware before it; honours `Boot`.

    `cut_after` writes and restarts, the power goes: the next one raises and changes nothing.
    """

    def __init__(self, *, cut_after: int | None = None) -> None:
        self.autoboot = autoboot(Slot.A)
        self.note: str | None = None
        self.versions = {Slot.A: "1.0", Slot.B: "1.1"}
        self.now = Running(Slot.A, trial=False)
        self._try_next = False
        self._cut_after = cut_after

    def start(self) -> Running:
        """Power on: what the firmware does."""
        trial, self._try_next = self._try_next, False
        section = "tryboot" if trial else "all"
        self.now = Running(parse_autoboot(self.autoboot, section), trial)
        return self.now

    def running(self) -> Running:
        return self.now

    def read_autoboot(self) -> str:
        return self.autoboot

    def write_autoboot(self, text: str) -> None:
        self._step()
        self.autoboot = text

    def version_in(self, slot: Slot) -> str | None:
        return self.versions.get(slot)

    def read_trial(self) -> str | None:
        return self.note

    def write_trial(self, text: str | None) -> None:
        self._step()
        self.note = text

    def restart(self, *, trial: bool) -> None:
        self._step()
        self._try_next = trial

    def _step(self) -> None:
        if self._cut_after == 0:
            raise PowerCut
        if self._cut_after is not None:
            self._cut_after -= 1


def test_a_trial_that_works_is_kept() -> None:
    card = Card()
    assert Slots(card).try_other() == Trial(Slot.B, "1.1")
    assert card.start() == Running(Slot.B, trial=True)
    assert Slots(card).after_start() is Verdict.TRYING
    assert Slots(card).confirm() is Slot.B
    assert card.start() == Running(Slot.B, trial=False)
    assert Slots(card).after_start() is Verdict.NONE


def test_and_the_next_one_goes_back_into_the_first_slot() -> None:
    card = Card()
    for expected in (Slot.B, Slot.A, Slot.B):
        Slots(card).try_other()
        assert card.start() == Running(expected, trial=True)
        Slots(card).confirm()
        assert card.start() == Running(expected, trial=False)


def test_a_trial_that_hangs_falls_back_and_says_so_once() -> None:
    card = Card()
    Slots(card).try_other()
    card.start()  # panics, hangs, loses power: nobody confirms
    assert card.start() == Running(Slot.A, trial=False)
    assert Slots(card).after_start() is Verdict.FELL_BACK
    assert Slots(card).after_start() is Verdict.NONE
    assert Slots(card).default() is Slot.A


def test_a_trial_that_is_given_up_falls_back() -> None:
    card = Card()
    Slots(card).try_other()
    card.start()
    Slots(card).give_up()
    assert card.start() == Running(Slot.A, trial=False)
    assert Slots(card).after_start() is Verdict.FELL_BACK


@pytest.mark.parametrize("cut_after", range(8))
def test_whenever_the_power_goes_a_whole_system_is_started(cut_after: int) -> None:
    card = Card(cut_after=cut_after)
    try:
        Slots(card).try_other()
        card.start()
        assert Slots(card).after_start() is Verdict.TRYING
        Slots(card).confirm()
    except PowerCut:
        pass
    card._cut_after = None
    confirmed = parse_autoboot(card.autoboot) is Slot.B
    for _ in range(2):
        card.start()
        Slots(card).after_start()
    assert card.now == Running(Slot.B if confirmed else Slot.A, trial=False)
    assert card.note is None
    # And the next trial works as ever.
    Slots(card).try_other()
    assert card.start().trial
    assert Slots(card).after_start() is Verdict.TRYING


def test_refused() -> None:
    card = Card()
    with pytest.raises(ProvisioningError, match="nothing to confirm"):
        Slots(card).confirm()
    with pytest.raises(ProvisioningError, match="nothing to give up"):
        Slots(card).give_up()
    del card.versions[Slot.B]
    with pytest.raises(ProvisioningError, match="no whole system in the other slot"):
        Slots(card).try_other()
    card.versions[Slot.B] = "1.1"
    Slots(card).try_other()
    card.start()
    with pytest.raises(ProvisioningError, match="a trial is running"):
        Slots(card).try_other()


def test_a_torn_note_is_forgotten() -> None:
    card = Card()
    card.note = '{"slot": "B", "ver'
    assert Slots(card).after_start() is Verdict.NONE
    assert card.note is None


@pytest.mark.parametrize("slot", Slot)
def test_autoboot_is_one_sector_and_means_what_it_says(slot: Slot) -> None:
    text = autoboot(slot)
    assert len(text.encode()) == AUTOBOOT_BYTES
    assert parse_autoboot(text) is slot
    assert parse_autoboot(text, "tryboot") is slot.other


def test_autoboot_that_names_nothing() -> None:
    for text in ("", "[all]\n", "boot_partition=7\n"):
        with pytest.raises(ProvisioningError, match="names no slot"):
            parse_autoboot(text)


def linux(folder: Path, cmdline: str) -> LinuxBoot:
    for name in ("boot", "state", "slots/b", "proc"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "proc/cmdline").write_text(cmdline + "\n")
    return LinuxBoot(folder / "boot", folder / "state", folder / "slots", folder / "proc")


def test_linux_says_what_runs(tmp_path: Path) -> None:
    boot = linux(tmp_path, "root=/dev/x myna.slot=b quiet")
    assert boot.running() == Running(Slot.B, trial=False)
    assert linux(tmp_path, "myna.slot=b myna.trial=1").running() == Running(Slot.B, trial=True)
    tree = tmp_path / "proc/device-tree/chosen/bootloader"
    tree.mkdir(parents=True)
    for value in (0, 1):
        (tree / "tryboot").write_bytes(value.to_bytes(4, "big"))
        assert boot.running().trial is bool(value)
    with pytest.raises(ProvisioningError, match="not told which slot"):
        linux(tmp_path, "quiet").running()


def test_linux_keeps_what_is_written(tmp_path: Path) -> None:
    boot = linux(tmp_path, "myna.slot=a")
    boot.write_autoboot(autoboot(Slot.A))
    inode = (tmp_path / "boot/autoboot.txt").stat().st_ino
    boot.write_autoboot(autoboot(Slot.B))
    assert boot.read_autoboot() == autoboot(Slot.B)
    assert (tmp_path / "boot/autoboot.txt").stat().st_ino == inode  # in place
    with pytest.raises(ValueError, match="not one sector"):
        boot.write_autoboot("[all]\n")
    assert boot.read_trial() is None
    boot.write_trial("note")
    assert boot.read_trial() == "note"
    boot.write_trial(None)
    assert boot.read_trial() is None
    assert boot.version_in(Slot.B) is None
    (tmp_path / "slots/b/myna.json").write_text('{"version": "2.0"}')
    assert boot.version_in(Slot.B) == "2.0"
