"""Impulse responses of a shoebox room by the image-source method, in numpy alone.

Sources:
    J. B. Allen, D. A. Berkley, "Image method for efficiently simulating small-room acoustics",
    J. Acoust. Soc. Am. 65 (1979), 943-950: images, reflection counts, the 100 Hz high-pass.
    P. M. Peterson, "Simulating the response of multiple microphones to a single acoustic
    source in a reverberant room", J. Acoust. Soc. Am. 80 (1986), 1527-1529: fractional delays.
    C. F. Eyring, "Reverberation time in 'dead' rooms", J. Acoust. Soc. Am. 1 (1930), 217-241.
    M. R. Schroeder, "New method of measuring reverberation time", J. Acoust. Soc. Am. 37
    (1965), 409-412: backward integration.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from audio.ports import SAMPLE_RATE_HZ

Signal = NDArray[np.float64]  # mono, 16 000 Hz, full scale 1.0
Point = tuple[float, float, float]  # metres from one corner of the floor

SPEED_OF_SOUND_M_S = 343.0
_PHASES = 64  # arrival times are kept to 1/64 of a sample, 0.3 mm
_HALF_TAPS = 32  # of the fractional delay's kernel, in samples


def eyring_absorption(rt60_s: float, size_m: Point) -> float:
    """Energy absorption 0..1 of the walls after Eyring: ``1 - exp(-24 ln10 V / (c S T))``."""
    x, y, z = size_m
    volume_m3 = x * y * z
    surface_m2 = 2 * (x * y + y * z + z * x)
    sabine = 24 * np.log(10) * volume_m3 / (SPEED_OF_SOUND_M_S * surface_m2 * rt60_s)
    return float(1 - np.exp(-sabine))


@lru_cache(maxsize=32)
def room_response(size_m: Point, rt60_s: float, source: Point, microphone: Point) -> Signal:
    """Impulse response from a source to a microphone, with the asked reverberation time.

    Eyring's formula assumes a diffuse field, which a shoebox has not (its decay comes out 10
    to 40 % long), so the absorption is refined until the images' own decay has the asked time.

    Args:
        size_m: Length, width and height of the room.
        rt60_s: Time in which the reverberation falls by 60 dB.
        source: Where the sound comes from.
        microphone: Where it is heard.

    Returns:
        Read-only, shape (samples,), 16 000 Hz; the direct sound is ``1 / (4 pi distance)``.
    """
    absorption = absorption_for(size_m, rt60_s, source, microphone)
    response = impulse_response(size_m, absorption, source, microphone, length_s=rt60_s)
    response.setflags(write=False)
    return response


def absorption_for(size_m: Point, rt60_s: float, source: Point, microphone: Point) -> float:
    """Energy absorption of the walls that gives the images' decay the asked RT60."""
    distance_m, reflections = _images(size_m, source, microphone, rt60_s * SPEED_OF_SOUND_M_S)
    indirect = reflections > 0
    bin_ms = (distance_m[indirect] / SPEED_OF_SOUND_M_S * 1000).astype(np.int64)
    orders = int(reflections.max()) + 1
    energy = np.bincount(  # energy before absorption, per millisecond and number of reflections
        bin_ms * orders + reflections[indirect],
        weights=distance_m[indirect] ** -2,
        minlength=(int(bin_ms.max()) + 1) * orders,
    ).reshape(-1, orders)
    log_kept = np.log1p(-eyring_absorption(rt60_s, size_m))
    for _ in range(8):  # the decay time is nearly proportional to 1 / log_kept
        decay = energy @ np.exp(log_kept * np.arange(orders))
        log_kept *= decay_time_s(decay, 1000) / rt60_s
    return float(-np.expm1(log_kept))


