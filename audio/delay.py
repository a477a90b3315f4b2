"""How long the loudspeaker's sound takes to come back: estimated, tracked, never assumed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ

Floats = NDArray[np.float32]

DECIMATION = 4
"""The search runs at 4 kHz: speech and small loudspeakers have most of their energy there."""
LOW_SAMPLES = FRAME_SAMPLES // DECIMATION
UPDATE_FRAMES = 10
NEAR_LOW = 2048
"""Microphone samples in one look: 512 ms, which is also the longest delay found."""
FAR_LOW = 2 * NEAR_LOW
REFINE_SAMPLES = 4096
REFINE_REACH = 24
"""Samples at 16 kHz on either side of the coarse lag among which the exact one is sought."""

_FIR_TAPS = 33
_FORGET = 0.75
_PEAK_OVER_RMS = 10.0
"""Above the correlation's own RMS. An echo stands at 13 to 30, unrelated sound at 4, and at up
to 9.5 in the first half second, when little has been averaged."""
_FAR_ACTIVE = 10.0 ** (-60.0 / 10.0)
_SAME_LAG_LOW = 4
_LOOKS_FIRST, _LOOKS_MOVED = 2, 3


def _decimation_matrix() -> Floats:
    """Low-pass (windowed sinc, 1.7 kHz) and decimation in one product: (taps - 1 + 160) -> 40."""
    t = np.arange(_FIR_TAPS) - (_FIR_TAPS - 1) / 2
    cutoff = 2 * 1700.0 / SAMPLE_RATE_HZ
    fir = cutoff * np.sinc(cutoff * t) * np.hamming(_FIR_TAPS)
    matrix = np.zeros((LOW_SAMPLES, _FIR_TAPS - 1 + FRAME_SAMPLES), np.float32)
    for row in range(LOW_SAMPLES):
        start = row * DECIMATION
        matrix[row, start : start + _FIR_TAPS] = fir
    return matrix


class History:
    """The last `length` values of a stream, always readable as one contiguous view.

    Args:
        length: Values kept.
        chunk: Values added at a time.
    """

    def __init__(self, length: int, chunk: int) -> None:
        # Room for many chunks, so that moving the kept part to the front is rare.
        self._values = np.zeros(2 * length + chunk, np.float32)
        self._length = length
        self._end = length

    def push(self, chunk: Floats) -> None:
        if self._end + len(chunk) > len(self._values):
            keep = self._length
            self._values[:keep] = self._values[self._end - keep : self._end]
            self._end = keep
        self._values[self._end : self._end + len(chunk)] = chunk
        self._end += len(chunk)

    def last(self, count: int, *, back: int = 0) -> Floats:
        """`count` values that end `back` values before the newest one; a view, newest last."""
        end = self._end - back
        return self._values[end - count : end]

    def clear(self) -> None:
        self._values[:] = 0.0
        self._end = self._length


class DelayTracker:
    """Finds the lag of the strongest echo of `far` in `near` and notices when it moves.

    Ten times a second the last 512 ms of the microphone, at 4 kHz, are correlated with the
    last 1,024 ms of the far end by generalised cross-correlation (Knapp & Carter 1976) with
    the smoothed coherence transform as weight, which counts every frequency by how well the
    two agree there, so that a child's voice and noise weigh little. A lag counts when it
    stands out and stays; it is then refined to one sample at 16 kHz.
    """

    def __init__(self) -> None:
        self._matrix = _decimation_matrix()
        self._near = History(REFINE_SAMPLES, FRAME_SAMPLES)
        self._far = History(NEAR_LOW * DECIMATION + 2 * REFINE_SAMPLES, FRAME_SAMPLES)
        self._near_low = History(NEAR_LOW, LOW_SAMPLES)
        self._far_low = History(FAR_LOW, LOW_SAMPLES)
        self._near_padded = np.zeros(FAR_LOW, np.float32)
        bins = FAR_LOW // 2 + 1
        self._cross = np.zeros(bins, np.complex64)
        self._far_power = np.zeros(bins, np.float32)
        self._near_power = np.zeros(bins, np.float32)
        self._band = np.zeros(bins, np.float32)
        hz_per_bin = SAMPLE_RATE_HZ / DECIMATION / FAR_LOW
        self._band[int(120 / hz_per_bin) : int(1700 / hz_per_bin)] = 1.0
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.lag: int | None = None
        """Samples at 16 kHz by which the echo trails `far`; None while it was never found."""
        self.flush()

    def flush(self) -> None:
        """Forget what was heard but keep the lag: near and far were paired anew."""
        for history in (self._near, self._far, self._near_low, self._far_low):
            history.clear()
        self._cross[:] = 0
        self._far_power[:] = 0
        self._near_power[:] = 0
        self._until_look = UPDATE_FRAMES
        self._candidate = -1
        self._looks = 0
        self.confidence = 0.0

    def push(self, near: Floats, far: Floats) -> bool:
        """Take one frame of each, scaled to 1.0, shape (160,).

        Returns:
            Whether `lag` was found anew or changed.
        """
        self._near.push(near)
        self._far.push(far)
        window = _FIR_TAPS - 1 + FRAME_SAMPLES
        self._near_low.push(self._matrix @ self._near.last(window))
        self._far_low.push(self._matrix @ self._far.last(window))
        self._until_look -= 1
        if self._until_look > 0:
            return False
        self._until_look = UPDATE_FRAMES
        return self._look()

    def _look(self) -> bool:
        far = self._far_low.last(FAR_LOW)
        recent = far[-NEAR_LOW:]
        if float(np.dot(recent, recent)) < _FAR_ACTIVE * NEAR_LOW:
            return False
        self._near_padded[NEAR_LOW:] = self._near_low.last(NEAR_LOW)
        far_spectrum = np.fft.rfft(far)
        near_spectrum = np.fft.rfft(self._near_padded)
        self._cross *= _FORGET
        self._cross += np.conj(far_spectrum) * near_spectrum
        self._far_power *= _FORGET
        self._far_power += np.square(np.abs(far_spectrum))
        self._near_power *= _FORGET
        self._near_power += np.square(np.abs(near_spectrum))
        weight = self._band / np.sqrt(self._far_power * self._near_power + 1e-12)
        correlation = np.abs(np.fft.irfft(self._cross * weight)[:NEAR_LOW])
        peak = int(np.argmax(correlation))
        rms = float(np.sqrt(np.mean(np.square(correlation)))) + 1e-20
        self.confidence = float(correlation[peak]) / rms
        if self.confidence < _PEAK_OVER_RMS:
            self._looks = 0
            return False
        self._looks = self._looks + 1 if abs(peak - self._candidate) <= _SAME_LAG_LOW else 1
        self._candidate = peak
        if self.lag is None:
            return self._looks >= _LOOKS_FIRST and self._settle(peak)
        moved = abs(peak * DECIMATION - self.lag) > DECIMATION
        return moved and self._looks >= _LOOKS_MOVED and self._settle(peak)

    def _settle(self, peak_low: int) -> bool:
        """Refine a coarse lag with the phase transform at 16 kHz; whether `lag` changed."""
        coarse = peak_low * DECIMATION
        first = max(coarse - REFINE_REACH, 0)
        near = np.zeros(2 * REFINE_SAMPLES, np.float32)
        near[REFINE_SAMPLES:] = self._near.last(REFINE_SAMPLES)
        far = self._far.last(2 * REFINE_SAMPLES, back=first)
        cross = np.conj(np.fft.rfft(far)) * np.fft.rfft(near)
        cross /= np.abs(cross) + 1e-12
        around = np.abs(np.fft.irfft(cross)[: 2 * REFINE_REACH + 1])
        lag = first + int(np.argmax(around))
        changed = lag != self.lag
        self.lag = lag
        return changed
