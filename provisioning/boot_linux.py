"""The two slots as Linux shows them: boot files on a mounted FAT, the kernel's command line.

Each slot's ``cmdline.txt`` says ``myna.slot=a`` or ``b``. Whether this is a trial says the firmware
of the Raspberry Pi in the device tree; elsewhere ``myna.trial=1`` on the command line.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from core.errors import ProvisioningError
from provisioning.private_files import sync_folder, write_private
from provisioning.slots import AUTOBOOT_BYTES, Running, Slot

TRIAL_FILE = "slot-trial.json"


class LinuxBoot:
    """Honours `provisioning.slots.Boot`.

    Args:
        boot: Where the card's first partition is mounted.
        state: A folder on the data partition.
        slots: Where each slot's own boot partition is mounted, by ``a`` and ``b``.
        proc: ``/proc``.
    """

    def __init__(
        self,
        boot: Path = Path("/boot/myna"),
        state: Path = Path("/data/system"),
        slots: Path = Path("/boot/slots"),
        proc: Path = Path("/proc"),
    ) -> None:
        self._autoboot = boot / "autoboot.txt"
        self._trial = state / TRIAL_FILE
        self._slots = slots
        self._proc = proc

    def running(self) -> Running:
        options = (self._proc / "cmdline").read_text(encoding="ascii", errors="replace").split()
        named = re.findall(r"(?m)^myna\.slot=([ab])$", "\n".join(options))
        if not named:
            raise ProvisioningError(
                "the kernel was not told which slot it is; flash the card again"
            )
        firmware = self._proc / "device-tree/chosen/bootloader/tryboot"
        if firmware.exists():
            trial = int.from_bytes(firmware.read_bytes(), "big") != 0
        else:
            trial = "myna.trial=1" in options
        return Running(Slot.named(named[-1]), trial)

    def read_autoboot(self) -> str:
        return self._autoboot.read_text(encoding="ascii", errors="replace")

    def write_autoboot(self, text: str) -> None:
        data = text.encode("ascii")
        if len(data) != AUTOBOOT_BYTES:
            raise ValueError(f"{len(data)} bytes are not one sector")
        # In place, not beside and renamed: FAT cannot rename safely, but a sector is whole.
        fd = os.open(self._autoboot, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            os.pwrite(fd, data, 0)
            os.ftruncate(fd, AUTOBOOT_BYTES)
            os.fsync(fd)
        finally:
            os.close(fd)

    def version_in(self, slot: Slot) -> str | None:
        try:
            text = (self._slots / slot.name.lower() / "myna.json").read_text(encoding="utf-8")
            return str(json.loads(text)["version"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def read_trial(self) -> str | None:
        try:
            return self._trial.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def write_trial(self, text: str | None) -> None:
        if text is None:
            self._trial.unlink(missing_ok=True)
            sync_folder(self._trial.parent)
        else:
            write_private(self._trial, text.encode("utf-8"))

    def restart(self, *, trial: bool) -> None:
        # systemd hands the argument to the kernel, the kernel to the firmware.
        argument = ["--reboot-argument=0 tryboot"] if trial else []
        subprocess.run(["systemctl", "reboot", *argument], check=True)