def impulse_response(
    size_m: Point, absorption: float, source: Point, microphone: Point, *, length_s: float
) -> Signal:
    """Impulse response for walls of one energy absorption; see `room_response`."""
    distance_m, reflections = _images(size_m, source, microphone, length_s * SPEED_OF_SOUND_M_S)
    amplitude = (1 - absorption) ** (reflections / 2) / (4 * np.pi * distance_m)
    arrival = np.rint(distance_m * (SAMPLE_RATE_HZ * _PHASES / SPEED_OF_SOUND_M_S)).astype(np.int64)
    samples = int(np.ceil(length_s * SAMPLE_RATE_HZ)) + _HALF_TAPS
    grid = np.bincount(arrival, weights=amplitude, minlength=samples * _PHASES)
    grid = grid[: samples * _PHASES].reshape(samples, _PHASES)
    size = 1 << (samples + 2 * _HALF_TAPS).bit_length()
    spectrum = np.zeros(size // 2 + 1, np.complex128)
    for phase in range(_PHASES):
        spectrum += np.fft.rfft(grid[:, phase], size) * np.fft.rfft(_delay_kernel(phase), size)
    spectrum *= _high_pass(size)
    return np.fft.irfft(spectrum, size)[_HALF_TAPS : _HALF_TAPS + samples].copy()


def decay_time_s(energy: Signal, rate_hz: float) -> float:
    """Reverberation time by backward integration, from a line through -5 to -35 dB (T30).

    Args:
        energy: Squared impulse response or energy per time bin.
        rate_hz: Bins per second.
    """
    curve = np.cumsum(energy[::-1])[::-1]
    level_db = 10 * np.log10(curve[curve > 0] / curve[0])
    fitted = np.flatnonzero((level_db <= -5) & (level_db >= -35))
    slope_db_s = np.polyfit(fitted / rate_hz, level_db[fitted], 1)[0]
    return float(-60 / slope_db_s)


def convolve(signal: Signal, response: Signal) -> Signal:
    """Full linear convolution by FFT, shape (len(signal) + len(response) - 1,)."""
    length = len(signal) + len(response) - 1
    size = 1 << length.bit_length()
    return np.fft.irfft(np.fft.rfft(signal, size) * np.fft.rfft(response, size), size)[:length]


def _images(
    size_m: Point, source: Point, microphone: Point, reach_m: float
) -> tuple[Signal, NDArray[np.int64]]:
    """Distances in metres and wall reflections of all images within `reach_m`."""
    squares, counts = [], []
    for length, start, end in zip(size_m, source, microphone, strict=True):
        n = np.arange(-int(reach_m / (2 * length)) - 1, int(reach_m / (2 * length)) + 2)
        place = np.concatenate([2 * n * length + start, 2 * n * length - start])
        squares.append((place - end) ** 2)
        counts.append(np.concatenate([np.abs(2 * n), np.abs(n - 1) + np.abs(n)]))
    square = (
        squares[0][:, None, None] + squares[1][None, :, None] + squares[2][None, None, :]
    ).ravel()
    count = (counts[0][:, None, None] + counts[1][None, :, None] + counts[2][None, None, :]).ravel()
    near = square < reach_m**2
    return np.sqrt(square[near]), count[near].astype(np.int64)


@lru_cache(maxsize=_PHASES)
def _delay_kernel(phase: int) -> Signal:
    """Hann-windowed sinc that delays by ``_HALF_TAPS + phase / _PHASES`` samples."""
    time = np.arange(2 * _HALF_TAPS + 1) - _HALF_TAPS - phase / _PHASES
    hann = 0.5 * (1 + np.cos(np.pi * time / (_HALF_TAPS + 1)))
    return np.asarray(np.sinc(time) * hann)


def _high_pass(size: int) -> NDArray[np.complex128]:
    """Allen and Berkley's 100 Hz high-pass, which takes out the images' pile-up at 0 Hz.

    Scaled to a gain of 1 at the Nyquist frequency; as published it amplifies by 2 %.
    """
    corner = 2 * np.pi * 100 / SAMPLE_RATE_HZ
    r = np.exp(-corner)
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response = (1 - (1 + r) * z + r * z**2) / (1 - 2 * r * np.cos(corner) * z + r**2 * z**2)
    return np.asarray(response * (1 + r) / 2, np.complex128)
