"""How loud the room is when nobody speaks."""

from __future__ import annotations

import math
from collections import deque

FLOOR_BLOCK_FRAMES = 25
FLOOR_BLOCKS = 8


class NoiseFloor:
    """The level of a room in which nobody speaks: the lowest of the last two seconds.

    Minimum statistics (Martin, IEEE Trans. Speech and Audio Processing 9(5), 2001) without the
    spectral part: speech has gaps, a fan has none.

    Args:
        initial_dbfs: Assumed until something quieter or two seconds were heard.
    """

    def __init__(self, initial_dbfs: float = -60.0) -> None:
        self._minima = deque([initial_dbfs] * FLOOR_BLOCKS, maxlen=FLOOR_BLOCKS)
        self._block_minimum = math.inf
        self._block_frames = 0
        self._smooth = initial_dbfs
        self.dbfs = initial_dbfs

    def update(self, frame_dbfs: float) -> float:
        """Take in a frame's level, finite; returns the floor in dBFS."""
        self._smooth += 0.3 * (frame_dbfs - self._smooth)
        self._block_minimum = min(self._block_minimum, self._smooth)
        self._block_frames += 1
        if self._block_frames == FLOOR_BLOCK_FRAMES:
            self._minima.append(self._block_minimum)
            self._block_minimum, self._block_frames = math.inf, 0
            self.dbfs = min(self._minima)
        elif self._block_minimum < self.dbfs:
            self.dbfs = self._block_minimum
        return self.dbfs
