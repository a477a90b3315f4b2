"""Whether two sounds are said by one voice."""

from __future__ import annotations

import numpy as np

from audio.ports import Samples

BIN_SAMPLES = 512


def distance_db(one: Samples, other: Samples) -> float:
    """How far their mean spectra lie apart; espeak-ng's own breath makes about 1 dB of it."""
    count = min(one.size, other.size) // BIN_SAMPLES * BIN_SAMPLES
    means = [
        np.abs(np.fft.rfft(each[:count].reshape(-1, BIN_SAMPLES).astype(np.float64))).mean(axis=0)
        for each in (one, other)
    ]
    return float(np.sqrt(np.mean((20 * np.log10((means[0] + 1) / (means[1] + 1))) ** 2)))


def same_voice(one: Samples, other: Samples) -> bool:
    """Whether the same words are said by the same voice."""
    return distance_db(one, other) < 2.5
