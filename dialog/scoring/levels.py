"""What can be seen of an utterance before any phone: nothing there, clipped, far too long."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.ports import SAMPLE_RATE_HZ
from dialog.phone_features import Waveform
from dialog.phone_frames import Frames
from dialog.phone_set import SILENCE
from dialog.scoring.result import Outcome

LONGEST_S = 60.0
"""No sentence for a child takes longer; what is longer is not even listened to."""
SILENT_BELOW_DBFS = -60.0
"""Loudest tenth of a second; the level of a quiet room's noise at a usual gain."""
QUIET_BELOW_DBFS = -40.0
CLIPPED_FROM = 0.98
CLIPPED_SHARE = 0.1
"""Share of clipped samples in the loud part of a shout; recordings that are merely loud have a
thousandth."""
STEADY_WITHIN_DB = 12.0
"""Speech goes up and down by more than this; a fan, a hum or hiss does not."""
SPOKEN_S, SPOKEN_S_PER_PHONE = 4.0, 0.35
"""More sound than this is more than the text: the slowest child in the corpus takes half."""
_BLOCK = SAMPLE_RATE_HZ // 100


def fault(sound: Waveform) -> Outcome | None:
    """Why a sound cannot hold an utterance; None when it may."""
    if sound.size > LONGEST_S * SAMPLE_RATE_HZ:
        return Outcome.TOO_LONG
    level = _levels_dbfs(sound)
    if level.size == 0 or _loudest(level) < SILENT_BELOW_DBFS:
        return Outcome.SILENCE
    blocks = np.abs(sound[: level.size * _BLOCK]).reshape(-1, _BLOCK)
    loud = blocks[level >= level.max() - 10.0]
    if float((loud >= CLIPPED_FROM).mean()) >= CLIPPED_SHARE:
        return Outcome.TOO_LOUD
    return None


def too_long(frames: Frames, phones: int) -> bool:
    """Whether far more is said than a sentence of so many phones takes."""
    spoken = int((frames.log_posteriors.argmax(axis=1) != SILENCE).sum())
    return spoken * frames.frame_s > SPOKEN_S + SPOKEN_S_PER_PHONE * phones


def why_it_does_not_fit(sound: Waveform) -> Outcome:
    """The likeliest reason why a sentence is not in a sound that holds something."""
    level = _levels_dbfs(sound)
    if float(np.percentile(level, 95) - np.percentile(level, 10)) < STEADY_WITHIN_DB:
        return Outcome.SILENCE
    return Outcome.TOO_QUIET if _loudest(level) < QUIET_BELOW_DBFS else Outcome.OTHER_SOUND


def _levels_dbfs(sound: Waveform) -> NDArray[np.float64]:
    """RMS of every 10 ms."""
    blocks = sound[: sound.size // _BLOCK * _BLOCK].reshape(-1, _BLOCK).astype(np.float64)
    return np.asarray(10 * np.log10(np.square(blocks).mean(axis=1) + 1e-12))


def _loudest(level: NDArray[np.float64]) -> float:
    """Level of the loudest tenth of a second."""
    return float(np.sort(level)[-10:].mean())
