"""How far pairing has come, on disk: whole after a power cut, read by its owner alone."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Self

from provisioning.pairing.keys import KEY_FILE
from provisioning.pairing.ports import PairingError
from provisioning.private_files import sync_folder, write_over, write_private

FOLDER = "pairing"
"""In the state folder."""
FILE, CERTIFICATE_FILE, CA_FILE = "pairing.json", "device.crt", "ca.crt"
WANTED_FILE, LOCK_FILE = "wanted.json", "lock"
FORMAT = 1


class Phase(Enum):
    """How far it has come."""

    ALONE = "alone"
    WAITING = "waiting"
    """For a parent who types the code."""
    ALLOWED = "allowed"
    """By a parent; the button has the last word."""
    SURE = "sure"
    """The button was pressed; the certificate is being fetched."""
    PAIRED = "paired"
    LEAVING = "leaving"
    """The family has given the speaker up; its platform still has to hear of it."""


@dataclass(frozen=True, slots=True)
class Record:
    """One state of the file.

    Attributes:
        platform: Address.
        ends_s: When codes or token are worth nothing, in seconds of this start of the machine.
        boot: The start that `ends_s` counts in.
        family: Its name at the platform.
        broker: ``mqtts://host:8883``.
    """

    phase: Phase = Phase.ALONE
    platform: str = ""
    device: str = ""
    device_code: str = field(default="", repr=False)
    user_code: str = ""
    address: str = ""
    interval_s: float = 5.0
    ends_s: float = 0.0
    boot: str = ""
    token: str = field(default="", repr=False)
    family: str = ""
    broker: str = ""
    pack_key: str = ""


class PairingFolder:
    """The folder with everything of the pairing.

    Args:
        folder: Made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificate = folder / CERTIFICATE_FILE
        self.ca = folder / CA_FILE
        self.key = folder / KEY_FILE

    def read(self) -> Record:
        """What lies there; a file that cannot be read is as good as none: pair again."""
        try:
            value: dict[str, Any] = json.loads((self.folder / FILE).read_text(encoding="utf-8"))
            if value.pop("format") != FORMAT:
                return Record()
            return Record(**{**value, "phase": Phase(value["phase"])})
        except (OSError, ValueError, KeyError, TypeError):
            return Record()

    def write(self, record: Record) -> None:
        """Keep a state.

        Raises:
            PairingError: ``pairing.disk``; what was there before is still there.
        """
        value = {"format": FORMAT, **asdict(record), "phase": record.phase.value}
        try:
            write_private(self.folder / FILE, (json.dumps(value, indent=1) + "\n").encode())
        except OSError as error:
            raise _disk(error) from error

    def keep(self, record: Record, certificate: str, ca: str) -> None:
        """Keep what a speaker gets that is paired; the state comes last.

        Raises:
            PairingError: ``pairing.disk``.
        """
        try:
            write_private(self.certificate, certificate.encode("ascii"))
            write_private(self.ca, ca.encode("ascii"))
        except OSError as error:
            raise _disk(error) from error
        self.write(record)

    def wipe(self) -> None:
        """Nothing is left; the key's own blocks are written over.

        Raises:
            PairingError: ``pairing.disk``.
        """
        try:
            if not self.folder.exists():
                return
            (self.folder / FILE).unlink(missing_ok=True)
            if self.key.exists():
                write_over(self.key, b"")
            for path in (self.key, self.certificate, self.ca):
                path.unlink(missing_ok=True)
            sync_folder(self.folder)
        except OSError as error:
            raise _disk(error) from error

    def want(self, platform: str) -> None:
        """Ask the running speaker to begin; see `wanted`."""
        try:
            write_private(self.folder / WANTED_FILE, json.dumps({"platform": platform}).encode())
        except OSError as error:
            raise _disk(error) from error

    def wanted(self) -> str | None:
        """Take what another process asked for: the platform's address; None for nothing."""
        path = self.folder / WANTED_FILE
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            path.unlink()
            return str(value["platform"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


class Alone:
    """Holds the folder for one process. A context manager; `held` says whether it is ours."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None
        self.held = False

    def __enter__(self) -> Self:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self._folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.held = True
        except OSError:
            self.held = False
        return self

    def __exit__(self, *exc: object) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self.held = False


def _disk(error: OSError) -> PairingError:
    return PairingError(
        f"the pairing cannot be kept ({error.strerror}): free some space on the disk",
        code="pairing.disk",
    )
