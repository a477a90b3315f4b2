"""What the front end uses: a delay tracker before a canceller, so that 200 ms of tail suffice."""

from __future__ import annotations

from collections import deque
from statistics import median
from typing import Protocol

import numpy as np

from audio.delay import DelayTracker, Floats, History
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
        history = MAX_DELAY_SAMPLES + (canceller.partitions + 1) * FRAME_SAMPLES
        self._far = History(history, FRAME_SAMPLES)
        self._aligned = np.zeros(FRAME_SAMPLES, np.int16)
        self._delay = 0
        self._settled_lag: int | None = None
        self._lags: deque[int] = deque(maxlen=_LOOKS)

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

    def reset(self, *, keep_filter: bool = False) -> None:
        """See `EchoCanceller`. With `keep_filter` the room and the delay are kept until the
        delay is measured again."""
        self._far.clear()
        if keep_filter:
            self._tracker.flush()
        else:
            self._tracker.reset()
            self._delay = 0
            self._settled_lag = None
            self._lags.clear()
        self._canceller.reset(keep_filter=keep_filter)

    def process(self, near: Samples, far: Samples, out: Samples) -> None:
        """See `EchoCanceller`."""
        scaled = far.astype(np.float32) * np.float32(1 / 32768)
        self._far.push(scaled)
        if self._tracker.push(near.astype(np.float32) * np.float32(1 / 32768), scaled):
            self._follow()
        np.multiply(
            self._far.last(FRAME_SAMPLES, back=self._delay),
            32768.0,
            out=self._aligned,
            casting="unsafe",
        )
        self._canceller.process(near, self._aligned, out)

    def _follow(self) -> None:
        """Choose the delay line's length after the tracker found a new lag."""
        lag = self._tracker.lag
        assert lag is not None  # noqa: S101 - the tracker has just said that it found one
        settled = self._settled_lag
        jumped = settled is not None and abs(lag - settled) > _JUMP_SAMPLES
        if jumped:
            self._lags.clear()
        self._lags.append(lag)
        if settled is not None and not jumped:
            if len(self._lags) < _LOOKS:
                return
            lag = int(median(self._lags))
            if abs(lag - self._delay - LEAD_SAMPLES) <= SLACK_SAMPLES:
                return
            self._canceller.expect_drift()
        # After a jump the room is the same: the echo must come back to its place in the filter.
        place = settled - self._delay if jumped and settled is not None else LEAD_SAMPLES
        self._settled_lag = lag
        delay = min(max(lag - place, 0), MAX_DELAY_SAMPLES)
        slide = 0 if jumped or settled is None else delay - self._delay
        self._delay = delay
        if settled is None:
            # What was learned without knowing the delay would only have to be unlearned.
            self._canceller.reset()
        # The newest frame is pushed by `process` itself.
        count = self._canceller.partitions * FRAME_SAMPLES
        history = self._far.last(count, back=delay + FRAME_SAMPLES)
        self._canceller.realign(history, slide_samples=slide)
