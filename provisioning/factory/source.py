"""An image as a stream of blocks, decompressed and hashed on the way."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from core.errors import ProvisioningError
from provisioning.factory.manifest import FileEntry
from provisioning.factory.ports import BLOCK_BYTES

# First bytes of a file, and the program that unpacks it to its output.
_UNPACKERS = {
    b"\x28\xb5\x2f\xfd": ["zstd", "--decompress", "--stdout", "--quiet", "--long=31"],
    b"\xfd7zXZ\x00": ["xz", "--decompress", "--stdout", "--quiet", "--threads=0"],
}

_PIPE_BYTES = 1 << 20
"""As large as a pipe may be without being root: fewer changes between unpacking and reading."""


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the image; all but the last are `BLOCK_BYTES` long."""

    offset: int
    data: bytes


def blocks(image: Path, expected: FileEntry) -> Iterator[Block]:
    """The image's blocks in order.

    Args:
        image: An ``.img``, or one packed by zstd or xz; told apart by contents, not by name.
        expected: Size and hash of the image itself, as signed.

    Raises:
        ProvisioningError: It ends early, goes on too long, cannot be unpacked, or is another
            image than the one that was signed; the last only after the last block.
    """
    digest = hashlib.sha256()
    offset = 0
    hashed: Future[None] | None = None
    # One thread unpacks, one hashes, and whoever takes the blocks is a third.
    with ThreadPoolExecutor(1, "image-hash") as hasher, _unpacked(image) as stream:
        while data := _full(stream):
            if hashed is not None:
                hashed.result()
            hashed = hasher.submit(digest.update, data)
            if offset + len(data) > expected.size_bytes:
                raise ProvisioningError(f"{image.name} is longer than what was signed; {_AGAIN}")
            yield Block(offset, data)
            offset += len(data)
    if offset != expected.size_bytes:
        raise ProvisioningError(f"{image.name} ends too early; {_AGAIN}")
    if digest.hexdigest() != expected.sha256:
        raise ProvisioningError(f"{image.name} is not what was signed; {_AGAIN}")


_AGAIN = "download it again"


@contextmanager
def _unpacked(image: Path) -> Iterator[IO[bytes]]:
    with image.open("rb", buffering=0) as file:
        head = file.read(6)
        file.seek(0)
        command = next((c for sign, c in _UNPACKERS.items() if head.startswith(sign)), None)
        if command is None:
            yield cast(IO[bytes], file)
            return
        try:
            process = subprocess.Popen(
                command,
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pipesize=_PIPE_BYTES,
            )
        except OSError as error:
            raise ProvisioningError(f"{command[0]} is missing; install it") from error
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        complete = False
        with process.stdout as stream:
            try:
                yield stream
                complete = stream.read(1) == b""
            finally:
                if not complete:
                    process.kill()
                failed = process.wait() != 0
        if failed and complete:
            raise ProvisioningError(f"{image.name} cannot be unpacked; {_AGAIN}")


def _full(stream: IO[bytes]) -> bytes:
    """As much as a block takes, less only at the end."""
    parts = []
    missing = BLOCK_BYTES
    while missing and (part := stream.read(missing)):
        parts.append(part)
        missing -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
