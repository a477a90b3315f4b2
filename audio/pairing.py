"""Which far-end frame belongs to which near-end frame: paired once, then by counting."""

from __future__ import annotations

from audio.ports import FRAME_SAMPLES, ReadStatus, Samples
from audio.ring import Ring

LEAD_FRAMES = 2
"""How far behind the newest hand-over the newest capture is paired. Cards call back in bursts
(20 ms apart at the 99th percentile), so that less would make the microphone wait for the
loudspeaker; more would move the reference towards its own echo, which comes 40 to 100 ms later."""
SHORT_FRAMES = 4
"""Captured frames that may wait for the loudspeaker's stream before the two are paired anew."""
LONG_FRAMES = 4
"""A lead that stays above this for `WATCH_FRAMES` has drifted (two cards, two clocks): left alone,
the reference would come later than its own echo."""
WATCH_FRAMES = 100
CATCH_UP_FRAMES = 30
"""A reader this far behind is taken to the present when the ends are paired."""


class Pairing:
    """Takes one far frame for each near frame.

    The delay between a far sample and its echo is constant as long as both streams run without
    loss. After a loss, or when two clocks have drifted apart, the ends are paired anew by how
    much waits in either ring at that moment, and the status says so.

    Args:
        near: Captured samples at the card's rate, written in whole blocks.
        far: Samples handed to the card, 16 kHz.
        near_block: Samples of 10 ms at the card's rate.
    """

    def __init__(self, near: Ring, far: Ring, *, near_block: int) -> None:
        self._near, self._far, self._block = near, far, near_block
        self._paired = False
        self._paired_before = False
        self._dropped_near = self._dropped_far = 0
        self._least_lead = LONG_FRAMES
        self._watched = 0
        self._lost_frames = 0
        self._moved = False

    def unsettle(self) -> None:
        """The card lost something: pair anew at the next frame."""
        self._paired = False

    def take(self, near: Samples, far: Samples, status: ReadStatus) -> bool:
        """Fill a pair of frames if both are there.

        Args:
            near: Shape (near_block,).
            far: Shape (160,).
            status: `lost_frames` and `discontinuity` are set with the frame they come before.
        """
        self._clear_after_drop()
        if not self._paired:
            self._pair()
        if not self._paired or self._near.available < self._block:
            return False
        if self._far.available < FRAME_SAMPLES:
            if self._near.available >= SHORT_FRAMES * self._block:
                self._paired = False
            return False
        self._near.read_into(near)
        self._far.read_into(far)
        status.lost_frames, self._lost_frames = self._lost_frames, 0
        status.discontinuity, self._moved = self._moved, False
        self._watch()
        return True

    def _clear_after_drop(self) -> None:
        """A full ring refused samples: all that waits is older than the hole."""
        near, far = self._near.dropped, self._far.dropped
        if (near, far) == (self._dropped_near, self._dropped_far):
            return
        lost = near - self._dropped_near + self._near.available
        self._lost_frames += lost // self._block
        self._dropped_near, self._dropped_far = near, far
        self._near.skip(self._near.available)
        self._far.skip(self._far.available)
        self._paired = False

    def _pair(self) -> None:
        waiting = self._near.available // self._block
        if waiting == 0:
            return
        if waiting > CATCH_UP_FRAMES:
            self._near.skip((waiting - 1) * self._block)
            self._lost_frames += waiting - 1
            waiting = 1
        surplus = self._far.available - (waiting + LEAD_FRAMES) * FRAME_SAMPLES
        if surplus >= 0:
            self._far.skip(surplus)
        elif not self._far.wind_back(-surplus):
            return  # too little was handed over so far: wait
        self._moved = self._paired_before
        self._paired = self._paired_before = True
        self._watched, self._least_lead = 0, self._lead()

    def _lead(self) -> int:
        """Frames by which the loudspeaker's stream is ahead of the microphone's."""
        return self._far.available // FRAME_SAMPLES - self._near.available // self._block

    def _watch(self) -> None:
        self._least_lead = min(self._least_lead, self._lead())
        self._watched += 1
        if self._watched == WATCH_FRAMES:
            if self._least_lead > LONG_FRAMES:
                self._paired = False
            self._watched, self._least_lead = 0, self._lead()
