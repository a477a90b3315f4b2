"""Earcons: short sounds made of bell partials, so that no sound file has to be shipped."""

from __future__ import annotations

from enum import Enum

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Samples

# Partials of a small bell relative to its strike tone: ratio, amplitude, decay in seconds.
# After Fletcher & Rossing, The Physics of Musical Instruments, 1998, ch. 21 (hum left out, the
# inharmonic upper partials kept low so that the sound stays soft).
_PARTIALS = ((1.0, 1.0, 0.16), (2.0, 0.32, 0.09), (2.98, 0.10, 0.05))
_ATTACK_S = 0.004
_RELEASE_S = 0.02


class Earcon(Enum):
    """A sound with one meaning; the values are notes as (start in s, pitch in Hz)."""

    WAKE = ((0.0, 784.0), (0.09, 1046.5))
    """I am listening: a fourth upwards, G5 to C6."""
    SLEEP = ((0.0, 1046.5), (0.11, 784.0))
    """Goodbye: the same downwards."""
    PAUSE = ((0.0, 784.0),)
    TROUBLE = ((0.0, 523.3), (0.13, 493.9))
    """Something is wrong: a soft step down, C5 to B4."""


def earcon(kind: Earcon, *, peak_dbfs: float = -14.0) -> Samples:
    """Make a sound.

    Args:
        kind: Which one.
        peak_dbfs: Highest amplitude; 0 dBFS is 32768.

    Returns:
        int16 mono, 16 kHz, about 0.35 to 0.5 s, ending in silence without a click.
    """
    last_start_s = max(start_s for start_s, _ in kind.value)
    length = int((last_start_s + 0.36) * SAMPLE_RATE_HZ)
    sound = np.zeros(length)
    for start_s, pitch_hz in kind.value:
        start = int(start_s * SAMPLE_RATE_HZ)
        sound[start:] += _bell(pitch_hz, length - start)
    release = int(_RELEASE_S * SAMPLE_RATE_HZ)
    sound[-release:] *= np.linspace(1.0, 0.0, release)
    scale = 32768.0 * 10.0 ** (peak_dbfs / 20.0) / np.abs(sound).max()
    finished: Samples = (sound * scale).astype(np.int16)
    return finished


def _bell(pitch_hz: float, length: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    time_s = np.arange(length) / SAMPLE_RATE_HZ
    tone = np.zeros(length)
    for ratio, amplitude, decay_s in _PARTIALS:
        tone += (
            amplitude * np.sin(2 * np.pi * pitch_hz * ratio * time_s) * np.exp(-time_s / decay_s)
        )
    return tone * np.minimum(time_s / _ATTACK_S, 1.0)
