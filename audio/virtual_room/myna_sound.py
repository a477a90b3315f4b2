"""When Myna sounded, and how loud it came back to the microphone."""

from __future__ import annotations

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Samples
from audio.virtual_room.acoustics import Signal
from audio.virtual_room.stage import RoomEvent

_GAP_SAMPLES = SAMPLE_RATE_HZ // 5  # shorter silences belong to the same sound


class MynaSound:
    """Follows the samples handed to the card and their echo.

    Args:
        events: Where each finished sound is noted, as kind ``myna``.
    """

    def __init__(self, events: list[RoomEvent]) -> None:
        self._events = events
        self._first: int | None = None
        self._last = 0
        self._echo_power: list[float] = []

    def follow(self, far: Samples, echo: Signal, start_s: float) -> None:
        """The next 10 ms, which begin at `start_s`."""
        self._echo_power.append(float(np.mean(echo**2)))
        start = round(start_s * SAMPLE_RATE_HZ)
        if self._first is not None and start - self._last > _GAP_SAMPLES:
            self._events.extend(self.going_on)
            self._first = None
        sounding = np.flatnonzero(far)
        if len(sounding):
            if self._first is None:
                self._first = start + int(sounding[0])
            self._last = start + int(sounding[-1]) + 1

    @property
    def going_on(self) -> list[RoomEvent]:
        """The sound that has not ended yet, as far as it went; empty when there is none."""
        if self._first is None:
            return []
        start_s, end_s = self._first / SAMPLE_RATE_HZ, self._last / SAMPLE_RATE_HZ
        return [RoomEvent("myna", start_s, end_s)]

    def facts(self, child_dbfs: float) -> dict[str, float]:
        """``echo_dbfs``, the echo's active level, and ``echo_to_child_db``; empty without echo."""
        power = np.array(self._echo_power)
        if not len(power) or power.max() <= 0:
            return {}
        echo_dbfs = float(10 * np.log10(power[power > power.max() * 1e-3].mean()))
        return {
            "echo_dbfs": round(echo_dbfs, 1),
            "echo_to_child_db": round(echo_dbfs - child_dbfs, 1),
        }
