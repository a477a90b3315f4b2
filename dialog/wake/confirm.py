"""The last word on a wake phrase: the ears listen to the whole of what sounded like it.

The detector in the audio thread is cheap and hears much; this listens once more, with the model
that recognises answers, to the last seconds before a candidate. How well the phrase's phones fit
against the best other phone in their places, and its whole path against any sounds, decide.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Protocol

import numpy as np

from audio.ports import FRAME_S, WAKE_SOUND_S, Samples, WakeHit, WakeWord
from dialog.phone_features import Waveform
from dialog.phone_frames import Frames
from dialog.phone_graph import likelihoods
from dialog.wake.detector import FEWEST_FRAMES, MOST_FRAMES
from dialog.wake.evidence import MARGIN, RATIO, evidence
from dialog.wake.phrase import phrase
from dialog.wake.question import WakeQuestion
from dialog.wake.spotter import Spotter
from dialog.wake.verifier import share

CANDIDATE_SHARE, FAR_SHARE = 0.04, 0.2
"""A candidate needs this share of the threshold only, this has the last word; and this share is
enough for Myna's own voice to be taken for the phrase."""
HOPELESS = -1.5
"""Log likelihood ratio for each frame below which no path is looked at closely."""
DECIDED_AT, STEEPNESS = -0.95, 4.0
"""Sum of margin and ratio at which the confidence is a half, and how fast it moves there: set
on 1 h of talk, two thirds of it in noise, by people whom the ears had not heard, and on 108
sayings by synthetic voices (`docs/wake.md`)."""


class Ears(Protocol):
    """What hears whole utterances (`dialog.speech_ears`)."""

    def frames(self, samples: Waveform) -> Frames: ...


def confidence(samples: Samples, question: WakeQuestion, ears: Ears) -> float:
    """How sure it is that the phrase was said, 0..1.

    Args:
        samples: int16, 16 000 Hz, what led up to the candidate.
        question: Which phrase.
        ears: What to listen with.

    Raises:
        ModelError: The phrase cannot be said.
    """
    return share(logit(samples, question, ears))


def logit(samples: Samples, question: WakeQuestion, ears: Ears) -> float:
    """The same as natural log of the odds, 0 at a confidence of a half; minus infinity for none.

    Raises:
        ModelError: The phrase cannot be said.
    """
    found = fit(samples, question, ears)
    return -math.inf if found is None else last_word(found, question.bias)


def last_word(found: tuple[float, float], bias: float) -> float:
    """The logit of what `fit` found."""
    return STEEPNESS * (sum(found) - DECIDED_AT) + bias


def fit(samples: Samples, question: WakeQuestion, ears: Ears) -> tuple[float, float] | None:
    """Margin and log likelihood ratio of the best path; None where there is hardly any."""
    sought = phrase(question.text, question.further)
    frames = ears.frames((samples / np.float32(32768.0)).astype(np.float32))
    spotter = Spotter([sought])
    best, path = HOPELESS, None
    for row in likelihoods(frames):
        spotter.step(row)
        ratio, length = spotter.ratio(0)
        if FEWEST_FRAMES <= length <= MOST_FRAMES and ratio / length > best:
            best, path = ratio / length, spotter.path(0, before=0)
    if path is None:
        return None
    seen = evidence(path)
    return float(seen.phones[:, MARGIN].mean()), float(seen.whole[RATIO])


class ConfirmedWakeWord:
    """`WakeWord` with both stages at once, for recordings: a candidate holds up the caller.

    Args:
        candidates: The cheap stage.
        question: Of the same phrase.
        ears: Have the last word.
        threshold: Confidence of a hit, 0..1.
    """

    def __init__(
        self, candidates: WakeWord, question: WakeQuestion, ears: Ears, *, threshold: float
    ) -> None:
        self.phrases = candidates.phrases
        self._candidates = candidates
        self._question = question
        self._ears = ears
        self._threshold = threshold
        self._sound: deque[Samples] = deque(maxlen=round(WAKE_SOUND_S / FRAME_S))

    def process(self, frame: Samples) -> WakeHit | None:
        """See `WakeWord`."""
        self._sound.append(frame.copy())
        hit = self._candidates.process(frame)
        if hit is None:
            return None
        sure = confidence(np.concatenate(self._sound), self._question, self._ears)
        return WakeHit(hit.phrase, sure, hit.at_s) if sure >= self._threshold else None

    def reset(self) -> None:
        """See `WakeWord`."""
        self._sound.clear()
        self._candidates.reset()
