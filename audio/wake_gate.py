"""Whether there is anything to listen to: no detector of a wake phrase works on silence."""

from __future__ import annotations

from audio.levels import rms_dbfs
from audio.noise_floor import NoiseFloor
from audio.ports import Samples

OPEN_OVER_FLOOR_DB = 6.0
OPEN_ABOVE_DBFS = -65.0
HANG_FRAMES = 200
"""The gate stays open this long after the last sound: longer than any phrase."""


class LevelGate:
    """Opens with the first frame above the room's noise and shuts 2 s after the last one."""

    def __init__(self) -> None:
        self._floor = NoiseFloor()
        self._hang = 0

    def open(self, frame: Samples) -> bool:
        """Take in a frame, shape (160,); whether it belongs to something worth hearing."""
        level = max(rms_dbfs(frame), -120.0)
        floor = self._floor.update(level)
        if level > max(floor + OPEN_OVER_FLOOR_DB, OPEN_ABOVE_DBFS):
            self._hang = HANG_FRAMES
        elif self._hang:
            self._hang -= 1
        return self._hang > 0

    def reset(self) -> None:
        """Shut; the room's noise floor stays known."""
        self._hang = 0
