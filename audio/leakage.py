"""How much echo is left, for cancellers that do not say so themselves."""

from __future__ import annotations

from audio.levels import mean_square, power_dbfs
from audio.ports import Samples

_HOLD_FRAMES = 55
"""An echo may trail the far end by up to 500 ms; so long the loudest recent frame counts."""
_DECAY = 10.0 ** (-60.0 / 10.0 / 60)  # 60 dB in 0.6 s after that: the room
_RATE = 0.02
_START_COUPLING = 1.0
_LEAST_POWER = 1e-7


class _Regression:
    """Slope of one power over another, from their joint movement; what moves alone, such as
    a child's voice or a fan, does not count (after Valin, "On adjusting the learning rate in
    frequency domain echo cancellation with double-talk", 2007)."""

    def __init__(self, start: float) -> None:
        self._start = start
        self.reset()

    def reset(self) -> None:
        self.slope = self._start
        self._x = self._y = 0.0
        self._xx = self._xy = 0.0

    def push(self, x: float, y: float) -> None:
        self._x += _RATE * (x - self._x)
        self._y += _RATE * (y - self._y)
        dx, dy = x - self._x, y - self._y
        self._xx += _RATE * (dx * dx - self._xx)
        self._xy += _RATE * (dx * dy - self._xy)
        if self._xx > _LEAST_POWER**2:
            self.slope = min(max(self._xy / self._xx, 1e-5), 100.0)


class LeakageMeter:
    """Estimates echo before and after a canceller from the three signals' powers."""

    def __init__(self) -> None:
        self._before = _Regression(_START_COUPLING)
        self._after = _Regression(_START_COUPLING)
        self.reset()

    def reset(self, *, keep_coupling: bool = False) -> None:
        """Forget the signals; without `keep_coupling` also how loud the echo is."""
        self._envelope = 0.0
        self._held = 0
        if not keep_coupling:
            self._before.reset()
            self._after.reset()

    def push(self, near: Samples, far: Samples, out: Samples) -> None:
        """One frame of each."""
        power = mean_square(far)
        if power >= self._envelope:
            self._envelope, self._held = power, _HOLD_FRAMES
        elif self._held > 0:
            self._held -= 1
        else:
            self._envelope = max(self._envelope * _DECAY, power)
        if self._envelope > _LEAST_POWER:
            self._before.push(self._envelope, mean_square(near))
            self._after.push(self._envelope, mean_square(out))

    @property
    def echo_dbfs(self) -> float:
        """Estimated level of the echo in the microphone."""
        return power_dbfs(self._before.slope * self._envelope)

    @property
    def residual_dbfs(self) -> float:
        """Estimated level of the echo left after cancelling."""
        return power_dbfs(self._after.slope * self._envelope)
