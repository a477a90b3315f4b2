"""A board that is not there: QEMU's arm64 machine, and before it the firmware's few lines.

The Raspberry Pi's firmware reads ``autoboot.txt`` from the card's first partition and starts the
boot partition it names; so does `Machine.start`, from the card's file, without mounting it.
"""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from provisioning.slots import Slot, parse_autoboot

_MARK = "__myna_end__"
_ASK_AGAIN_S, _HEARD_WITHIN_S = 10.0, 60.0
_TRIAL_ASKED = b"reboot: Restarting system with command '0 tryboot'"


class Machine:
    """One board with its card.

    Args:
        card: A writable image file; it keeps what the board writes.
        folder: For logs and sockets.
    """

    def __init__(self, card: Path, folder: Path) -> None:
        self.card = card
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._shell: socket.socket | None = None
        self._starts = 0
        self.started: tuple[Slot, bool] | None = None

    @property
    def log(self) -> Path:
        """What the console said since the last start."""
        return self._folder / f"console-{self._starts}.log"

    def start(self, *, trial: bool = False) -> None:
        """Power on: what the firmware does."""
        self.stop()
        self._starts += 1
        slot = parse_autoboot(self.read(1, "autoboot.txt").decode(), "tryboot" if trial else "all")
        kernel, initrd = self._folder / "kernel", self._folder / "initrd"
        kernel.write_bytes(self.read(slot.value, "kernel8.img"))
        initrd.write_bytes(self.read(slot.value, "initramfs8"))
        cmdline = self.read(slot.value, "cmdline.txt").decode().strip()
        # A shell on the console, which no card has: the tests have no other way in.
        cmdline += f" myna.trial={int(trial)} systemd.debug_shell=ttyAMA0"
        cmdline += " systemd.mask=serial-getty@ttyAMA0.service systemd.show_status=0"
        shell = self._folder / f"shell-{self._starts}"
        self._process = subprocess.Popen(
            [
                *("qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a72", "-smp", "2"),
                *("-m", "1024", "-accel", "tcg,thread=multi", "-nographic", "-no-reboot"),
                *("-kernel", str(kernel), "-initrd", str(initrd), "-append", cmdline),
                *("-drive", f"file={self.card},format=raw,if=virtio,cache=unsafe"),
                *("-nic", "none", "-serial", "chardev:shell", "-monitor", "none"),
                "-chardev",
                f"socket,id=shell,path={shell},server=on,wait=off,logfile={self.log}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._shell = _connected(shell, self._process)
        self.started = (slot, trial)

    def stop(self) -> None:
        """Pull the plug."""
        if self._shell is not None:
            self._shell.close()
            self._shell = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def wait_off(self, *, limit_s: float) -> bool:
        """Wait until it restarts or is switched off; returns whether it asked for a trial."""
        assert self._process is not None
        assert self._shell is not None
        until = time.monotonic() + limit_s
        self._shell.settimeout(1.0)
        while self._process.poll() is None:
            if time.monotonic() > until:
                raise TimeoutError(f"it is still on\n{self.log.read_text(errors='replace')}")
            with contextlib.suppress(OSError):  # what nobody reads would hold it up
                if not self._shell.recv(65536):
                    time.sleep(0.2)
        asked = _TRIAL_ASKED in self.log.read_bytes()
        self.stop()
        return asked

    def wait_for(self, command: str, *, limit_s: float) -> str:
        """Repeat a command, which must bear that, until it succeeds; its output."""
        until = time.monotonic() + limit_s
        while True:
            # What is typed before there is a shell is lost: type it again after a while.
            left_s = max(1.0, until - time.monotonic())
            code, said = self.run(command, limit_s=min(_HEARD_WITHIN_S, left_s))
            if code == 0:
                return said
            if time.monotonic() > until:
                raise TimeoutError(f"{command}: {said}\n{self.log.read_text(errors='replace')}")
            time.sleep(_ASK_AGAIN_S)  # asking is work for a slow machine, too

    def run(self, command: str, *, limit_s: float = 120.0) -> tuple[int, str]:
        """Exit code and output of a command in the machine's debugging shell; -1 without an end."""
        assert self._shell is not None
        token = f"{_MARK}{time.monotonic_ns()}"
        self._shell.sendall(f"{command}\necho {token[:6]}''{token[6:]} $?\n".encode())
        self._shell.settimeout(1.0)
        said = b""
        until = time.monotonic() + limit_s
        while not (end := re.search(rf"{token} (\d+)", said.decode(errors="replace"))):
            if time.monotonic() > until:
                return -1, said.decode(errors="replace")
            try:
                said += (more := self._shell.recv(65536))
                if not more:  # it was switched off meanwhile
                    return -1, said.decode(errors="replace")
            except ConnectionError:
                return -1, said.decode(errors="replace")
            except TimeoutError:
                self._shell.sendall(b"" if said else b"\n")  # the shell may have come up just now
        return int(end[1]), said.decode(errors="replace")[: end.start()]

    def read(self, partition: int, name: str) -> bytes:
        """A file from one of the card's FAT partitions."""
        where = f"{self.card}@@{self._offset(partition)}"
        return subprocess.run(
            ["mtype", "-i", where, f"::{name}"], capture_output=True, check=True
        ).stdout

    def copy_partition(self, source: int, target: int) -> None:
        """What an update does: the whole of one partition onto another of the same size."""
        with self.card.open("r+b") as file:
            count = self._sectors(source) * 512
            for at in range(0, count, 1 << 20):
                file.seek(self._offset(source) + at)
                data = file.read(1 << 20)
                if data.strip(b"\0"):
                    file.seek(self._offset(target) + at)
                    file.write(data)

    def replace(self, partition: int, name: str, content: bytes) -> None:
        """Write a file onto one of the card's FAT partitions."""
        local = self._folder / "file"
        local.write_bytes(content)
        where = f"{self.card}@@{self._offset(partition)}"
        subprocess.run(["mcopy", "-o", "-i", where, str(local), f"::{name}"], check=True)

    def relabel(self, partition: int, label: str) -> None:
        """Name a FAT partition."""
        where = f"{self.card}@@{self._offset(partition)}"
        subprocess.run(["mlabel", "-i", where, f"::{label}"], check=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _offset(self, partition: int) -> int:
        return self._table()[partition][0] * 512

    def _sectors(self, partition: int) -> int:
        return self._table()[partition][1]

    def _table(self) -> dict[int, tuple[int, int]]:
        listed = subprocess.run(
            ["sfdisk", "--dump", str(self.card)], capture_output=True, text=True, check=True
        ).stdout
        found = re.findall(r"img(\d+) : start= *(\d+), size= *(\d+)", listed)
        return {int(number): (int(start), int(size)) for number, start, size in found}


def _connected(path: Path, process: subprocess.Popen[bytes]) -> socket.socket:
    until = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < until:
        shell = socket.socket(socket.AF_UNIX)
        try:
            shell.connect(str(path))
        except OSError:
            shell.close()
            time.sleep(0.05)
        else:
            return shell
    raise RuntimeError("QEMU does not start; is qemu-system-arm installed?")
