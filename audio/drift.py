"""Two clocks: how fast the loudspeaker's and the microphone's run apart, and how to undo it."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from audio.delay import Floats, History
from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ

MOST_PPM = 400
"""Crystals of cheap sound cards are within 100 ppm each."""
HALF_TAPS = 16
"""The interpolating kernel reaches this many samples to either side of a place."""

_LOOK_FRAMES = 10
_NEAR = 2048
_LAGS = 512
"""Lags of the correlation that are kept: 32 ms from the aligned far end on."""
_APART_LOOKS = (5, 10, 20, 40, 80)
"""Looks 0.5 to 8 s apart are compared: the short ones find any drift soon and without
ambiguity, the long ones measure it finely."""
_LOOKS_PER_ESTIMATE = 5
_POWER_KEEP = 0.75
_BAND_HZ = (150.0, 7000.0)
_FAR_ACTIVE = _NEAR * 10.0 ** (-55.0 / 10.0)
_KEEP = 0.996
"""What is kept of the comparisons per look: 25 s of the loudspeaker's sound."""
_OVERSAMPLED = 8
_LEAST_PAIRS = 8
_LEAST_COHERENCE = 0.2
"""Of the comparisons' best sum in their own power; unrelated sounds have 0.1 at most."""
_FAINT_COHERENCE, _STEADY_ESTIMATES, _STEADY_PPM = 0.04, 6, 10
"""Of music, whose few tones leave the comparisons little to agree on, less has to do where so
many estimates in a row lie so near to each other: unrelated sounds' wander."""
_ONE_CLOCK = 0.92
"""The two clocks count as one unless that explains the comparisons worse than this share of
what the best rate does."""

_Spectrum = NDArray[np.complex64]


