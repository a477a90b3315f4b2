"""How far each card is: what is done, how fast, how long it will take."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum

from provisioning.factory.disks import size


class Phase(Enum):
    """What is being done to a card."""

    WAITING = "waits"
    PROBING = "is measured"
    WRITING = "writing"
    COMPARING = "comparing"
    NAMING = "gets its name"
    GOOD = "GOOD"
    FAILED = "DO NOT USE"


_PERCENTED = (Phase.WRITING, Phase.COMPARING)


class Progress:
    """One card's progress; its own thread writes it, the screen's reads it.

    Args:
        now: Monotonic seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._total_bytes = 0
        self._done_bytes = 0
        self._since_s = now()
        self.phase = Phase.WAITING

    def expect(self, total_bytes: int) -> None:
        """What is to be written, and then to be compared."""
        self._total_bytes = total_bytes

    def enter(self, phase: Phase) -> None:
        """A phase begins; bytes and time are counted from here."""
        self._done_bytes, self._since_s, self.phase = 0, self._now(), phase

    def advance(self, count: int) -> None:
        """That many more bytes are done."""
        self._done_bytes += count

    def line(self) -> str:
        """For the screen: ``writing  42 %  18.2 MB/s  1:07 left``."""
        if self.phase not in _PERCENTED or not self._total_bytes:
            return self.phase.value
        done = min(self._done_bytes, self._total_bytes)
        taken_s = self._now() - self._since_s
        text = f"{self.phase.value} {100 * done // self._total_bytes:3d} %"
        if taken_s <= 0 or done == 0:
            return text
        rate = done / taken_s
        left_s = round((self._total_bytes - done) / rate)
        return f"{text}  {size(rate)}/s  {left_s // 60}:{left_s % 60:02d} left"
