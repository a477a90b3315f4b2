"""The last seconds of sound in one preallocated ring, addressed by counted samples."""

from __future__ import annotations

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Samples


class Tape:
    """Keeps the newest `seconds` of sound; what is older is overwritten.

    Args:
        seconds: How much is kept.
    """

    def __init__(self, seconds: float) -> None:
        self._ring: Samples = np.zeros(round(seconds * SAMPLE_RATE_HZ), np.int16)
        self.end = 0
        """Index of the sample that is written next."""

    @property
    def start(self) -> int:
        """Index of the oldest sample that is still there."""
        return max(0, self.end - len(self._ring))

    def write(self, sound: Samples) -> None:
        """Append; at most the ring's own length at once."""
        at = self.end % len(self._ring)
        first = min(len(sound), len(self._ring) - at)
        self._ring[at : at + first] = sound[:first]
        self._ring[: len(sound) - first] = sound[first:]
        self.end += len(sound)

    def skip(self, samples: int) -> None:
        """Append silence: time passed in which nothing was heard."""
        silent = min(samples, len(self._ring))
        self.end += samples - silent
        self.write(np.zeros(silent, np.int16))

    def copy(self, start: int, end: int) -> Samples:
        """The samples from `start` up to `end`, clipped to what is there."""
        start, end = max(start, self.start), min(end, self.end)
        if end <= start:
            return np.zeros(0, np.int16)
        at = start % len(self._ring)
        first = min(end - start, len(self._ring) - at)
        sound = np.empty(end - start, np.int16)
        sound[:first] = self._ring[at : at + first]
        sound[first:] = self._ring[: len(sound) - first]
        return sound
