"""What a ring is showing right now: a mood since a moment, and the loudness it follows."""

from __future__ import annotations

import threading

from core.clock import Clock
from hal import patterns
from hal.ports import Lights, Mood


class Glow:
    """The state behind a ring of lights; any thread may change it, any thread may look.

    Args:
        clock: Where time comes from.
        count: Lights in the ring.
    """

    def __init__(self, clock: Clock, count: int) -> None:
        self._clock = clock
        self._count = count
        self._lock = threading.Lock()
        self._mood = Mood.ASLEEP
        self._since_s = clock.now_s()
        self._target = 0.0
        self._followed = 0.0
        self._followed_at_s = self._since_s

    @property
    def mood(self) -> Mood:
        return self._mood

    def show(self, mood: Mood) -> bool:
        """Switch the mood; False when it is shown already and its pattern goes on."""
        with self._lock:
            if mood is self._mood:
                return False
            self._mood = mood
            self._since_s = self._clock.now_s()
            self._target = 0.0
            return True

    def level(self, dbfs: float) -> None:
        """Let the loudness follow a new level."""
        with self._lock:
            self._follow()
            self._target = patterns.loudness(dbfs)

    def lights(self) -> Lights:
        """The ring at this moment."""
        with self._lock:
            self._follow()
            t_s = self._followed_at_s - self._since_s
            return patterns.lights(self._mood, t_s, self._followed, self._count)

    def _follow(self) -> None:
        now_s = self._clock.now_s()
        elapsed_s = now_s - self._followed_at_s
        self._followed = patterns.followed(self._followed, self._target, elapsed_s)
        self._followed_at_s = now_s
