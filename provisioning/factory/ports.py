"""What the bench promises: a card that is written to, and what is known about a disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

MIB = 1 << 20
BLOCK_BYTES = 4 * MIB
"""Unit of writing, hashing and comparing; a multiple of every card's own block."""


class Card(Protocol):
    """A whole disk that nobody else may use meanwhile. A context manager.

    Offsets and lengths are bytes. Every method raises OSError when the card fails or is gone.
    """

    @property
    def size_bytes(self) -> int:
        """What the card claims to hold."""

    def write(self, offset: int, data: bytes) -> None:
        """Hand all of `data` to the card; it may still be on its way when this returns."""

    def read(self, offset: int, count: int) -> bytes:
        """Exactly `count` bytes, from the card itself, never from a cache of what was written."""

    def flush(self) -> None:
        """Return when everything written is on the card."""

    def close(self) -> None:
        """Let the card go. Idempotent."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk as the system describes it.

    Attributes:
        path: Its device file.
        kind: ``disk``, ``part``, ``loop``, ``rom``…, as lsblk names it.
        size_bytes: Claimed size; 0 for a reader without a card.
        model: Maker's name for it, may be empty.
        serial: Its serial number, may be empty.
        number: Major and minor device number, ``8:16``.
        removable: Whether the system calls it removable or hot-pluggable.
        read_only: Whether its lock is set.
        mounted: Where it, or anything on it, is mounted; swap and other users included.
    """

    path: str
    kind: str
    size_bytes: int
    model: str
    serial: str
    number: str
    removable: bool
    read_only: bool
    mounted: tuple[str, ...]
