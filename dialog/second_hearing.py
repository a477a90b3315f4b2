"""A second hearing, behind a noise suppressor, of what was refused in noise.

The sound goes once through a suppressor that has forgotten everything before it, and is heard
again. It has to say more than the first hearing for an answer to count: the whole of one, with more
confidence, and no word of it likely to have been another. Why only then and not always:
`docs/hearing.md`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from audio.ports import FRAME_SAMPLES, NoiseSuppressor, Samples
from dialog import answers
from dialog.answers import Answer
from dialog.phone_frames import Ears
from dialog.pinyin import is_pinyin
from dialog.ports import SlipKind
from dialog.slips import slip_in

SURE_FROM = 0.8
"""Confidence from which an answer counts as said at a second hearing. From 0.5 on, as at the first,
nearly as many answers with a word replaced were taken as right ones; from 0.8 on few are."""
NOISE_WITHIN_DB = 30.0
"""A sound is noisy where its quiet frames are less than this below its loud ones. In quiet they are
34 dB below or more, beside a fan 10 dB under the child 18 at most, beside a television 25."""
LOUD_PERCENTILE, QUIET_PERCENTILE = 95.0, 10.0
_SILENCE_POWER = 1e-12


@dataclass(frozen=True, slots=True)
class HeardAgain:
    """What a second hearing takes for said.

    Attributes:
        answer: Which, and how sure.
        samples: The sound that it was heard in, filled up to whole frames.
    """

    answer: Answer
    samples: Samples = field(repr=False)


class SecondHearing:
    """Hears a sound once more; called from the thread that the ears are called from.

    Args:
        ears: The same as for the first hearing.
        suppressor: Without gain; it is reset before each sound.
    """

    def __init__(self, ears: Ears, suppressor: NoiseSuppressor) -> None:
        self._ears = ears
        self._suppressor = suppressor

    def answer(
        self,
        samples: Samples,
        candidates: Sequence[Sequence[str]],
        asides: Collection[int],
    ) -> HeardAgain | None:
        """The expected answer that was said after all.

        Args:
            samples: Int16, 16 kHz, of which nothing was accepted.
            candidates: All that were listened for at the first hearing.
            asides: Which of them are commands: these compete, and are never taken.

        Returns:
            None where the sound is not noisy, or no answer is sure enough.
        """
        if not is_noisy(samples):
            return None
        clearer = self._suppressed(samples)
        frames = self._ears.frames((clearer / np.float32(32768.0)).astype(np.float32))
        found = answers.best_answer(frames, candidates, only_whole=asides)
        if found is None or not found.whole or found.confidence < SURE_FROM:
            return None
        words = candidates[found.index]
        if found.index in asides or is_pinyin(words):
            return None
        slip = slip_in(frames, words)
        # Noise may look like a word too many, or hide one; it does not say another in its place.
        if slip is not None and slip.kind is SlipKind.REPLACED:
            return None
        return HeardAgain(found, clearer)

    def _suppressed(self, samples: Samples) -> Samples:
        """The same without its noise, filled up to whole frames."""
        clearer: Samples = np.pad(samples, (0, -samples.size % FRAME_SAMPLES))
        self._suppressor.reset()
        for frame in clearer.reshape(-1, FRAME_SAMPLES):
            self._suppressor.process(frame, frame)
        return clearer


def is_noisy(samples: Samples) -> bool:
    """Whether a sound's pauses are filled: see `NOISE_WITHIN_DB`. Below 10 ms nothing is."""
    blocks = samples[: samples.size // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    if blocks.size == 0:
        return False
    power = np.square(blocks / 32768.0).mean(axis=1)
    level_db = 10.0 * np.log10(power + _SILENCE_POWER)
    loud_db, quiet_db = np.percentile(level_db, (LOUD_PERCENTILE, QUIET_PERCENTILE))
    return bool(loud_db - quiet_db < NOISE_WITHIN_DB)
