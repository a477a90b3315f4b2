"""Log mel bands of a stream, with the room and the microphone taken out as far as is known yet.

An utterance's own mean over its loud frames is what the acoustic model was trained to be without.
A stream knows only what it has heard: the mean over the loud frames of the last three seconds, held
to the mean of all speech while those are few.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dialog.phone_features import (
    ACTIVE_RMS,
    BAND_COUNT,
    FLOOR_RMS,
    LOUD_BELOW_PEAK,
    SHIFT_SAMPLES,
    WINDOW_SAMPLES,
    log_mel,
)

Floats = NDArray[np.float32]

HISTORY_ROWS = 300
TRUST_ROWS = 20.0
"""So many loud frames count as much as what all speech has in common."""
OVERLAP_SAMPLES = WINDOW_SAMPLES - SHIFT_SAMPLES
FLOOR_SHARE = FLOOR_RMS / ACTIVE_RMS
LEAST_RMS = 1e-5
NOISE_SECONDS = 1


class StreamBands:
    """Normalised bands of consecutive sound.

    Args:
        usual: Mean bands of loud speech less their own mean, shape (40,).
    """

    def __init__(self, usual: Floats) -> None:
        self._usual = usual
        noise = np.random.default_rng(0).normal(0.0, 1.0, 16_000 * NOISE_SECONDS)
        # Energies of white noise in every band at an RMS of 1: what lies under all sound.
        self._white = np.exp(log_mel(noise.astype(np.float32))).mean(axis=0).astype(np.float32)
        self._before = np.zeros(OVERLAP_SAMPLES, np.float32)
        self._rows = np.zeros((HISTORY_ROWS, BAND_COUNT), np.float32)
        self._levels = np.zeros(HISTORY_ROWS, np.float32)
        self._rms = np.zeros(HISTORY_ROWS, np.float32)
        self.reset()

    def reset(self) -> None:
        """As if there had been digital silence."""
        self._before[:] = 0.0
        self._rms[:] = LEAST_RMS
        self._rows[:] = np.log(self._white * np.float32((LEAST_RMS * FLOOR_SHARE) ** 2))
        self._levels[:] = self._rows.mean(axis=1)

    def quiet(self) -> Floats:
        """A row of silence as it comes out, shape (40,), for `PhoneStream.reset`."""
        floor: Floats = np.log(self._white) + np.float32(2 * np.log(FLOOR_SHARE))
        speech = self._usual + floor.mean() - np.float32(2 * np.log(FLOOR_SHARE))
        return np.asarray(floor - speech, np.float32)

    def rows(self, sound: Floats) -> Floats:
        """The next rows.

        Args:
            sound: -1..1, a whole number of 10 ms.

        Returns:
            One normalised row for each 10 ms, shape (n, 40), whose windows end with them.
        """
        count = sound.size // SHIFT_SAMPLES
        whole = np.concatenate([self._before, sound])
        self._before = whole[-OVERLAP_SAMPLES:].copy()
        rms = np.sqrt(np.square(sound.reshape(count, SHIFT_SAMPLES)).mean(axis=1))
        self._rms = np.concatenate([self._rms[count:], rms])
        floor_rms = FLOOR_SHARE * max(float(self._rms.max()), LEAST_RMS)
        made = np.log(np.exp(log_mel(whole)) + self._white * np.float32(floor_rms**2))
        self._rows = np.concatenate([self._rows[count:], made])
        self._levels = np.concatenate([self._levels[count:], made.mean(axis=1)])
        normal: Floats = made - self._mean()
        return normal

    def _mean(self) -> Floats:
        loud = self._levels >= self._levels.max() - np.float32(LOUD_BELOW_PEAK)
        heard = self._rows[loud].mean(axis=0)
        trust = np.float32(loud.sum() / (loud.sum() + TRUST_ROWS))
        usual = self._usual + heard.mean()
        mean: Floats = usual + trust * (heard - usual)
        return mean
