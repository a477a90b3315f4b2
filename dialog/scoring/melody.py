"""The pitch of a voice over time, and what its melody does.

Pitch by the normalised autocorrelation of 40 ms windows, as in P. Boersma, "Accurate short-term
analysis of the fundamental frequency", Proc. Institute of Phonetic Sciences 17 (1993), without
its path search: a median over neighbours takes out single leaps.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.ports import SAMPLE_RATE_HZ
from dialog.phone_features import Waveform
from dialog.scoring.result import Intonation

LOWEST_HZ, HIGHEST_HZ = 75.0, 500.0
"""From a man's voice to a child's."""
WINDOW_SAMPLES, STEP_SAMPLES = 640, 160
VOICED_FROM = 0.55
"""Normalised autocorrelation at the pitch period from which a window counts as voiced."""
LOUD_BELOW_PEAK_DB = 30.0
LEAST_VOICED_S = 0.3
ENDING_S = 0.3
LEVEL_WITHIN_SEMITONES = 1.5


def pitch_hz(samples: Waveform) -> NDArray[np.float64]:
    """Pitch every 10 ms; NaN where the sound is not voiced or too soft.

    Args:
        samples: Mono, 16 000 Hz, -1..1, any length.
    """
    count = 1 + (samples.size - WINDOW_SAMPLES) // STEP_SAMPLES
    if count < 1:
        return np.zeros(0)
    view = np.lib.stride_tricks.sliding_window_view(samples, WINDOW_SAMPLES)[::STEP_SAMPLES]
    window = np.hanning(WINDOW_SAMPLES)
    frames = (view - view.mean(axis=1, keepdims=True)) * window
    correlation = _autocorrelation(frames) / _autocorrelation(window[None])
    energy = np.maximum(correlation[:, :1], 1e-12)
    shortest, longest = int(SAMPLE_RATE_HZ / HIGHEST_HZ), int(SAMPLE_RATE_HZ / LOWEST_HZ)
    likeness = correlation[:, : longest + 2] / energy
    # A long period that is a multiple of the true one is as alike: prefer the shorter.
    lags = np.arange(shortest, longest)
    weighed = likeness[:, shortest:longest] - 0.05 * np.log2(lags / shortest)
    best = weighed.argmax(axis=1)
    rows = np.arange(count)
    lag = best + shortest
    before, here, after = (likeness[rows, lag + step] for step in (-1, 0, 1))
    curve = before - 2 * here + after
    shift = np.where(curve < 0, 0.5 * (before - after) / np.where(curve < 0, curve, 1.0), 0.0)
    level = energy[:, 0]
    voiced = (here >= VOICED_FROM) & (level >= level.max() * 10 ** (-LOUD_BELOW_PEAK_DB / 10))
    pitch = SAMPLE_RATE_HZ / (lag + np.clip(shift, -0.5, 0.5))
    return _without_leaps(np.where(voiced, pitch, np.nan))


def intonation(samples: Waveform) -> Intonation | None:
    """What the melody does; None where less than 0.3 s is voiced."""
    pitch = pitch_hz(samples)
    voiced = np.flatnonzero(np.isfinite(pitch))
    if len(voiced) * STEP_SAMPLES < LEAST_VOICED_S * SAMPLE_RATE_HZ:
        return None
    semitones = 12 * np.log2(pitch[voiced])
    low, high = np.percentile(semitones, (5, 95))
    last = voiced[-1] - voiced < ENDING_S * SAMPLE_RATE_HZ / STEP_SAMPLES
    times = voiced[last].astype(float)
    slope = np.polyfit(times, semitones[last], 1)[0] if last.sum() >= 5 else 0.0
    moved = slope * (times[-1] - times[0])
    if abs(moved) <= LEVEL_WITHIN_SEMITONES:
        ending = "level"
    else:
        ending = "rising" if moved > 0 else "falling"
    return Intonation(float(high - low), ending, float(np.median(pitch[voiced])))


def _autocorrelation(frames: NDArray[np.float64]) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(frames, 2 * WINDOW_SAMPLES, axis=1)
    return np.fft.irfft(np.abs(spectrum) ** 2, axis=1)[:, :WINDOW_SAMPLES] + 1e-12


def _without_leaps(pitch: NDArray[np.float64]) -> NDArray[np.float64]:
    """Voiced values that are near the median of their neighbourhood of 110 ms."""
    padded = np.pad(pitch, 5, constant_values=np.nan)
    around = np.lib.stride_tricks.sliding_window_view(padded, 11)
    kept = np.full(len(pitch), np.nan)
    for index in np.flatnonzero(np.isfinite(pitch)):
        near = around[index][np.isfinite(around[index])]
        middle = float(np.median(near))
        if len(near) >= 4 and 0.75 < pitch[index] / middle < 1.34:
            kept[index] = pitch[index]
    return kept
