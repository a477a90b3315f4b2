"""Files on a card's first partition, put there and read back without mounting it (mtools)."""

from __future__ import annotations

import os
import struct
import subprocess
import tempfile
from pathlib import Path

from core.errors import ProvisioningError
from provisioning.factory.blockmap import Range
from provisioning.factory.ports import BLOCK_BYTES, Card

_SECTOR_BYTES = 512
_FAT_TYPES = {0x01, 0x04, 0x06, 0x0B, 0x0C, 0x0E}
_COMPARED_BYTES = 64 * 1024
_LARGEST_BYTES = 512 * 1024 * 1024


def first_partition(head: bytes) -> Range:
    """Where the first partition lies, from the card's first sector.

    Raises:
        ProvisioningError: There is no partition table, or its first partition is no FAT.
    """
    if len(head) < _SECTOR_BYTES or head[510:512] != b"\x55\xaa":
        raise ProvisioningError("there is no partition table: never flashed, or not to the end")
    kind, first, count = struct.unpack_from("<4xB3xII", head, 446)
    if kind not in _FAT_TYPES or not 0 < count * _SECTOR_BYTES <= _LARGEST_BYTES:
        raise ProvisioningError("its first partition is no Myna boot partition; flash it")
    return first * _SECTOR_BYTES, (first + count) * _SECTOR_BYTES


def put_files(card: Card, where: Range, files: dict[str, bytes]) -> None:
    """Put files on the partition and read them back from the card.

    Args:
        card: Flushed before and after.
        where: The partition.
        files: By path on the partition, at most one folder deep.

    Raises:
        ProvisioningError: mtools is missing or refuses, or what is read back differs.
        OSError: The card failed.
    """
    before = _read(card, where)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "partition")
        copy.write_bytes(before)
        for parent in sorted({os.path.dirname(name) for name in files} - {""}):
            if _mtools("mdir", "-b", f"::{parent}", image=copy).returncode != 0:
                _must(_mtools("mmd", f"::{parent}", image=copy))
        for number, (name, content) in enumerate(files.items()):
            local = Path(folder, f"file{number}")
            local.write_bytes(content)
            _must(_mtools("mcopy", "-o", str(local), f"::{name}", image=copy))
        after = copy.read_bytes()
    for start in range(0, len(after), _COMPARED_BYTES):
        piece = after[start : start + _COMPARED_BYTES]
        if piece != before[start : start + _COMPARED_BYTES]:
            card.write(where[0] + start, piece)
    card.flush()
    if read_files(card, where, list(files)) != files:
        raise ProvisioningError("the identity reads back differently; throw the card away")


def read_files(card: Card, where: Range, names: list[str]) -> dict[str, bytes]:
    """Those of the named files that are on the partition, read from the card itself."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "partition")
        copy.write_bytes(_read(card, where))
        for name in names:
            result = _mtools("mtype", f"::{name}", image=copy)
            if result.returncode == 0:
                found[name] = result.stdout
    return found


def _read(card: Card, where: Range) -> bytes:
    start, end = where
    return b"".join(
        card.read(at, min(BLOCK_BYTES, end - at)) for at in range(start, end, BLOCK_BYTES)
    )


def _mtools(command: str, *arguments: str, image: Path) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "MTOOLS_SKIP_CHECK": "1", "MTOOLSRC": os.devnull}
    try:
        return subprocess.run(
            [command, "-i", str(image), *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError as error:
        raise ProvisioningError(f"{command} is missing; install the package mtools") from error


def _must(result: subprocess.CompletedProcess[bytes]) -> None:
    if result.returncode != 0:
        raise ProvisioningError(
            "the identity cannot be put on the boot partition; take a whole image"
        )
