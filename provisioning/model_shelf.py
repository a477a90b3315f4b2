"""Models and voices that came as signed updates: each a folder, there whole or not at all."""

from __future__ import annotations

import re
from pathlib import Path

from core.errors import ProvisioningError
from provisioning.update_slots import VERSION, Disk, agree

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_BETWEEN = "@"
"""Stands between a model's name and its version in the name of its folder."""


class ModelShelf:
    """A folder with a folder for each model, ``NAME@VERSION``.

    A new version is moved in whole before the old one goes, so that a power cut leaves one of the
    two, or both, never half a model.

    Args:
        folder: Made when missing.
        disk: Changes it.
    """

    def __init__(self, folder: Path, disk: Disk | None = None) -> None:
        self._folder = folder
        self._disk = disk or Disk()

    def versions(self) -> dict[str, str]:
        """What is there: version by name."""
        found = {}
        for path in sorted(self._folder.glob(f"*{_BETWEEN}*/{VERSION}")):
            name, _, version = path.parent.name.partition(_BETWEEN)
            if not name.startswith("."):
                found[name] = version
        return found

    def install(self, archive: Path, name: str, version: str) -> Path:
        """Put a verified archive in the place of the model's other version.

        Args:
            archive: A tar with ``VERSION`` and the model's files at its top.
            name: Of the model, ``vosk-model-small-en-us``.
            version: As its publisher signed it.

        Returns:
            Where it lies.

        Raises:
            ProvisioningError: A name or archive that is none.
            OSError: The disk is full or broken; what was there still is.
        """
        if not _NAME.fullmatch(name) or not _NAME.fullmatch(version):
            raise ProvisioningError(
                "the model's name or version cannot be a folder's; publish it anew",
                code="update.bad_archive",
            )
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = self._folder / f"{name}{_BETWEEN}{version}"
        fresh = self._folder / f".{name}.new"
        self._disk.remove(fresh)
        self._disk.unpack(archive, fresh)
        agree(fresh, version)
        if not (target / VERSION).is_file():
            self._disk.remove(target)  # torn, should a card have lost its files
            self._disk.rename(fresh, target)
        else:
            self._disk.remove(fresh)
        for old in self._folder.glob(f"{name}{_BETWEEN}*"):
            if old != target:
                self._disk.remove(old)
        return target
