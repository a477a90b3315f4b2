"""What the front end uses: delay and drift are taken care of before the canceller, so that it
needs 200 ms of tail and one clock."""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import Protocol

import numpy as np

from audio.delay import DelayTracker, Floats
from audio.drift import HALF_TAPS, DelayLine, DriftMeter
from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, EchoCanceller, Samples

MAX_DELAY_SAMPLES = SAMPLE_RATE_HZ // 2
LEAD_SAMPLES = 64
"""The aligned far end leads its echo by 4 ms: room for the tracker's error, for drift, and for
the loudspeaker's own phase."""
SLACK_SAMPLES = 40
"""How far the echo may wander inside the tail before the delay line follows."""
_JUMP_SAMPLES = 80
"""A lag that changed by more than 5 ms jumped. One look at voiced speech errs by up to 2 ms, so
anything less is taken for drift, and only when several looks agree on it."""
_LOOKS = 7
"""Looks whose median counts as the lag between jumps."""
_NEW_RATE = 5e-6
"""A drift corrected by less than this was known well enough: no filter has to hurry."""


class AlignableCanceller(EchoCanceller, Protocol):
    """A canceller of limited tail, told when its far end is delayed differently."""

    partitions: int
    """Frames of far-end history that it models."""

    def realign(self, far_history: Floats, *, slide_samples: int = 0) -> None:
        """See `KalmanCanceller.realign`."""

    def expect_drift(self) -> None:
        """See `KalmanCanceller.expect_drift`."""


class AlignedCanceller:
    """An `EchoCanceller` for delays up to 500 ms, constant, drifting or jumping.

    Args:
        canceller: Does the cancelling on the delayed far end.
    """

    def __init__(self, canceller: AlignableCanceller) -> None:
        self._canceller = canceller
        self._tracker = DelayTracker()
        self._meter = DriftMeter()
        kept = (canceller.partitions + 1) * FRAME_SAMPLES
        self._line = DelayLine(most=MAX_DELAY_SAMPLES, kept=kept)
        self._scaled = np.zeros(FRAME_SAMPLES, np.float32)
        self._aligned = np.zeros(FRAME_SAMPLES, np.int16)
        self._rate = 0.0
        self._place: float | None = None
        self._places: deque[float] = deque(maxlen=_LOOKS)

    @property
    def residual_echo_dbfs(self) -> float:
        """See `EchoCanceller`."""
        return self._canceller.residual_echo_dbfs

    @property
    def echo_dbfs(self) -> float:
        """See `EchoCanceller`."""
        return self._canceller.echo_dbfs

    @property
    def delay_ms(self) -> float | None:
        """Measured delay of the echo behind the far end; None while it was never heard."""
        lag = self._tracker.lag
        return None if lag is None else 1000 * lag / SAMPLE_RATE_HZ

    @property
    def drift_ppm(self) -> float:
        """How much faster than the microphone's the loudspeaker's clock runs; exactly 0.0 where
        the two are taken for one."""
        return 0.0 - 1e6 * self._rate

    def reset(self, *, keep_filter: bool = False) -> None:
        """See `EchoCanceller`. With `keep_filter` the room, the delay and the clocks' drift are
        kept until they are measured again."""
        self._line.clear()
        if keep_filter:
            self._tracker.flush()
            self._meter.flush()
        else:
            self._tracker.reset()
            self._meter.reset()
            self._line.move(0)
            self._rate = 0.0
            self._place = None
            self._places.clear()
        self._canceller.reset(keep_filter=keep_filter)

    def process(self, near: Samples, far: Samples, out: Samples) -> None:
        """See `EchoCanceller`."""
        heard = far.astype(np.float32) * np.float32(1 / 32768)
        recorded = near.astype(np.float32) * np.float32(1 / 32768)
        self._line.push(heard)
        if self._tracker.push(recorded, heard):
            self._follow()
        aligned = self._line.read(rate=self._rate)
        if self._place is not None and self._meter.push(recorded, aligned, delay=self._line.delay):
            self._adopt(self._meter.rate)
        np.multiply(aligned, np.float32(32768), out=self._scaled)
        np.rint(self._scaled, out=self._scaled)
        np.clip(self._scaled, -32768, 32767, out=self._scaled)
        self._aligned[:] = self._scaled
        self._canceller.process(near, self._aligned, out)

    def _adopt(self, rate: float) -> None:
        """Read the far end at the microphone's rate from now on."""
        if abs(rate - self._rate) > _NEW_RATE:
            self._canceller.expect_drift()
        if rate != 0.0 and self._line.delay < HALF_TAPS and self._place is not None:
            # Interpolating needs what comes after a place, too.
            self._place -= HALF_TAPS - self._line.delay
            self._shift(HALF_TAPS - int(self._line.delay), slide=True)
        self._rate = rate

    def _follow(self) -> None:
        """Choose the delay line's length after the tracker found a new lag."""
        lag = self._tracker.lag
        assert lag is not None  # noqa: S101 - the tracker has just said that it found one
        before, known = self._line.delay, self._place
        place = lag - before
        jumped = known is not None and abs(place - known) > _JUMP_SAMPLES
        if jumped:
            self._places.clear()
        self._places.append(place)
        if known is not None and not jumped:
            if len(self._places) < _LOOKS:
                return
            place = median(self._places)
            if abs(place - LEAD_SAMPLES) <= SLACK_SAMPLES:
                self._place = place
                return
            self._canceller.expect_drift()
        # After a jump the room is the same: the echo must come back to its place in the filter.
        wanted = known if jumped and known is not None else LEAD_SAMPLES
        self._shift(round(place - wanted), slide=not jumped and known is not None)
        self._place = place - (self._line.delay - before)
        if known is None:
            # What was learned without knowing the delay would only have to be unlearned.
            self._canceller.reset()

    def _shift(self, samples: int, *, slide: bool) -> None:
        """Delay the far end by so many samples more, as far as that is possible."""
        before = self._line.delay
        self._line.move(before + samples)
        moved = self._line.delay - before
        self._places = deque((place - moved for place in self._places), maxlen=_LOOKS)
        # The newest frame is pushed by `process` itself.
        count = self._canceller.partitions * FRAME_SAMPLES
        history = self._line.past(count, back=FRAME_SAMPLES)
        self._canceller.realign(history, slide_samples=round(moved) if slide else 0)
