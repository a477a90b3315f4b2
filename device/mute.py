"""Who has muted the microphone: the switch on the box, or a parent from their page; both survive
a restart, the one because it stands there, the other in a file."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import StoreError

FILE_NAME = "muted"


class Mute:
    """Whether the microphone is to be closed, and by whom.

    Args:
        by_switch: Where the switch stands.
        folder: Where the parents' wish is kept; None keeps it for this run only.
    """

    def __init__(self, by_switch: bool, folder: Path | None) -> None:
        self.by_switch = by_switch
        self._file = None if folder is None else folder / FILE_NAME
        self.by_parents = self._file is not None and _there(self._file)

    @property
    def muted(self) -> bool:
        return self.by_switch or self.by_parents

    def wish(self, muted: bool) -> None:
        """What the parents want from now on, on the disk before it holds.

        Raises:
            StoreError: It cannot be kept. A wish to mute holds all the same, for this run.
        """
        if muted:
            self.by_parents = True
        if self._file is not None:
            try:
                _put(self._file) if muted else self._file.unlink(missing_ok=True)
                _sync_folder(self._file.parent)
            except OSError as error:
                raise StoreError(
                    f"{self._file} cannot be written ({error.strerror}): free some space and make"
                    " its folder writable; until then a restart forgets the muting"
                ) from error
        self.by_parents = muted


def _there(file: Path) -> bool:
    """Whether the wish is kept; a folder that cannot be read is taken for a wish to be muted."""
    try:
        file.stat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def _put(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with file.open("w", encoding="ascii") as opened:
        os.fsync(opened.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
