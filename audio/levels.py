"""Sound levels in dBFS; 0 dBFS is amplitude 32768, so a full-scale sine is at -3.01."""

from __future__ import annotations

import math

import numpy as np

from audio.ports import Samples

SILENCE_DBFS = float("-inf")


def power_dbfs(power: float) -> float:
    """A mean square, relative to full scale 1.0, as dBFS; -inf for none."""
    return 10.0 * math.log10(power) if power > 0.0 else SILENCE_DBFS


def mean_square(samples: Samples) -> float:
    """Mean square relative to full scale, 0..1; 0 for no samples.

    Args:
        samples: int16 mono, any length.
    """
    if not len(samples):
        return 0.0
    scaled = samples.astype(np.float32)
    return float(np.dot(scaled, scaled)) / (len(samples) * 32768.0**2)


def rms_dbfs(samples: Samples) -> float:
    """RMS in dBFS of int16 samples of any length; -inf for digital silence."""
    return power_dbfs(mean_square(samples))
