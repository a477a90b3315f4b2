"""What a ring is showing right now: a mood since a moment, and the amounts it follows."""

from __future__ import annotations

import threading

from core.clock import Clock
from hal import patterns
from hal.ports import Lights, Mood

DWELL_S = 0.25
"""A mood is seen at least this long. Moods that change faster than a person can follow would
flash: four changes a second are two flashes, and a pattern's own stay below the third."""


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
        self._wanted = self._seen = Mood.ASLEEP
        self._since_s = clock.now_s() - DWELL_S
        self._before: Lights | None = None
        self._voice = 0.0
        self._volume = 0.0
        self._followed = 0.0
        self._followed_at_s = clock.now_s()
        self._brightness = 1.0

    @property
    def mood(self) -> Mood:
        """The mood asked for last; it may be seen a moment later."""
        return self._wanted

    def show(self, mood: Mood) -> bool:
        """Switch the mood; False when it is shown already and its pattern goes on."""
        with self._lock:
            self._follow()
            if mood is self._wanted:
                return False
            self._wanted = mood
            self._voice = 0.0
            self._turn_to_wanted()
            return True

    def level(self, dbfs: float) -> None:
        """Let the loudness follow a new level."""
        with self._lock:
            self._follow()
            self._voice = patterns.loudness(dbfs)

    def amount(self, share: float) -> None:
        """What VOLUME shows from now on, 0..1."""
        with self._lock:
            self._follow()
            self._volume = min(1.0, max(0.0, share))

    def dim(self, share: float) -> None:
        """How bright everything is from now on, 0..1."""
        with self._lock:
            self._brightness = min(1.0, max(0.0, share))

    def lights(self) -> Lights:
        """The ring at this moment."""
        with self._lock:
            self._follow()
            self._turn_to_wanted()
            return patterns.dimmed(self._undimmed(), self._brightness)

    def _undimmed(self) -> Lights:
        t_s = self._followed_at_s - self._since_s
        shown = patterns.lights(self._seen, t_s, self._followed, self._count)
        if self._before is None or t_s >= patterns.FADE_S:
            self._before = None
            return shown
        return patterns.blended(self._before, shown, t_s / patterns.FADE_S)

    def _turn_to_wanted(self) -> None:
        now_s = self._followed_at_s
        if self._wanted is self._seen or now_s - self._since_s < DWELL_S:
            return
        self._before = self._undimmed()
        self._seen, self._since_s = self._wanted, now_s
        self._followed = self._target

    @property
    def _target(self) -> float:
        return self._volume if self._seen is Mood.VOLUME else self._voice

    def _follow(self) -> None:
        now_s = self._clock.now_s()
        elapsed_s = now_s - self._followed_at_s
        self._followed = patterns.followed(self._seen, self._followed, self._target, elapsed_s)
        self._followed_at_s = now_s
