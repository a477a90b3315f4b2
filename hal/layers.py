"""Several parts of Myna want the lights at once: who is seen.

The conversation shows its mood underneath; above it lie notices, each put up and taken away by
whoever knows (pairing, an update, a lost network). The first of `ORDER` that is up is seen.
"""

from __future__ import annotations

import threading

from core.clock import Clock
from hal.ports import LedRing, Lights, Mood

ORDER = (
    Mood.FAULT,
    Mood.MUTED_BY_SWITCH,
    Mood.VOLUME,
    Mood.PAIRING,
    Mood.UPDATING,
    Mood.UNSURE,
)
"""Seen whatever the conversation does."""
AT_REST = (Mood.ANSWER_WAITING, Mood.NO_NETWORK, Mood.NIGHT)
"""Seen only while Myna sleeps: a talking Myna has something better to show."""


class LayeredRing:
    """Honours `LedRing` over another ring. Any thread may call.

    Args:
        ring: What is really seen.
        clock: Ends notices that were put up for a time.
    """

    def __init__(self, ring: LedRing, clock: Clock) -> None:
        self.count = ring.count
        self._ring = ring
        self._clock = clock
        self._lock = threading.Lock()
        self._base = Mood.ASLEEP
        self._until_s: dict[Mood, float] = {}

    def show(self, mood: Mood) -> None:
        with self._lock:
            self._base = mood
            self._settle()

    def level(self, dbfs: float) -> None:
        with self._lock:
            self._settle()
            self._ring.level(dbfs)

    def amount(self, share: float) -> None:
        self._ring.amount(share)

    def dim(self, share: float) -> None:
        self._ring.dim(share)

    def lights(self) -> Lights:
        with self._lock:
            self._settle()
            return self._ring.lights()

    def put_up(self, notice: Mood, *, for_s: float | None = None) -> None:
        """Show a notice, until `take_down` or for a time.

        Raises:
            ValueError: The mood is the conversation's own, no notice.
        """
        if notice not in ORDER + AT_REST:
            raise ValueError(f"{notice.value} is no notice; show it as the mood")
        with self._lock:
            end_s = float("inf") if for_s is None else self._clock.now_s() + for_s
            self._until_s[notice] = end_s
            self._settle()

    def take_down(self, notice: Mood) -> None:
        """Take a notice away; nothing happens when it is not up."""
        with self._lock:
            self._until_s.pop(notice, None)
            self._settle()

    @property
    def notices(self) -> frozenset[Mood]:
        """What is up now, seen or not."""
        with self._lock:
            self._drop_ended()
            return frozenset(self._until_s)

    def _drop_ended(self) -> None:
        now_s = self._clock.now_s()
        for notice in [n for n, end_s in self._until_s.items() if end_s <= now_s]:
            del self._until_s[notice]

    def _settle(self) -> None:
        self._drop_ended()
        order = ORDER + (AT_REST if self._base is Mood.ASLEEP else ())
        self._ring.show(next((n for n in order if n in self._until_s), self._base))
