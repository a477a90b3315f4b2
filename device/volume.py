"""How loud Myna is: steps that sound evenly spaced, never above what the parents allow."""

from __future__ import annotations

from typing import Protocol


class Gain(Protocol):
    """What is as loud as it is told: `audio.playback.Playback`."""

    volume_db: float


class Volume:
    """The volume.

    Args:
        gain: Made as loud as this says, from the start on.
        curve_db: Gain of each step, quietest first.
        limit_db: As loud as it may become.
        start_db: Where it begins; the nearest step is taken.
    """

    def __init__(
        self, gain: Gain, curve_db: tuple[float, ...], *, limit_db: float, start_db: float
    ) -> None:
        self._gain = gain
        self._curve_db = curve_db
        self._box_limit_db = limit_db
        gain.volume_db = start_db
        self.allow(limit_db)

    @property
    def share(self) -> float:
        """0..1 of the way from the quietest step to the loudest that is allowed."""
        return self._step() / self._top if self._top else 1.0

    def change(self, steps: int) -> bool:
        """Go up or down; returns whether that changed anything."""
        before_db = self._gain.volume_db
        self._go(self._step() + steps)
        return self._gain.volume_db != before_db

    def set_share(self, share: float) -> None:
        """Go to a share of the way from the quietest step to the loudest that is allowed."""
        self._go(round(min(1.0, max(0.0, share)) * self._top))

    def allow(self, limit_db: float) -> None:
        """Set the limit, and become quieter at once where that is needed."""
        allowed = [n for n, db in enumerate(self._curve_db) if db <= limit_db]
        self._top = allowed[-1] if allowed else 0
        self._go(self._step())

    def allow_share(self, share: float) -> float:
        """Set the limit to a share of all steps, 0..1, within the box's own; returns it in dB."""
        step = round(min(1.0, max(0.0, share)) * (len(self._curve_db) - 1))
        limit_db = min(self._box_limit_db, self._curve_db[step])
        self.allow(limit_db)
        return limit_db

    def _step(self) -> int:
        """The step nearest to the gain as it is: somebody else may have asked for it aloud."""
        steps = range(len(self._curve_db))
        return min(steps, key=lambda n: abs(self._curve_db[n] - self._gain.volume_db))

    def _go(self, step: int) -> None:
        self._gain.volume_db = self._curve_db[min(self._top, max(0, step))]
