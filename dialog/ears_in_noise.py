"""Ears for answers: the plain ones in quiet; in noise those that leave fainter sounds out.

The near ears (``training/near_ears.py``) take a television, a fan and what is left of Myna's own
voice for silence, as long as somebody is louder; they hear the wake phrase too. In quiet the plain
ones know sounds a little better. Figures: `docs/hearing.md`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dialog.phone_features import SHIFT_SAMPLES, Waveform
from dialog.phone_frames import Ears, Frames

NOISE_WITHIN_DB = 30.0
"""A sound is noisy where its quiet frames are less than this below its loud ones. In quiet they are
34 dB below or more, beside a fan 10 dB under the child 18 at most, beside a television 25."""
LOUD_PERCENTILE, QUIET_PERCENTILE = 95.0, 10.0
_SILENCE_POWER = 1e-12


class EarsInNoise:
    """Hears each sound by the ears that suit it; called from one thread.

    Args:
        plain: For quiet.
        near: Gives those for noise, when they are first needed.
    """

    def __init__(self, plain: Ears, near: Callable[[], Ears]) -> None:
        self._plain = plain
        self._near = near

    def frames(self, samples: Waveform) -> Frames:
        """See `Ears`."""
        return (self._near() if is_noisy(samples) else self._plain).frames(samples)


def is_noisy(samples: Waveform) -> bool:
    """Whether a sound's pauses are filled: see `NOISE_WITHIN_DB`. Below 10 ms nothing is."""
    blocks = samples[: samples.size // SHIFT_SAMPLES * SHIFT_SAMPLES].reshape(-1, SHIFT_SAMPLES)
    if blocks.size == 0:
        return False
    power = np.square(blocks).mean(axis=1)
    level_db = 10.0 * np.log10(power + _SILENCE_POWER)
    loud_db, quiet_db = np.percentile(level_db, (LOUD_PERCENTILE, QUIET_PERCENTILE))
    return bool(loud_db - quiet_db < NOISE_WITHIN_DB)