class DriftMeter:
    """Measures how fast the echo's delay grows, from the far end and the microphone alone.

    Double cross-correlation (Chinaev, Thuene & Enzner, "Double-cross-correlation processing for
    blind sampling-rate and time-offset estimation", IEEE/ACM TASLP 29, 2021): ten times a second
    the far end is correlated with the microphone; where the delay drifts, two such correlations
    are the same room moved, so that their own correlation has its peak where the delay moved to
    between them. The room and what was said cancel out; a child's voice and noise average out.
    As in the closed-loop form of Gburrek, Schmalenstroeer & Haeb-Umbach (EURASIP JASMP 2022),
    the far end that is looked at is already corrected; here each look is turned back by the
    known delay, so that the estimate is of the whole drift and the loop cannot oscillate.
    """

    def __init__(self) -> None:
        size = _NEAR + _LAGS
        self._near = History(_NEAR, FRAME_SAMPLES)
        self._far = History(size, FRAME_SAMPLES)
        self._padded = np.zeros(size, np.float32)
        hz = np.arange(size // 2 + 1) * SAMPLE_RATE_HZ / size
        self._band = ((hz >= _BAND_HZ[0]) & (hz <= _BAND_HZ[1])).astype(np.float32)
        self._far_power = np.zeros(len(hz), np.float32)
        self._near_power = np.zeros(len(hz), np.float32)
        bins = _LAGS // 2 + 1
        self._turn = -2j * np.pi * np.arange(bins) / _LAGS
        self._looks = np.zeros((_APART_LOOKS[-1] + 1, bins), np.complex64)
        self._magnitudes = np.zeros(len(self._looks))
        self._pairs = np.zeros((len(_APART_LOOKS), bins), np.complex64)
        self._rates = np.arange(-MOST_PPM, MOST_PPM + 1) * 1e-6
        lags = np.arange(-_LAGS * _OVERSAMPLED // 2, _LAGS * _OVERSAMPLED // 2)
        self._curve_lags = lags / _OVERSAMPLED
        self.reset()

    def reset(self) -> None:
        """Forget everything: the clocks count as one."""
        self.rate = 0.0
        """Samples by which the echo's delay grows per sample; exactly 0 for one clock."""
        self._pairs[:] = 0
        self._power = 0.0
        self._count = 0
        self._bests: deque[int] = deque(maxlen=_STEADY_ESTIMATES)
        self._far_power[:] = 0
        self._near_power[:] = 0
        self.flush()

    def flush(self) -> None:
        """The delay has jumped: what follows is not compared with what was before."""
        self._near.clear()
        self._far.clear()
        self._looks[:] = 0
        self._magnitudes[:] = 0
        self._newest = 0
        self._until_look = _LOOK_FRAMES
        self._until_estimate = _LOOKS_PER_ESTIMATE

    def push(self, near: Floats, far: Floats, *, delay: float) -> bool:
        """Take one frame of each, scaled to 1.0, shape (160,).

        Args:
            near: The microphone.
            far: The far end, aligned so that it leads its echo by less than 32 ms.
            delay: Samples by which `far` was delayed.

        Returns:
            Whether `rate` was estimated anew.
        """
        self._near.push(near)
        self._far.push(far)
        self._until_look -= 1
        if self._until_look > 0:
            return False
        self._until_look = _LOOK_FRAMES
        self._newest = (self._newest + 1) % len(self._looks)
        self._magnitudes[self._newest] = 0.0
        heard = self._far.last(_NEAR + _LAGS)
        if float(np.dot(heard, heard)) < _FAR_ACTIVE:
            return False
        self._compare(self._look(heard, delay))
        self._until_estimate -= 1
        if self._until_estimate > 0 or self._count < _LEAST_PAIRS:
            return False
        self._until_estimate = _LOOKS_PER_ESTIMATE
        return self._estimate()

    def _look(self, heard: Floats, delay: float) -> _Spectrum:
        """Spectrum of the correlation's first lags, as it would be with the far end as it was."""
        self._padded[_LAGS:] = self._near.last(_NEAR)
        far, near = np.fft.rfft(heard), np.fft.rfft(self._padded)
        self._far_power *= _POWER_KEEP
        self._far_power += np.square(np.abs(far))
        self._near_power *= _POWER_KEEP
        self._near_power += np.square(np.abs(near))
        # Smoothed coherence transform: a frequency that others fill counts less.
        weight = self._band / np.sqrt(self._far_power * self._near_power + 1e-12)
        correlation = np.fft.irfft(np.conj(far) * near * weight)[:_LAGS]
        turned = np.fft.rfft(correlation) * np.exp(self._turn * delay)
        return np.asarray(turned, np.complex64)

    def _compare(self, look: _Spectrum) -> None:
        magnitude = math.sqrt(float(np.vdot(look, look).real))
        self._looks[self._newest] = look
        self._magnitudes[self._newest] = magnitude
        self._pairs *= _KEEP
        self._power *= _KEEP
        for row, apart in enumerate(_APART_LOOKS):
            earlier = self._newest - apart
            if self._magnitudes[earlier] > 0.0:
                self._pairs[row] += look * np.conj(self._looks[earlier])
                self._power += magnitude * self._magnitudes[earlier]
                self._count += 1

    def _estimate(self) -> bool:
        curves = np.fft.irfft(self._pairs, _LAGS * _OVERSAMPLED) * (_LAGS * _OVERSAMPLED / 2)
        fit = np.zeros(len(self._rates))
        for curve, apart in zip(curves, _APART_LOOKS, strict=True):
            moved = self._rates * (apart * _LOOK_FRAMES * FRAME_SAMPLES)
            fit += np.interp(moved, self._curve_lags, np.fft.fftshift(curve))
        best = int(np.argmax(fit))
        self._bests.append(best)
        least = _FAINT_COHERENCE if self._steady() else _LEAST_COHERENCE
        if fit[best] < least * self._power or not 0 < best < len(fit) - 1:
            return False
        if fit[MOST_PPM] > _ONE_CLOCK * fit[best]:
            self.rate = 0.0
            return True
        below, top, above = fit[best - 1 : best + 2]
        between = 0.5 * (below - above) / (below - 2 * top + above)
        self.rate = float(self._rates[best] + between * 1e-6)
        return True

    def _steady(self) -> bool:
        bests = self._bests
        return len(bests) == _STEADY_ESTIMATES and max(bests) - min(bests) <= _STEADY_PPM


class DelayLine:
    """A stream read `delay` samples ago, where the delay may be no whole number and change.

    Band-limited interpolation (Smith & Gossett, ICASSP 1984) with one kernel at each end of a
    frame and a straight line between them: over one frame a drift of 400 ppm moves the place by
    0.06 samples, for which that line errs by less than -60 dB.

    Args:
        most: Longest delay, whole samples.
        kept: Further samples readable by `past`.
    """

    def __init__(self, *, most: int, kept: int) -> None:
        self._history = History(most + kept + 2 * HALF_TAPS + FRAME_SAMPLES, FRAME_SAMPLES)
        self._most = most
        self._ramp = ((np.arange(FRAME_SAMPLES) + 1) / FRAME_SAMPLES).astype(np.float32)
        self.delay = 0.0

    def clear(self) -> None:
        """Forget the stream, not the delay."""
        self._history.clear()

    def move(self, delay: float) -> None:
        """Read from another place from now on; as near to it as is possible."""
        least = 0 if delay == math.floor(delay) else HALF_TAPS
        self.delay = min(max(delay, least), self._most)

    def push(self, chunk: Floats) -> None:
        """Add a frame, shape (160,)."""
        self._history.push(chunk)

    def past(self, count: int, *, back: int) -> Floats:
        """`count` values up to `back` before the newest, delayed by the whole delay nearest."""
        return self._history.last(count, back=back + round(self.delay))

    def read(self, *, rate: float = 0.0) -> Floats:
        """The newest frame, delayed; `delay` grows by `rate` samples per sample meanwhile."""
        before = self.delay
        if rate != 0.0:
            self.move(before + rate * FRAME_SAMPLES)
        if before == self.delay and before == math.floor(before):
            return self._history.last(FRAME_SAMPLES, back=int(before))
        whole = math.floor(min(before, self.delay))
        span = self._history.last(FRAME_SAMPLES + 2 * HALF_TAPS, back=whole - HALF_TAPS)
        first = np.correlate(span, _kernel(before - whole), "valid")
        last = np.correlate(span, _kernel(self.delay - whole), "valid")
        return np.asarray(first + self._ramp * (last - first), np.float32)


def _kernel(delay: float) -> Floats:
    """Hann-windowed sinc that delays by 0 to 2 samples, shape (2 * HALF_TAPS + 1,)."""
    time = np.arange(-HALF_TAPS, HALF_TAPS + 1) + delay
    window = np.square(np.cos(np.pi / (2 * HALF_TAPS + 4) * time))
    return np.asarray(np.sinc(time) * window, np.float32)
