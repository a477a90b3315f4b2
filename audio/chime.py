"""Earcons: short sounds made of bell partials, so that no sound file has to be shipped."""

from __future__ import annotations

import functools
from enum import Enum

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Samples
from core.loudness import SPEECH_LUFS, gain_to

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


EARCON_LUFS = SPEECH_LUFS - 4.0
"""A signal is heard beside a voice, not over it."""
CEILING_DB = -3.0


@functools.lru_cache(maxsize=len(Earcon))
def earcon(kind: Earcon) -> Samples:
    """Make a sound.

    Args:
        kind: Which one.

    Returns:
        int16 mono, 16 kHz, about 0.35 to 0.5 s, ending in silence without a click.

    Raises:
        ModelError: What measures loudness is not installed.
    """
    last_start_s = max(start_s for start_s, _ in kind.value)
    length = int((last_start_s + 0.36) * SAMPLE_RATE_HZ)
    sound = np.zeros(length)
    for start_s, pitch_hz in kind.value:
        start = int(start_s * SAMPLE_RATE_HZ)
        sound[start:] += _bell(pitch_hz, length - start)
    release = int(_RELEASE_S * SAMPLE_RATE_HZ)
    sound[-release:] *= np.linspace(1.0, 0.0, release)
    sound /= np.abs(sound).max()
    gain_db = gain_to(
        sound.astype(np.float32), SAMPLE_RATE_HZ, lufs=EARCON_LUFS, ceiling_db=CEILING_DB
    )
    finished: Samples = (32768.0 * sound * 10.0 ** (gain_db / 20.0)).astype(np.int16)
    finished.flags.writeable = False  # the same one is handed out again and again
    return finished


def _bell(pitch_hz: float, length: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    time_s = np.arange(length) / SAMPLE_RATE_HZ
    tone = np.zeros(length)
    for ratio, amplitude, decay_s in _PARTIALS:
        tone += (
            amplitude * np.sin(2 * np.pi * pitch_hz * ratio * time_s) * np.exp(-time_s / decay_s)
        )
    return tone * np.minimum(time_s / _ATTACK_S, 1.0)
