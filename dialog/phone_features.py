"""Log mel energies, as Kaldi computes them, with the room and the microphone taken out.

The acoustic model hears 40 bands from 20 Hz to 7600 Hz every 10 ms. From each band its mean over
the loud frames of the utterance is subtracted, so that neither a microphone's colour nor a child's
distance matters; frames of silence have no say in it, since how many there are is chance.

Sources:
    Kaldi's ``feat/feature-fbank.cc`` and ``mel-computations.cc`` (Apache-2.0) define windows,
    pre-emphasis and triangles; `tests/dialog/test_phone_features.py` holds this to its figures.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

from audio.ports import SAMPLE_RATE_HZ

Waveform = NDArray[np.float32]
"""Mono, 16 000 Hz, full scale 1.0."""
Bands = NDArray[np.float32]
"""Shape (frames, 40): natural log of mel energies of 16-bit samples, one row per 10 ms."""

BAND_COUNT = 40
LOWEST_HZ, HIGHEST_HZ = 20.0, 7600.0
FRAME_S = 0.01
WINDOW_SAMPLES, SHIFT_SAMPLES, FFT_SAMPLES = 400, 160, 512
_PREEMPHASIS = 0.97
_SMALLEST = float(np.finfo(np.float32).eps)

LOUD_BELOW_PEAK = 4.6
"""A frame is loud when its mean log energy is within this (20 dB) of the utterance's loudest."""

ACTIVE_RMS = 0.05
FLOOR_RMS = 1e-4
"""Level that an utterance's loud part is brought to, and noise laid under it (-80 dBFS): digital
silence, which a noise gate leaves, has a logarithm that no recording ever has."""
MOST_GAIN = 100.0


def conditioned(samples: Waveform) -> Waveform:
    """The same sound at one level, with the noise of a quiet room under it; at least one frame."""
    if samples.size < WINDOW_SAMPLES:
        samples = np.pad(samples, (0, WINDOW_SAMPLES - samples.size))
    blocks = samples[: samples.size // SHIFT_SAMPLES * SHIFT_SAMPLES].reshape(-1, SHIFT_SAMPLES)
    power = np.square(blocks.astype(np.float64)).mean(axis=1)
    active = np.sqrt(power[power >= 0.01 * power.max()].mean())
    gain = min(ACTIVE_RMS / active, MOST_GAIN) if active > 0.0 else 1.0
    noise = np.random.default_rng(0).normal(0.0, FLOOR_RMS, samples.size)
    sound: Waveform = np.clip(samples * gain + noise, -1.0, 1.0).astype(np.float32)
    return sound


def log_mel(samples: Waveform) -> Bands:
    """Log mel energies of every whole window (25 ms, every 10 ms); no row below 25 ms."""
    count = 1 + (samples.size - WINDOW_SAMPLES) // SHIFT_SAMPLES
    if count < 1:
        return np.zeros((0, BAND_COUNT), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW_SAMPLES)
    windows = frames[::SHIFT_SAMPLES][:count].astype(np.float32) * np.float32(32768.0)
    windows -= windows.mean(axis=1, keepdims=True)
    before = np.concatenate([windows[:, :1], windows[:, :-1]], axis=1)
    windows = (windows - np.float32(_PREEMPHASIS) * before) * _window()
    spectrum = np.fft.rfft(windows, FFT_SAMPLES, axis=1)[:, :-1]
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    bands: Bands = np.log(np.maximum(power @ triangles().T, _SMALLEST)).astype(np.float32)
    return bands


def loud_mean(bands: Bands) -> NDArray[np.float32]:
    """Mean of every band over the loud frames, shape (40,)."""
    level = bands.mean(axis=1)
    mean: NDArray[np.float32] = bands[level >= level.max() - LOUD_BELOW_PEAK].mean(axis=0)
    return mean


def features(samples: Waveform) -> Bands:
    """What the acoustic model is given: conditioned, log mel, loud mean taken off."""
    bands = log_mel(conditioned(samples))
    return bands - loud_mean(bands)


@functools.cache
def triangles() -> NDArray[np.float32]:
    """Weight of every FFT bin in every band, shape (40, 256)."""
    low, high = _mel(LOWEST_HZ), _mel(HIGHEST_HZ)
    step = (high - low) / (BAND_COUNT + 1)
    bins = _mel(np.arange(FFT_SAMPLES // 2) * SAMPLE_RATE_HZ / FFT_SAMPLES)[None, :]
    left = (low + np.arange(BAND_COUNT) * step)[:, None]
    rising, falling = (bins - left) / step, (left + 2 * step - bins) / step
    weights: NDArray[np.float32] = np.maximum(np.minimum(rising, falling), 0.0).astype(np.float32)
    return weights


def band_centres_hz() -> NDArray[np.float64]:
    """Middle frequency of every band, shape (40,)."""
    mel = np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), BAND_COUNT + 2)[1:-1]
    centres: NDArray[np.float64] = 700.0 * np.expm1(mel / 1127.0)
    return centres


@functools.cache
def _window() -> NDArray[np.float32]:
    """Povey's: a Hann window to the power of 0.85."""
    angle = 2 * np.pi * np.arange(WINDOW_SAMPLES) / (WINDOW_SAMPLES - 1)
    window: NDArray[np.float32] = ((0.5 - 0.5 * np.cos(angle)) ** 0.85).astype(np.float32)
    return window


def _mel(frequency_hz: float | NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1127.0 * np.log1p(np.asarray(frequency_hz, np.float64) / 700.0))
