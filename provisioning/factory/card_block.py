"""A card as Linux gives it: a block device, opened so that nobody else can use it meanwhile."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import mmap
import os
import stat
import struct
from types import TracebackType
from typing import Self

from core.errors import ProvisioningError
from provisioning.factory.ports import BLOCK_BYTES, Disk

# linux/fs.h
_BLKRRPART, _BLKFLSBUF, _BLKGETSIZE64 = 0x125F, 0x1261, 0x80081272
_ALIGNMENT_BYTES = 4096


class BlockCard:
    """A block device; a regular file stands in for one in tests and for image files.

    Honours `Card`. Reads and writes go past the page cache (O_DIRECT) where the device allows that:
    the card works from the first block on instead of at the end, and progress is what it has taken.
    Where it does not, reads come after the cache was dropped. For one thread at a time.

    Args:
        disk: The card as it was when the technician agreed to it.

    Raises:
        ProvisioningError: It cannot be had alone, or is no longer the same card.
    """

    def __init__(self, disk: Disk) -> None:
        self._path = disk.path
        # Of a block device, O_EXCL without O_CREAT: fails while it or a partition is mounted.
        try:
            self._fd = os.open(disk.path, os.O_RDWR | os.O_EXCL | os.O_CLOEXEC)
        except OSError as error:
            raise ProvisioningError(f"{disk.path}: {_why(error)}") from error
        try:
            self._is_device = stat.S_ISBLK(os.fstat(self._fd).st_mode)
            self._size_bytes = self._ask_size()
            self._expect(disk)
            self._direct = self._open_direct()
            self._aligned = mmap.mmap(-1, BLOCK_BYTES)  # page-aligned, as O_DIRECT wants it
        except BaseException:
            os.close(self._fd)
            raise

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def write(self, offset: int, data: bytes) -> None:
        view = memoryview(data)
        if self._direct is not None and offset % _ALIGNMENT_BYTES == 0:
            whole = len(view) // _ALIGNMENT_BYTES * _ALIGNMENT_BYTES
            for start in range(0, whole, len(self._aligned)):
                part = view[start : min(start + len(self._aligned), whole)]
                self._aligned[: len(part)] = part
                with memoryview(self._aligned) as buffer, buffer[: len(part)] as same:
                    self._write_all(self._direct, offset + start, same)
            offset, view = offset + whole, view[whole:]
        self._write_all(self._fd, offset, view)

    def read(self, offset: int, count: int) -> bytes:
        if self._direct is None:
            return self._read_dropped(offset, count)
        start = offset // _ALIGNMENT_BYTES * _ALIGNMENT_BYTES
        length = -(-(offset + count - start) // _ALIGNMENT_BYTES) * _ALIGNMENT_BYTES
        if length > len(self._aligned):
            self._aligned = mmap.mmap(-1, length)
        have = 0
        while have < offset + count - start:
            with memoryview(self._aligned) as whole, whole[have:length] as rest:
                got = os.preadv(self._direct, [rest], start + have)
            if got == 0:
                break
            have += got
        data = self._aligned[offset - start : min(have, offset - start + count)]
        return self._complete(data, count)

    def flush(self) -> None:
        os.fsync(self._fd)
        if self._is_device:
            fcntl.ioctl(self._fd, _BLKFLSBUF)

    def close(self) -> None:
        """Also lets the system look at the partitions anew, and does not mind if it cannot."""
        if self._fd < 0:
            return
        if self._is_device:
            with contextlib.suppress(OSError):  # without partitions, or pulled
                fcntl.ioctl(self._fd, _BLKRRPART)
        for fd in (self._direct, self._fd):
            if fd is not None:
                os.close(fd)
        self._fd, self._direct = -1, None
        self._aligned.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write_all(self, fd: int, offset: int, view: memoryview) -> None:
        while view:
            written = os.pwrite(fd, view, offset)
            if written == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), self._path)
            offset += written
            view = view[written:]

    def _ask_size(self) -> int:
        if not self._is_device:
            return os.fstat(self._fd).st_size
        answer = fcntl.ioctl(self._fd, _BLKGETSIZE64, bytes(8))
        return int(struct.unpack("Q", answer)[0])

    def _expect(self, disk: Disk) -> None:
        """Device names are given anew when something is pulled and plugged in."""
        about = os.fstat(self._fd)
        number = f"{os.major(about.st_rdev)}:{os.minor(about.st_rdev)}"
        if self._size_bytes != disk.size_bytes or (self._is_device and number != disk.number):
            raise ProvisioningError(
                f"{disk.path}: it is not the card that was shown; look at --list and start again"
            )

    def _open_direct(self) -> int | None:
        try:
            return os.open(f"/proc/self/fd/{self._fd}", os.O_RDWR | os.O_DIRECT | os.O_CLOEXEC)
        except OSError:
            return None  # a file system without direct access

    def _read_dropped(self, offset: int, count: int) -> bytes:
        os.posix_fadvise(self._fd, offset, count, os.POSIX_FADV_DONTNEED)
        parts: list[bytes] = []
        while count and (part := os.pread(self._fd, count, offset)):
            parts.append(part)
            offset += len(part)
            count -= len(part)
        return self._complete(b"".join(parts), sum(map(len, parts)) + count)

    def _complete(self, data: bytes, count: int) -> bytes:
        if len(data) < count:
            raise OSError(errno.EIO, "the card ends too early", self._path)
        return data


def _why(error: OSError) -> str:
    reasons = {
        errno.EBUSY: "it is in use; unmount it, or wait until another flash.sh is done with it",
        errno.EACCES: "it may not be written to by you; run this with sudo",
        errno.EPERM: "it may not be written to by you; run this with sudo",
        errno.EROFS: "it is read-only; move the little lock on its side",
        errno.ENOENT: "it was pulled; insert it and start again",
        errno.ENOMEDIUM: "there is no card in it; insert one",
    }
    return reasons.get(
        error.errno or 0, f"it cannot be opened ({error.strerror}); try another reader"
    )
