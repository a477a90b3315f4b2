"""Myna never wakes herself: a wake phrase that her own voice has just said is not a child's."""

from __future__ import annotations

from audio.ports import WakeHit

VETO_S = 1.0
"""A hit in the microphone this long after one in the far end is its echo."""
WAIT_FRAMES = 16
"""How long a hit waits for the far end's detector, which may be two of its 80 ms steps behind."""


class SelfWakeVeto:
    """Lets a hit through unless the far end held the phrase too.

    Where the loudspeaker is silent a hit passes at once; while it sounds, a hit waits 160 ms
    for the far end's verdict. Pure, in counted frames.
    """

    def __init__(self) -> None:
        self.vetoed = 0
        """Hits held back since start."""
        self.reset()

    def reset(self) -> None:
        """Forget hits that wait."""
        self._far_at_s: float | None = None
        self._waiting: WakeHit | None = None
        self._waited = 0

    def step(
        self, near: WakeHit | None, far: WakeHit | None, *, far_active: bool
    ) -> WakeHit | None:
        """One frame's hits in; returns the hit that woke, once."""
        if far is not None:
            self._far_at_s = far.at_s
        if near is not None and self._waiting is None:
            self._waiting, self._waited = near, 0
        if self._waiting is None:
            return None
        if self._far_at_s is not None and abs(self._waiting.at_s - self._far_at_s) <= VETO_S:
            self._waiting = None
            self.vetoed += 1
            return None
        self._waited += 1
        if far_active and self._waited <= WAIT_FRAMES:
            return None
        hit, self._waiting = self._waiting, None
        return hit
