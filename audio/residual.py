"""The second output of an echo canceller: silent when nobody speaks, and a child still in it.

What a canceller leaves of the echo is estimated frequency by frequency from what it took out: a
share of that (the leakage), held for as long as the room rings. The share is followed as a
quantile of what is seen, so that a child's few loud frames do not raise it (the regression of
Valin, "On adjusting the learning rate in frequency domain echo cancellation with double-talk",
IEEE TASLP 15(3), 2007, serves the same end; a quantile needs no two signals to move together).
What lies well above the estimate passes; the rest is turned down (the post-filter of Enzner &
Vary, Signal Processing 86, 2006, with decision-directed smoothing after Ephraim & Malah, 1984).

A filter that has lost the room is noticed by projection: as long as it is right, the microphone
holds what was taken out exactly once, whoever else speaks. After a jump of the delay it holds
none of it, and everything that may be echo is turned down until the canceller is back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.levels import mean_square
from audio.ports import FRAME_SAMPLES, Samples

Floats = NDArray[np.float32]

LATENCY_FRAMES = 1
"""The silent output comes one frame later than the canceller's."""
WINDOW = 2 * FRAME_SAMPLES
BINS = FRAME_SAMPLES + 1
_FLOOR_GAIN = 10.0 ** (-32.0 / 20.0)
_BAND_EDGES_HZ = (0, 250, 500, 750, 1000, 1300, 1700, 2200, 2800, 3500, 4400, 5500, 6700, 8001)
_RING_KEEP = 10.0 ** (-6.0 * 0.01 / 0.8)
"""Power that is left of an echo after a frame where the room rings for 0.8 s."""
_START_LEAK_DB, _LEAST_LEAK_DB, _MOST_LEAK_DB = 0.0, -45.0, 20.0
_UP_DB, _DOWN_DB = 0.06, 0.012
"""Per frame: the leakage settles where it is exceeded in one frame of six."""
_CAUTIOUS_UP, _CAUTIOUS_DOWN, _CAUTIOUS_FRAMES = 16.0, 4.0, 200
_CATCHING, _CATCHING_FRAMES = 4.0, 150
"""In the first two seconds of echo, after a start or a loss, the canceller gets better faster than
a quantile can tell, and unevenly: what it leaves is believed to be more there. Then that is caught
up with."""
_SOMEBODY_DB, _SOMEBODY = 10.0, 0.25
"""What lies so far above the leakage is most often somebody else, and teaches a quarter."""
_OVER = 10.0 ** (6.0 / 10.0)
"""A bin of a noise-like sound exceeds its mean by 6 dB in one frame of fifty."""
_SPREAD = 0.5
_PRIOR_KEEP = 0.6
_PROJECTION_KEEP = 0.9
_LOST_BELOW = 0.6
_AUDIBLE = 10.0 ** (-60.0 / 10.0)
_TINY = 1e-12
_PER_STEP, _STEPS = np.float32(1 / 32768), np.float32(32768)


