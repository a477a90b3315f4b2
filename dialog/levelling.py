"""Makes every voice start at once and sound equally loud, by EBU R 128."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.ports import SAMPLE_RATE_HZ, Samples
from core.loudness import SPEECH_LUFS, gain_to

CEILING_DB = -1.5
"""Of the true peak: a voice is not clipped to be loud."""
MOST_GAIN_DB = 18.0
BLOCK_SAMPLES = SAMPLE_RATE_HZ // 100
AUDIBLE_BELOW_PEAK_DB = 45.0
"""A block this far under the loudest block is silence."""
LEAD_S, TAIL_S = 0.01, 0.06
"""Kept before the first and after the last audible block, so that no consonant is clipped."""


def levelled(speech: NDArray[np.float32], *, pause_s: float = 0.0) -> Samples:
    """A sentence trimmed of silence, at the common level, as int16.

    Args:
        speech: 16 kHz mono, shape (n,), full scale 1.0.
        pause_s: Silence to put before it.

    Returns:
        Samples; empty when there is nothing audible in `speech`.

    Raises:
        ModelError: What measures loudness is not installed.
    """
    blocks_dbfs = _block_levels(speech)
    if blocks_dbfs.size == 0 or blocks_dbfs.max() < -80.0:
        return np.zeros(0, np.int16)
    audible = np.flatnonzero(blocks_dbfs > blocks_dbfs.max() - AUDIBLE_BELOW_PEAK_DB)
    start = max(0, int(audible[0]) * BLOCK_SAMPLES - int(LEAD_S * SAMPLE_RATE_HZ))
    end = (int(audible[-1]) + 1) * BLOCK_SAMPLES + int(TAIL_S * SAMPLE_RATE_HZ)
    kept = speech[start:end]
    gain_db = gain_to(kept, SAMPLE_RATE_HZ, lufs=SPEECH_LUFS, ceiling_db=CEILING_DB)
    gained = kept * 10 ** (min(gain_db, MOST_GAIN_DB) / 20)
    pause = np.zeros(int(pause_s * SAMPLE_RATE_HZ), np.int16)
    return np.concatenate([pause, np.rint(gained * 32767.0).astype(np.int16)])


def _block_levels(speech: NDArray[np.float32]) -> NDArray[np.float64]:
    """RMS of each 10 ms in dBFS; a last part block counts with zeros added."""
    padded = np.pad(speech.astype(np.float64), (0, -len(speech) % BLOCK_SAMPLES))
    power = np.mean(padded.reshape(-1, BLOCK_SAMPLES) ** 2, axis=1)
    return np.asarray(10 * np.log10(np.maximum(power, 1e-12)))
