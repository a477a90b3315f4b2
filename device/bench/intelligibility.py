"""How well a voice came through: STOI, SI-SDR and its level."""

from __future__ import annotations

import functools
import math

import numpy as np
import soxr
from numpy.typing import NDArray

from audio.ports import SAMPLE_RATE_HZ

Signal = NDArray[np.float64]

_RATE_HZ = 10_000
_FRAME, _HOP, _FFT = 256, 128, 512
_BANDS, _LOWEST_HZ = 15, 150.0
_SEGMENT = 30
_CLIP_DB = -15.0
_DYNAMIC_DB = 40.0


def si_sdr_db(clean: Signal, heard: Signal) -> float:
    """Scale-invariant signal-to-distortion ratio in dB (Le Roux et al. 2019)."""
    scale = float(np.dot(clean, heard) / np.dot(clean, clean))
    wanted = scale * clean
    rest = heard - wanted
    return 10 * math.log10(float(np.dot(wanted, wanted)) / (float(np.dot(rest, rest)) + 1e-20))


def level_change_db(clean: Signal, heard: Signal) -> float:
    """Gain at which `clean` is found in `heard`, in dB."""
    return 20 * math.log10(abs(float(np.dot(clean, heard) / np.dot(clean, clean))) + 1e-9)


def stoi(clean: Signal, heard: Signal) -> float:
    """Short-time objective intelligibility, about 0..1 (Taal et al., IEEE TASLP 19(7), 2011).

    Args:
        clean: The voice alone, 16 kHz.
        heard: What came out, time-aligned, same length.

    Raises:
        ValueError: Less than 0.4 s of speech.
    """
    x, y = (np.asarray(soxr.resample(s, SAMPLE_RATE_HZ, _RATE_HZ)) for s in (clean, heard))
    x, y = _drop_silence(x, y)
    bands_x, bands_y = _bands(x), _bands(y)
    count = bands_x.shape[1] - _SEGMENT + 1
    if count < 1:
        raise ValueError("STOI needs at least 0.4 s of speech")
    windows = np.lib.stride_tricks.sliding_window_view
    seg_x = windows(bands_x, _SEGMENT, axis=1)
    seg_y = windows(bands_y, _SEGMENT, axis=1)
    norm = np.linalg.norm(seg_x, axis=2) / (np.linalg.norm(seg_y, axis=2) + 1e-20)
    clipped = np.minimum(seg_y * norm[..., None], seg_x * (1 + 10 ** (-_CLIP_DB / 20)))
    seg_x = seg_x - seg_x.mean(axis=2, keepdims=True)
    clipped = clipped - clipped.mean(axis=2, keepdims=True)
    product = (seg_x * clipped).sum(axis=2)
    size = np.linalg.norm(seg_x, axis=2) * np.linalg.norm(clipped, axis=2) + 1e-20
    return float(np.mean(product / size))


def _window() -> Signal:
    return np.hanning(_FRAME + 2)[1:-1]


def _frames(signal: Signal) -> Signal:
    view = np.lib.stride_tricks.sliding_window_view(signal, _FRAME)[::_HOP]
    return np.asarray(view * _window())


def _drop_silence(x: Signal, y: Signal) -> tuple[Signal, Signal]:
    """Both without the frames in which `x` lies 40 dB under its loudest."""
    frames_x, frames_y = _frames(x), _frames(y)
    energy = 20 * np.log10(np.linalg.norm(frames_x, axis=1) + 1e-20)
    kept = energy > energy.max() - _DYNAMIC_DB
    return _overlap_add(frames_x[kept]), _overlap_add(frames_y[kept])


def _overlap_add(frames: Signal) -> Signal:
    out = np.zeros(_HOP * (len(frames) - 1) + _FRAME)
    for n, frame in enumerate(frames):
        out[n * _HOP : n * _HOP + _FRAME] += frame
    return out


@functools.cache
def _third_octaves() -> Signal:
    hz = np.arange(_FFT // 2 + 1) * _RATE_HZ / _FFT
    matrix = np.zeros((_BANDS, len(hz)))
    for band in range(_BANDS):
        centre = _LOWEST_HZ * 2.0 ** (band / 3)
        low = int(np.argmin(np.abs(hz - centre * 2 ** (-1 / 6))))
        high = int(np.argmin(np.abs(hz - centre * 2 ** (1 / 6))))
        matrix[band, low:high] = 1.0
    return matrix


def _bands(signal: Signal) -> Signal:
    power = np.square(np.abs(np.fft.rfft(_frames(signal), _FFT, axis=1)))
    return np.asarray(np.sqrt(_third_octaves() @ power.T))
