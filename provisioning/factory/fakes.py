"""A card in memory, with the faults that real ones have."""

from __future__ import annotations

import errno
import os

_PAGE_BYTES = 4096


class FakeCard:
    """Honours `Card`; holds only what was written.

    Args:
        size_bytes: What it claims to hold.
        holds_bytes: What it really holds; writes beyond are lost or, with `wraps`, land at the
            beginning again, as on forged cards.
        wraps: See `holds_bytes`.
        fails_at: A write that reaches this offset raises an I/O error, as does everything after.
        flips_at: One bit at this offset is not kept as it was written.
    """

    def __init__(
        self,
        size_bytes: int,
        *,
        holds_bytes: int | None = None,
        wraps: bool = False,
        fails_at: int | None = None,
        flips_at: int | None = None,
    ) -> None:
        self._size_bytes = size_bytes
        self._holds_bytes = size_bytes if holds_bytes is None else holds_bytes
        self._wraps = wraps
        self._fails_at = fails_at
        self._flips_at = flips_at
        self._pages: dict[int, bytearray] = {}
        self._failed = False
        self.flushes = 0
        self.closed = False

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def write(self, offset: int, data: bytes) -> None:
        end = offset + len(data)
        if self._failed or (self._fails_at is not None and offset <= self._fails_at < end):
            self._failed = True
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if end > self._size_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._flips_at is not None and offset <= self._flips_at < end:
            flipped = bytearray(data)
            flipped[self._flips_at - offset] ^= 0x10
            data = bytes(flipped)
        for start, page, here in self._spans(offset, len(data)):
            if page is not None:
                at = offset + start
                kept = self._pages.setdefault(page, bytearray(_PAGE_BYTES))
                kept[at % _PAGE_BYTES : at % _PAGE_BYTES + here] = data[start : start + here]

    def read(self, offset: int, count: int) -> bytes:
        if self._failed or offset + count > self._size_bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        out = bytearray(count)
        for start, page, here in self._spans(offset, count):
            if page is not None and (kept := self._pages.get(page)):
                at = (offset + start) % _PAGE_BYTES
                out[start : start + here] = kept[at : at + here]
        return bytes(out)

    def flush(self) -> None:
        if self._failed:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self.flushes += 1

    def close(self) -> None:
        self.closed = True

    def _spans(self, offset: int, count: int) -> list[tuple[int, int | None, int]]:
        """Start within the data, page (None: nowhere) and length of each piece."""
        spans: list[tuple[int, int | None, int]] = []
        done = 0
        while done < count:
            at = offset + done
            here = min(_PAGE_BYTES - at % _PAGE_BYTES, count - done)
            page: int | None = at // _PAGE_BYTES
            if at >= self._holds_bytes:
                page = (at % self._holds_bytes) // _PAGE_BYTES if self._wraps else None
            spans.append((done, page, here))
            done += here
        return spans
