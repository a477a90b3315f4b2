"""Length-prefixed pickles on a socket between two ends of the same program."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Iterator
from typing import Any

_LENGTH = struct.Struct("<I")


def frame(message: object) -> bytes:
    """A message as bytes: four bytes of length, little-endian, then its pickle."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


class FrameReader:
    """Puts messages together again from a byte stream cut anywhere."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        """Messages that `data` completes, in order; the rest waits for more."""
        for body in self.feed_raw(data):
            # Both ends are this program and nobody else can reach the socket pair.
            yield pickle.loads(body)  # noqa: S301

    def feed_raw(self, data: bytes) -> Iterator[bytes]:
        """The same, not unpickled."""
        self._pending += data
        while len(self._pending) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._pending)
            end = _LENGTH.size + length
            if len(self._pending) < end:
                return
            body = bytes(self._pending[_LENGTH.size : end])
            del self._pending[:end]
            yield body
