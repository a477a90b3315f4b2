"""Sample rates: whole recordings through soxr, live streams through a short polyphase filter.

Live streams do not use soxr's streaming resampler: between 48 kHz and 16 kHz it holds 37 ms back
and hands them out in lumps of 30 ms (measured, soxr 1.1, HQ), which a child would feel in every
interruption. The filter here delays by 1.5 ms and gives exactly 10 ms for every 10 ms.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from audio.ports import Samples

STOPBAND_DB = 80.0
PASSBAND_SHARE = 0.85  # of the lower rate's Nyquist frequency
Waveform = NDArray[np.float32]  # full scale is 1.0


def to_int16(wave: Waveform) -> Samples:
    """Round and clip to int16; full scale 1.0 is 32768. Not-a-number becomes silence."""
    scaled = np.nan_to_num(np.asarray(wave, np.float32), nan=0.0, posinf=1.0, neginf=-1.0) * 32768
    return np.clip(np.rint(scaled), -32768, 32767).astype(np.int16)


def resample(wave: Waveform, from_hz: int, to_hz: int) -> Waveform:
    """A whole recording at another rate, by soxr at its best quality.

    In floating point, because soxr dithers integers with a seed from the clock and the same
    file would then never give the same samples twice.
    """
    if from_hz == to_hz or wave.size == 0:
        return wave
    import soxr

    return np.asarray(soxr.resample(wave, from_hz, to_hz, quality="VHQ"), np.float32)


class StreamResampler:
    """Changes the rate of a live stream, block by block, with constant delay.

    A rational polyphase filter: a low pass designed by the Kaiser window method (Oppenheim &
    Schafer, Discrete-Time Signal Processing, 7.5.3), 80 dB of stop band, flat to 0.85 of the
    lower Nyquist frequency, with aliases only above that.

    Args:
        from_hz: Rate of what `process` is given.
        to_hz: Rate of what it returns.
        block: Longest input block in samples that is processed without allocating; longer
            ones are taken too.
    """

    def __init__(self, from_hz: int, to_hz: int, *, block: int = 0) -> None:
        if from_hz < 1 or to_hz < 1:
            raise ValueError(f"sample rates must be positive, not {from_hz} and {to_hz} Hz")
        shared = math.gcd(from_hz, to_hz)
        self._up, self._down = to_hz // shared, from_hz // shared
        self._phases = _polyphase(self._up, self._down)
        self._taps = self._phases.shape[1]
        self.delay_s = (self._taps - 1 / self._up) / 2 / from_hz
        self._grow(block or from_hz // 100)
        self.reset()

    def reset(self) -> None:
        """Forget what was heard: the next sample follows silence."""
        self._input[: self._taps - 1] = 0
        self._position = 0  # of the next output, in 1/up input samples from the block's start

    def process(self, samples: Samples) -> Samples:
        """What is ready after `samples` more.

        Args:
            samples: int16 at `from_hz`, any length.
        Returns:
            int16 at `to_hz`; over time exactly `to_hz / from_hz` as many. Borrowed until the
            next call.
        """
        if self._up == self._down:
            return samples
        count, history = len(samples), self._taps - 1
        if history + count > len(self._input):
            self._grow(count)
        self._input[history : history + count] = samples
        ready = max(0, -(-(count * self._up - self._position) // self._down))
        np.multiply(self._steps[:ready], self._down, out=self._places[:ready])
        self._places[:ready] += self._position
        np.divmod(self._places[:ready], self._up, out=(self._starts[:ready], self._places[:ready]))
        np.take(self._windows, self._starts[:ready], axis=0, out=self._heard[:ready], mode="clip")
        np.take(self._phases, self._places[:ready], axis=0, out=self._weights[:ready], mode="clip")
        np.einsum("ij,ij->i", self._heard[:ready], self._weights[:ready], out=self._sums[:ready])
        np.rint(self._sums[:ready], out=self._sums[:ready])
        np.clip(self._sums[:ready], -32768, 32767, out=self._sums[:ready])
        self._output[:ready] = self._sums[:ready]
        self._input[:history] = self._input[count : count + history].copy()
        self._position += ready * self._down - count * self._up
        return self._output[:ready]

    def _grow(self, block: int) -> None:
        """Make room for input blocks of this length, keeping the history."""
        old = getattr(self, "_input", np.zeros(self._taps - 1, np.float32))
        self._input = np.zeros(self._taps - 1 + block, np.float32)
        self._input[: self._taps - 1] = old[: self._taps - 1]
        self._windows = np.lib.stride_tricks.sliding_window_view(self._input, self._taps)
        most = block * self._up // self._down + 2
        self._steps = np.arange(most, dtype=np.int64)
        self._places = np.empty(most, np.int64)
        self._starts = np.empty(most, np.int64)
        self._heard = np.empty((most, self._taps), np.float32)
        self._weights = np.empty((most, self._taps), np.float32)
        self._sums = np.empty(most, np.float32)
        self._output = np.empty(most, np.int16)


def _polyphase(up: int, down: int) -> Waveform:
    """The low pass, cut into `up` phases: row p weighs inputs for a place p/up after one.

    Returns:
        Shape (up, taps); weights run from the oldest input to the newest.
    """
    # All in units of the high rate, at which there are `up` places for each input.
    nyquist = math.pi / max(up, down)
    width = 2 * (1 - PASSBAND_SHARE) * nyquist
    length = math.ceil((STOPBAND_DB - 8) / (2.285 * width)) + 1
    taps = -(-length // up)
    length = taps * up
    beta = 0.1102 * (STOPBAND_DB - 8.7)
    places = np.arange(length) - (length - 1) / 2
    cut = 1 / max(up, down)
    weights = up * cut * np.sinc(cut * places) * np.kaiser(length, beta)
    return np.ascontiguousarray(weights.reshape(taps, up).T[:, ::-1], np.float32)