class ResidualSuppressor:
    """Turns down what is left of the echo. Synchronous; one frame of latency."""

    def __init__(self) -> None:
        self._window = np.sin(np.pi * (np.arange(WINDOW) + 0.5) / WINDOW).astype(np.float32)
        hz = np.arange(BINS) * 8000 / FRAME_SAMPLES
        edges = np.searchsorted(hz, _BAND_EDGES_HZ)
        self._starts = edges[:-1]
        self._sizes = np.diff(edges).astype(np.float32)
        self._band_of_bin = np.repeat(np.arange(len(self._sizes)), np.diff(edges))
        self._past = np.zeros((2, WINDOW), np.float32)
        self._windowed = np.zeros((2, WINDOW), np.float32)
        self._tail = np.zeros(FRAME_SAMPLES, np.float32)
        self._ring = np.zeros(BINS, np.float32)
        self._clean = np.zeros(BINS, np.float32)
        self._leak_db = np.zeros(len(self._sizes), np.float32)
        self.reset()

    def reset(self, *, keep_leakage: bool = False) -> None:
        """Forget the sound; without `keep_leakage` also how good the canceller is."""
        self._past[:] = 0
        self._tail[:] = 0
        self._ring[:] = 0
        self._clean[:] = 0
        self._taken = self._shared = 0.0
        self._held_frames = 0
        if not keep_leakage:
            self._leak_db[:] = _START_LEAK_DB
            self._seen_frames = 0

    @property
    def lost(self) -> bool:
        """Whether the canceller takes out what the microphone does not hold."""
        return self._taken > _AUDIBLE and self._shared < _LOST_BELOW * self._taken

    def process(self, near: Samples, far: Samples, whole: Samples, out: Samples) -> None:
        """One frame, all of shape (160,).

        Args:
            near: The microphone.
            far: The loudspeaker's signal, not delayed.
            whole: What the canceller made of them.
            out: Filled with the silent output of the frame before.
        """
        past = self._past
        past[:, :FRAME_SAMPLES] = past[:, FRAME_SAMPLES:]
        np.multiply(whole, _PER_STEP, out=past[0, FRAME_SAMPLES:])
        taken = past[1, FRAME_SAMPLES:]
        np.multiply(near, _PER_STEP, out=taken)
        recorded = taken.copy()
        taken -= past[0, FRAME_SAMPLES:]
        self._project(recorded, taken)
        np.multiply(past, self._window, out=self._windowed)
        spectra = np.fft.rfft(self._windowed, axis=-1)
        powers = np.square(np.abs(spectra))
        gain = self._gain(powers[0], powers[1], far_active=mean_square(far) > _AUDIBLE)
        filtered = np.fft.irfft(spectra[0] * gain) * self._window
        filtered[:FRAME_SAMPLES] += self._tail
        self._tail[:] = filtered[FRAME_SAMPLES:]
        scaled = filtered[:FRAME_SAMPLES] * _STEPS
        np.clip(np.rint(scaled), -32768, 32767, out=scaled)
        out[:] = scaled

    def _project(self, recorded: Floats, taken: Floats) -> None:
        self._taken *= _PROJECTION_KEEP
        self._shared *= _PROJECTION_KEEP
        step = (1 - _PROJECTION_KEEP) / FRAME_SAMPLES
        self._taken += step * float(np.dot(taken, taken))
        self._shared += step * float(np.dot(taken, recorded))

    def _gain(self, left: Floats, taken: Floats, *, far_active: bool) -> Floats:
        self._ring *= _RING_KEEP
        np.maximum(self._ring, taken, out=self._ring)
        if far_active:
            self._held_frames = 50
        elif self._held_frames > 0:
            self._held_frames -= 1
        if self._held_frames == 0 and float(self._ring.max()) < _AUDIBLE:
            self._clean[:] = left
            return np.ones(BINS, np.float32)
        expected = self._expected(left)
        if self._held_frames > 0 and (self.lost or self._taken < _AUDIBLE):
            expected = np.maximum(expected, left)
            self._seen_frames = 0
            np.maximum(self._leak_db, _START_LEAK_DB, out=self._leak_db)
        over = np.maximum(left - _OVER * expected, 0.0)
        prior = _PRIOR_KEEP * self._clean / (expected + _TINY)
        prior += (1 - _PRIOR_KEEP) * over / (expected + _TINY)
        gain = np.sqrt(prior / (prior + 1.0))
        np.clip(gain, _FLOOR_GAIN, 1.0, out=gain)
        self._clean[:] = gain * gain * left
        return np.asarray(gain, np.float32)

    def _expected(self, left: Floats) -> Floats:
        """Power of what is left of the echo, bin by bin; learns the leakage on the way."""
        ring = np.add.reduceat(self._ring, self._starts) / self._sizes
        seen = np.add.reduceat(left, self._starts) / self._sizes
        audible = ring > _AUDIBLE
        if audible.any():
            self._seen_frames += 1
            ratio_db = 10.0 * np.log10((seen + _TINY) / (ring + _TINY))
            above_db = ratio_db - self._leak_db
            up, down, settled = self._speeds()
            steps = np.where(above_db > 0, up * _UP_DB, -down * _DOWN_DB)
            if settled:
                steps[above_db > _SOMEBODY_DB] *= _SOMEBODY
            self._leak_db += np.where(audible, steps, 0.0).astype(np.float32)
            np.clip(self._leak_db, _LEAST_LEAK_DB, _MOST_LEAK_DB, out=self._leak_db)
        share = (10.0 ** (self._leak_db / 10.0)).astype(np.float32)
        # What a loudspeaker adds of its own lies between the harmonics of what it was given.
        spread = np.maximum(self._ring, _SPREAD * ring[self._band_of_bin])
        return np.asarray(spread * share[self._band_of_bin], np.float32)

    def _speeds(self) -> tuple[float, float, bool]:
        """How much faster than usual the leakage may rise and fall, and whether it has settled."""
        if self._seen_frames <= _CAUTIOUS_FRAMES:
            return _CAUTIOUS_UP, _CAUTIOUS_DOWN, False
        if self._seen_frames <= _CAUTIOUS_FRAMES + _CATCHING_FRAMES:
            return _CATCHING, _CATCHING, False
        return 1.0, 1.0, True
