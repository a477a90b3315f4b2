"""How voice-like a sound is: whether it has a pitch in a voice's range."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.ports import Samples

_WINDOW = 160  # 20 ms at 8 kHz
_SHORTEST, _LONGEST = 16, 67  # 500 Hz and 120 Hz at 8 kHz


class Harmonicity:
    """How periodic a sound is within a voice's range of pitch, 120 to 500 Hz.

    The peak of the normalised cross-correlation between the last 20 ms and the sound one
    pitch period earlier, at 8 kHz (Talkin, A robust algorithm for pitch tracking, 1995). A
    spoken vowel gives 0.8 to 1; a cough, a clap or a fan 0.1 to 0.4.
    """

    def __init__(self) -> None:
        self._past = np.zeros(_WINDOW + _LONGEST, np.float32)

    def push(self, frame: Samples) -> None:
        """Take in a frame without judging it; shape (160,)."""
        halved = frame.reshape(-1, 2).astype(np.float32).sum(axis=1)
        self._past[: -len(halved)] = self._past[len(halved) :]
        self._past[-len(halved) :] = halved

    def peak(self) -> float:
        """0..1, how well the best pitch explains the last 20 ms."""
        past: NDArray[np.float32] = self._past - self._past.mean()
        recent = past[-_WINDOW:]
        power = float(np.dot(recent, recent))
        if power < 1.0:
            return 0.0
        # Entry i compares with the sound _LONGEST - i samples earlier.
        products = np.correlate(past, recent, "valid")[: _LONGEST - _SHORTEST + 1]
        sums = np.concatenate(([0.0], np.cumsum(past * past)))
        energies = (sums[_WINDOW:] - sums[:-_WINDOW])[: len(products)]
        return max(0.0, float(np.max(products / np.sqrt(power * np.maximum(energies, 1.0)))))
