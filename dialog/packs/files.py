"""The files of a pack, from a folder or a zip, with limits: a pack may come from anybody.

Nothing is ever unpacked to disk. A path that leaves the pack, a link, an encrypted member, a
member that inflates past its limit are refused before anything of them is used.
"""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Protocol

from core.errors import PackError

MANIFEST = "pack.yaml"
MAX_FILE_BYTES = 512 * 1024
MAX_PACK_BYTES = 4 * 1024 * 1024
MAX_FILES = 200
"""A pack is text: the starter pack has 60 kB in eight files."""


class PackFiles(Protocol):
    """Where the text of a pack comes from."""

    name: str
    """The folder or zip, for messages."""

    def read(self, name: str) -> bytes:
        """A file's bytes.

        Raises:
            PackError: No such file, too large, outside the pack, or damaged.
        """


def open_pack(path: Path) -> PackFiles:
    """The files of the pack at `path`.

    Raises:
        PackError: It is neither a folder with ``pack.yaml`` nor a sound zip of one.
    """
    if path.is_dir():
        if not (path / MANIFEST).is_file():
            raise PackError(f"{path}: there is no {MANIFEST} in this folder; name a pack's folder")
        return FolderFiles(path)
    if not path.exists():
        raise PackError(f"{path}: no such folder or zip; check the path")
    return ZipFiles(path)


def safe_name(name: str) -> str:
    """`name` as a plain relative path with ``/``.

    Raises:
        PackError: It is absolute, empty, or climbs out of the pack.
    """
    path = PurePosixPath(name)
    if (
        not path.parts
        or path.is_absolute()
        or ".." in path.parts
        or "\\" in name
        or ":" in name
        or "\0" in name
    ):
        raise PackError(f"{name!r} leaves the pack; name files inside it, like units/food.yaml")
    return str(path)


class FolderFiles:
    """A pack in a folder."""

    def __init__(self, root: Path) -> None:
        self.name = str(root)
        self._root = root.resolve()
        self._left = MAX_PACK_BYTES

    def read(self, name: str) -> bytes:
        path = (self._root / safe_name(name)).resolve()
        if not path.is_relative_to(self._root):
            raise PackError(f"{name!r} is a link out of the pack; put the file itself there")
        try:
            with path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise PackError(f"{name} cannot be read ({error.strerror}); put it there") from error
        self._left -= _within_limits(name, len(data), self._left)
        return data


class ZipFiles:
    """A pack in a zip, at its root or in one folder of it.

    Raises:
        PackError: Not a zip, damaged, or with members that no honest pack has.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._left = MAX_PACK_BYTES
        try:
            self._zip = zipfile.ZipFile(path)
            members = self._zip.infolist()
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise PackError(f"{path}: not a folder and not a readable zip; pack it anew") from error
        self._members = self._checked(members)
        self._prefix = self._find_manifest()

    def read(self, name: str) -> bytes:
        member = self._members.get(self._prefix + safe_name(name))
        if member is None:
            raise PackError(f"{name} is not in the zip; add it")
        try:
            with self._zip.open(member) as file:
                # What a header claims is not trusted: reading stops at the limit itself.
                data = file.read(MAX_FILE_BYTES + 1)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError) as error:
            raise PackError(f"{name} is damaged inside the zip; pack it anew") from error
        self._left -= _within_limits(name, len(data), self._left)
        return data

    def _checked(self, members: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
        if len(members) > MAX_FILES:
            raise PackError(f"{self.name}: more than {MAX_FILES} files; a pack is a few text files")
        if sum(member.file_size for member in members) > MAX_PACK_BYTES:
            raise PackError(
                f"{self.name}: unpacks to over {MAX_PACK_BYTES >> 20} MB; leave only text in it"
            )
        found: dict[str, zipfile.ZipInfo] = {}
        for member in members:
            name = safe_name(member.filename)
            if stat.S_ISLNK(member.external_attr >> 16):
                raise PackError(f"{self.name}: {name} is a link; put the file itself there")
            if member.flag_bits & 0x1:
                raise PackError(f"{self.name}: {name} is encrypted; pack it without a password")
            if not member.is_dir():
                if name in found:
                    raise PackError(f"{self.name}: {name} is in the zip twice; pack it anew")
                found[name] = member
        return found

    def _find_manifest(self) -> str:
        homes = [
            name.removesuffix(MANIFEST)
            for name in self._members
            if name == MANIFEST or (name.endswith("/" + MANIFEST) and name.count("/") == 1)
        ]
        if len(homes) != 1:
            raise PackError(
                f"{self.name}: needs exactly one {MANIFEST}, at the top or in its one folder"
            )
        return homes[0]


def _within_limits(name: str, size: int, left: int) -> int:
    if size > MAX_FILE_BYTES:
        raise PackError(f"{name} is larger than {MAX_FILE_BYTES >> 10} kB; split the unit")
    if size > left:
        raise PackError(f"{name}: the pack holds more than {MAX_PACK_BYTES >> 20} MB; shorten it")
    return size
