"""Models and voices that may be fetched: a table that ships, with the hash of every file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from core.errors import ProvisioningError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model.

    Attributes:
        url: ``https://``; its last part names the file.
        bytes: Size.
        sha256: Lower-case hexadecimal.
    """

    url: str
    bytes: int
    sha256: str

    @property
    def name(self) -> str:
        """The file's name."""
        return PurePosixPath(urlsplit(self.url).path).name


@dataclass(frozen=True, slots=True)
class Offered:
    """A model that may be fetched.

    Attributes:
        name: What it is asked for by, and its folder's name.
        kind: ``vosk`` or ``piper``.
        about: For people, half a line.
        licence: SPDX, or in words.
        files: What it is made of.
    """

    name: str
    kind: str
    about: str
    licence: str
    files: tuple[ModelFile, ...]

    @property
    def bytes(self) -> int:
        """What is downloaded."""
        return sum(file.bytes for file in self.files)


def catalogue(table: Mapping[str, Any] | None = None) -> tuple[Offered, ...]:
    """All that is offered, by name.

    Args:
        table: Instead of the one that ships.

    Raises:
        ValueError: An entry is not as it has to be; tests hold the table that ships to this.
    """
    if table is None:
        text = resources.files("provisioning").joinpath("models.toml").read_text(encoding="utf-8")
        table = tomllib.loads(text)
    return tuple(_offered(name, entry) for name, entry in sorted(table.items()))


def offered(name: str, among: tuple[Offered, ...]) -> Offered:
    """The model of that name.

    Raises:
        ProvisioningError: There is none.
    """
    for each in among:
        if each.name == name:
            return each
    names = ", ".join(each.name for each in among)
    raise ProvisioningError(
        f'no model is called "{name}"; there are {names}', code="model.not_offered"
    )


def _offered(name: str, entry: Mapping[str, Any]) -> Offered:
    files = tuple(ModelFile(f["url"], int(f["bytes"]), f["sha256"]) for f in entry["files"])
    sound = bool(files) and entry["kind"] in ("vosk", "piper") and _NAME.fullmatch(name)
    for file in files:
        whole = urlsplit(file.url).scheme == "https" and _NAME.fullmatch(file.name)
        sound = sound and whole and file.bytes > 0 and _SHA256.fullmatch(file.sha256)
    if not sound:
        raise ValueError(f"the table of models is wrong at {name}")
    return Offered(name, entry["kind"], entry["about"], entry["licence"], files)
