"""A small loudspeaker behind a sound card of its own clock: delay, drift, distortion, band."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples
from audio.virtual_room.acoustics import Signal, convolve

_HALF_TAPS = 16  # of the interpolating kernel, in samples
_PHASES = 512  # of its table, with a straight line between them
_LEAST_LAG = _HALF_TAPS + 2  # samples: the kernel must not reach into the future
_EVEN_PART = 0.05  # second-order share of the distortion
_BAND_HZ = (180.0, 7000.0)
_DECIMATOR_TAPS = 63  # at twice the sample rate; half of it is the decimator's delay


class Loudspeaker:
    """Turns what was handed to the card into what the cone does, frame by frame.

    The samples are played `delay_ms` later by a clock that is `drift_ppm` fast, interpolated at
    twice the sample rate, and distorted there, since a real cone's harmonics do not fold back.
    The output is the two phases of that doubled rate; `filters` brings them back to 16 kHz.

    A card whose clock drifts gains or loses samples. Where the delay has moved by 10 ms from
    its nominal value, one frame is played twice or dropped, as a card's driver does, and
    `slipped` tells it.

    Args:
        delay_ms: From handing over to sound, at the start; at least 3.
        drift_ppm: How much faster than the microphone's the loudspeaker's clock runs.
        clip_at: Amplitude (full scale 1) at which the cone saturates softly; None is linear.
    """

    def __init__(self, *, delay_ms: float, drift_ppm: float, clip_at: float | None) -> None:
        own_delay = (_DECIMATOR_TAPS - 1) / 4
        self._nominal_lag = delay_ms * SAMPLE_RATE_HZ / 1000 - own_delay
        if self._nominal_lag < _LEAST_LAG:
            raise ValueError(f"a loudspeaker delay of {delay_ms} ms is below 3 ms")
        self._rate = 1 + drift_ppm * 1e-6
        self._clip_at = clip_at
        reach = int(self._nominal_lag) + 2 * FRAME_SAMPLES + 2 * _HALF_TAPS
        self._past = np.zeros(reach + FRAME_SAMPLES)
        self._lag = self._nominal_lag
        self._steps: Signal = np.arange(FRAME_SAMPLES, dtype=np.float64)
        self._taps = np.arange(2 * _HALF_TAPS)
        self.slipped = False
        """Whether the last frame was paired anew because the clocks had run apart."""

    def play(self, frame: Samples) -> NDArray[np.float64]:
        """The cone's movement, shape (2, 160): at each sample, and half a sample before it."""
        self._past[:-FRAME_SAMPLES] = self._past[FRAME_SAMPLES:]
        self._past[-FRAME_SAMPLES:] = frame
        self._past[-FRAME_SAMPLES:] /= 32768
        self.slipped = self._pair_again()
        first = len(self._past) - FRAME_SAMPLES - self._lag
        place: Signal = first + self._rate * self._steps
        self._lag -= (self._rate - 1) * FRAME_SAMPLES
        moved = np.stack([self._interpolate(place), self._interpolate(place - 0.5)])
        return moved if self._clip_at is None else soft_clip(moved, self._clip_at)

    def reset(self) -> None:
        """Forget what was played; the delay is nominal again."""
        self._past[:] = 0
        self._lag = self._nominal_lag

    def _pair_again(self) -> bool:
        if self._lag < max(_LEAST_LAG, self._nominal_lag - FRAME_SAMPLES):
            self._lag += FRAME_SAMPLES
            return True
        if self._lag > self._nominal_lag + FRAME_SAMPLES:
            self._lag -= FRAME_SAMPLES
            return True
        return False

    def _interpolate(self, place: Signal) -> Signal:
        """Values of the past at fractional places, shape (160,)."""
        whole = np.floor(place).astype(np.int64)
        if self._rate == 1.0:  # one phase for all: one kernel, one product
            kernel = _kernels(place[:1] - whole[:1])[0]
            first = whole[0] - _HALF_TAPS + 1
            span = self._past[first : first + FRAME_SAMPLES + 2 * _HALF_TAPS - 1]
            return np.correlate(span, kernel, "valid")
        windows = self._past[(whole - _HALF_TAPS + 1)[:, None] + self._taps]
        return np.asarray(np.einsum("st,st->s", windows, _kernels(place - whole)))


def soft_clip(signal: NDArray[np.float64], clip_at: float) -> NDArray[np.float64]:
    """Memoryless saturation: odd (tanh), with a little even-order asymmetry."""
    bent = np.tanh(signal / clip_at)
    return np.asarray(clip_at * (bent + _EVEN_PART * bent**2))


def filters(room: Signal) -> NDArray[np.float64]:
    """Filters that take `Loudspeaker.play`'s two phases to the microphone, shape (2, taps).

    The loudspeaker's band and the step from 32 to 16 kHz (polyphase) are folded into the
    room's impulse response, so that they cost nothing per frame.
    """
    cone = _cone_response()
    return np.stack([convolve(cone[0::2], room), convolve(cone[1::2], room)])


@lru_cache(maxsize=1)
def _cone_response() -> Signal:
    """Band-pass and decimator at 32 kHz, shape (1024,)."""
    size = 8192
    rate = 2 * SAMPLE_RATE_HZ
    band = _second_order(_BAND_HZ[0], rate, size, high=True) * _second_order(
        _BAND_HZ[1], rate, size, high=False
    )
    time = np.arange(_DECIMATOR_TAPS) - _DECIMATOR_TAPS // 2
    decimator = np.sinc(time / 2) / 2 * np.kaiser(_DECIMATOR_TAPS, 6.0)
    return np.fft.irfft(band * np.fft.rfft(decimator, size), size)[:1024].copy()


def _second_order(corner_hz: float, rate_hz: float, size: int, *, high: bool) -> Signal:
    """Frequency response of a Butterworth biquad (R. Bristow-Johnson's audio EQ cookbook)."""
    w = 2 * np.pi * corner_hz / rate_hz
    alpha = np.sin(w) / np.sqrt(2)
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    side = (1 + np.cos(w)) / 2 if high else (1 - np.cos(w)) / 2
    middle = -2 * side if high else 2 * side
    response = (side + middle * z + side * z**2) / (
        1 + alpha - 2 * np.cos(w) * z + (1 - alpha) * z**2
    )
    return np.asarray(response)


@lru_cache(maxsize=1)
def _kernel_table() -> NDArray[np.float64]:
    """Kaiser-windowed sincs for each phase, shape (_PHASES + 1, 2 * _HALF_TAPS)."""
    phase = np.arange(_PHASES + 1)[:, None] / _PHASES
    time = np.arange(2 * _HALF_TAPS) - _HALF_TAPS + 1 - phase
    window = np.i0(8 * np.sqrt(np.clip(1 - (time / _HALF_TAPS) ** 2, 0, None))) / np.i0(8)
    return np.asarray(np.sinc(time) * window)


def _kernels(fraction: Signal) -> NDArray[np.float64]:
    """Interpolating kernels for fractions 0..1 of a sample, shape (n, 2 * _HALF_TAPS)."""
    table = _kernel_table()
    at = fraction * _PHASES
    low = np.minimum(at.astype(np.int64), _PHASES - 1)
    weight = (at - low)[:, None]
    return np.asarray(table[low] * (1 - weight) + table[low + 1] * weight)
