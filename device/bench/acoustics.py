"""Rooms and a small loudspeaker for measuring echo cancellers, by computation alone."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from audio.ports import SAMPLE_RATE_HZ

Signal = NDArray[np.float64]
Point = tuple[float, float, float]

SPEED_OF_SOUND = 343.0  # m/s
ROOM_M: Point = (4.2, 3.4, 2.5)
LOUDSPEAKER: Point = (1.2, 1.0, 0.8)
MICROPHONE: Point = (1.3, 1.06, 0.83)  # 12 cm beside the loudspeaker, in the same box
CHILD: Point = (2.2, 1.9, 1.0)
_EARLY_S = 0.06
"""Echoes up to here are computed one by one, later ones as decaying noise."""


def room_response(rt60_s: float, source: Point, *, seed: int, room_m: Point = ROOM_M) -> Signal:
    """Impulse response from `source` to the microphone in a box-shaped room of about `room_m`.

    Early part: image sources (Allen & Berkley 1979) with the wall absorption that Sabine's
    formula gives for `rt60_s`; late part: exponentially decaying noise that joins it in level.
    """
    rng = np.random.default_rng(seed)
    size = np.array(room_m) + rng.uniform(-0.4, 0.4, 3)
    volume = float(np.prod(size))
    surface = 2 * float(size[0] * size[1] + size[1] * size[2] + size[0] * size[2])
    absorbed = min(0.161 * volume / (surface * rt60_s), 0.95)
    reflect = math.sqrt(1 - absorbed)
    reach = _EARLY_S * SPEED_OF_SOUND
    counts = [int(reach / (2 * length)) + 1 for length in size]
    response = np.zeros(int(SAMPLE_RATE_HZ * rt60_s))
    grid = np.stack(
        np.meshgrid(*[np.arange(-n, n + 1) for n in counts], indexing="ij"), axis=-1
    ).reshape(-1, 3)
    taps = np.arange(-8, 9)
    for flips in np.ndindex(2, 2, 2):
        flip = np.array(flips)
        image = (1 - 2 * flip) * np.array(source) + 2 * grid * size
        distance = np.linalg.norm(image - np.array(MICROPHONE), axis=1)
        bounces = np.abs(grid - flip).sum(axis=1) + np.abs(grid).sum(axis=1)
        near = distance < reach
        at = distance[near] / SPEED_OF_SOUND * SAMPLE_RATE_HZ
        strength = reflect ** bounces[near] / np.maximum(distance[near], 0.05)
        whole = np.floor(at).astype(int)
        offset = taps[None, :] - (at - whole)[:, None]
        kernel = np.sinc(offset) * (0.5 + 0.5 * np.cos(np.pi * np.clip(offset / 9, -1, 1)))
        index = whole[:, None] + taps[None, :]
        inside = (index >= 0) & (index < len(response))
        np.add.at(response, index[inside], (strength[:, None] * kernel)[inside])
    join = int(_EARLY_S * SAMPLE_RATE_HZ)
    level = math.sqrt(float(np.mean(np.square(response[join - 320 : join]))))
    late = np.arange(len(response) - join + 80)
    decay = 10.0 ** (-3.0 * late / (rt60_s * SAMPLE_RATE_HZ))
    fade = np.minimum(np.arange(len(late)) / 160, 1.0)
    response[join - 80 :] *= np.maximum(1 - fade, 0)
    response[join - 80 :] += level * decay * fade * rng.standard_normal(len(late))
    return response


def convolve(signal: Signal, response: Signal) -> Signal:
    """Linear convolution, cut to the signal's length."""
    size = 1 << (len(signal) + len(response) - 1).bit_length()
    product = np.fft.rfft(signal, size) * np.fft.rfft(response, size)
    return np.asarray(np.fft.irfft(product, size)[: len(signal)])


def _biquad(kind: str, corner_hz: float, length: int = 1024) -> Signal:
    """Impulse response of a second-order Butterworth filter (bilinear transform)."""
    w = 2 * math.pi * corner_hz / SAMPLE_RATE_HZ
    cos, alpha = math.cos(w), math.sin(w) / math.sqrt(2)
    middle = 1 + cos if kind == "high" else 1 - cos
    b = (middle / 2, -middle if kind == "high" else middle, middle / 2)
    a = (1 + alpha, -2 * cos, 1 - alpha)
    out = np.zeros(length)
    for n in range(length):
        value = b[n] if n < 3 else 0.0
        value -= a[1] * out[n - 1] if n > 0 else 0.0
        value -= a[2] * out[n - 2] if n > 1 else 0.0
        out[n] = value / a[0]
    return out


LOUDSPEAKER_RESPONSE = convolve(
    np.concatenate([_biquad("high", 180.0), np.zeros(1024)]), _biquad("low", 7000.0)
)


def loudspeaker(signal: Signal, clip: float | None) -> Signal:
    """A small loudspeaker: soft clipping with a little even order, then 180 Hz to 7 kHz.

    Args:
        signal: What the card was given, full scale 1.0.
        clip: Amplitude at which it saturates; None for a linear one.
    """
    driven = signal
    if clip is not None:
        driven = clip * np.tanh(signal / clip)
        driven = driven + 0.03 * np.square(driven) / clip
    return convolve(driven, LOUDSPEAKER_RESPONSE)


def drifted(signal: Signal, ppm: float) -> Signal:
    """The signal as a clock that is `ppm` fast would sample it; same length, zero-filled.

    Windowed-sinc interpolation with 32 taps.
    """
    if ppm == 0:
        return signal
    at = np.arange(len(signal)) * (1 + ppm * 1e-6)
    whole = np.floor(at).astype(int)
    part = at - whole
    padded = np.concatenate([np.zeros(16), signal, np.zeros(64 + int(len(signal) * 1e-3))])
    out = np.zeros(len(signal))
    for tap in range(-15, 17):
        offset = tap - part
        kernel = np.sinc(offset) * (0.5 + 0.5 * np.cos(np.pi * offset / 17))
        out += padded[np.minimum(whole + tap + 16, len(padded) - 1)] * kernel
    return out


def active_rms(signal: Signal) -> float:
    """RMS over the 20 ms frames within 30 dB of the loudest."""
    frames = np.square(signal[: len(signal) // 320 * 320].reshape(-1, 320)).mean(axis=1)
    return math.sqrt(float(frames[frames > frames.max() * 1e-3].mean()))
