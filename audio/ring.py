"""Samples between the card's own thread and the audio thread: one writer, one reader, no lock."""

from __future__ import annotations

import numpy as np

from audio.ports import Samples


class Ring:
    """A preallocated ring of int16 for exactly one writing and one reading thread.

    No lock: `written` is stored by the writer alone and `taken` by the reader alone, each
    after the samples it speaks of were copied. A ring that is full refuses what is new, since
    dropping what is old would move the reader's place from under it; the reader sees
    `dropped` and clears the ring.

    Args:
        capacity: Samples that fit.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"a ring needs room for at least one sample, not {capacity}")
        self._buffer = np.zeros(capacity, np.int16)
        self.capacity = capacity
        self.written = 0
        """Samples accepted since the start."""
        self.taken = 0
        """Samples read or skipped since the start, less those wound back."""
        self.dropped = 0
        """Samples refused since the start."""

    @property
    def available(self) -> int:
        """Samples waiting to be read."""
        return self.written - self.taken

    def write(self, samples: Samples) -> bool:
        """Writer's side: append all of `samples` or, without room, none of them."""
        count = len(samples)
        if count > self.capacity - self.available:
            self.dropped += count
            return False
        place = self.written % self.capacity
        first = min(count, self.capacity - place)
        self._buffer[place : place + first] = samples[:first]
        self._buffer[: count - first] = samples[first:]
        self.written += count
        return True

    def read_into(self, out: Samples) -> bool:
        """Reader's side: fill all of `out` or, with fewer samples waiting, none of it."""
        count = len(out)
        if count > self.available:
            return False
        place = self.taken % self.capacity
        first = min(count, self.capacity - place)
        out[:first] = self._buffer[place : place + first]
        out[first:] = self._buffer[: count - first]
        self.taken += count
        return True

    def skip(self, count: int) -> None:
        """Reader's side: pass over the oldest samples; no more than are waiting."""
        self.taken += min(count, self.available)

    def wind_back(self, count: int) -> bool:
        """Reader's side: wait again for samples read before, where they are surely still there.

        Half of the ring stays free, so that the writer cannot meanwhile overwrite them.
        """
        if count > self.taken or self.available + count > self.capacity // 2:
            return False
        self.taken -= count
        return True
