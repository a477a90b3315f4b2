"""Takes a microphone's and a room's colour out of a sound, for recognisers that cannot.

The acoustic model wants every band's mean over the loud frames taken off
(`dialog.phone_features.loud_mean`). Vosk computes its own features and has no place for that, so
the sound itself is filtered until each band has the mean that the model was written for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.ports import SAMPLE_RATE_HZ, Samples
from dialog.phone_features import Waveform, band_centres_hz, conditioned, log_mel, loud_mean

ROUNDS = 2
"""Neighbouring bands overlap; a second filter corrects what the first one left."""
MOST_LOG_GAIN = 6.0
"""Of a band's energy in one round (26 dB), so that an empty band does not become all noise."""


def equalised(samples: Samples, typical_bands: NDArray[np.float32]) -> Samples:
    """The same words with the asked mean in every band.

    Args:
        samples: Int16, mono, 16 000 Hz.
        typical_bands: Mean log mel energy of loud frames, shape (40,).

    Returns:
        Int16, of the same length (25 ms at least).
    """
    sound = conditioned((samples / np.float32(32768.0)).astype(np.float32))
    for _ in range(ROUNDS):
        sound = _filtered(sound, typical_bands - loud_mean(log_mel(sound)))
    result: Samples = np.clip(np.rint(sound * 32768.0), -32768, 32767).astype(np.int16)
    return result


def _filtered(sound: Waveform, log_gain: NDArray[np.float32]) -> Waveform:
    gain = np.exp(np.clip(log_gain, -MOST_LOG_GAIN, MOST_LOG_GAIN) / 2)
    size = 1 << (sound.size + SAMPLE_RATE_HZ // 10).bit_length()
    frequency_hz = np.arange(size // 2 + 1) * SAMPLE_RATE_HZ / size
    response = np.interp(frequency_hz, band_centres_hz(), gain)
    filtered = np.fft.irfft(np.fft.rfft(sound, size) * response, size)[: sound.size]
    return np.asarray(filtered, np.float32)
