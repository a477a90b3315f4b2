"""Both stages of the wake phrase over recordings, by models that have not heard their speakers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, WAKE_SOUND_S
from dialog.wake.acoustics import Network
from dialog.wake.confirm import CANDIDATE_SHARE, CANDIDATE_SHARE_WITH_HEAD, LastWord
from dialog.wake.detector import CANDIDATE, CHUNK_FRAMES, FEWEST_FRAMES, MOST_FRAMES
from dialog.wake.evidence import BEFORE_FRAMES, evidence
from dialog.wake.following import rows_of
from dialog.wake.phrase import Phrase, phrase
from dialog.wake.question import Taught, WakeQuestion
from dialog.wake.spotter import Spotter
from dialog.wake.trigger import Trigger
from dialog.wake.verifier import Verifier, share

Sound = NDArray[np.float32]

THRESHOLD = 0.5
BEHIND_FRAMES = 7
"""From the end of a piece of sound until the detector has done its work on it."""


@dataclass(frozen=True, slots=True)
class Stages:
    """Models of one fold: none of them has heard its speakers."""

    network: Network
    verifier: Verifier
    last_word: LastWord


@dataclass(frozen=True, slots=True)
class Asked:
    """A phrase that is listened for, and what somebody taught of it."""

    phrase: Phrase
    question: WakeQuestion

    @classmethod
    def of(cls, text: str, taught: Taught | None = None) -> Asked:
        """As the device would listen for it."""
        if taught is None:
            return cls(phrase(text), WakeQuestion(text))
        return cls(phrase(text, taught.further), WakeQuestion(text, taught.further, taught.bias))


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the first stage found.

    Attributes:
        asked: Index of the phrase.
        at_s: When, in seconds of the recording.
        first: Logit of the first stage.
        last: Logit of the last word; minus infinity for nothing.
    """

    asked: int
    at_s: float
    first: float
    last: float


def candidates(sound: Sound, asked: Sequence[Asked], stages: Stages) -> list[Candidate]:
    """Everything that comes to the last word, and what that says of it.

    Args:
        sound: -1..1, 16 000 Hz.
        asked: What to listen for, all at once.
        stages: By which models.
    """
    rows = rows_of(sound, stages.network)
    spotter = Spotter([each.phrase for each in asked])
    triggers = [Trigger(THRESHOLD * _share_of(each, stages)) for each in asked]
    found = []
    for chunk, begin in enumerate(range(0, len(rows), CHUNK_FRAMES)):
        for row in rows[begin : begin + CHUNK_FRAMES]:
            spotter.step(row)
        for at, each in enumerate(asked):
            score = _score(spotter, at, stages.verifier, each.question.bias)
            if triggers[at].hit(score, chunk):
                now = begin + CHUNK_FRAMES + BEHIND_FRAMES
                question = each.question.after(score)
                last = stages.last_word.logit(_lately(sound, now), question)
                at_s = now * FRAME_SAMPLES / SAMPLE_RATE_HZ
                first = math.log(score / (1 - score))
                found.append(Candidate(at, at_s, first, last))
    return found


def _share_of(asked: Asked, stages: Stages) -> float:
    """As `dialog.wake.confirm.candidate_share`, of the heads that these stages have."""
    head = stages.last_word.heads(asked.question.text, asked.question.head)
    return CANDIDATE_SHARE if head is None else CANDIDATE_SHARE_WITH_HEAD


def _score(spotter: Spotter, at: int, verifier: Verifier, bias: float) -> float:
    ratio, frames = spotter.ratio(at)
    if ratio < CANDIDATE * frames or not FEWEST_FRAMES <= frames <= MOST_FRAMES:
        return 0.0
    path = spotter.path(at, before=BEFORE_FRAMES)
    return 0.0 if path is None else share(verifier.logit(evidence(path)) + bias)


def _lately(sound: Sound, frame: int) -> NDArray[np.int16]:
    """What led up to a frame, as the device hands it to the last word."""
    end = frame * FRAME_SAMPLES
    return int16(sound[max(0, end - math.ceil(WAKE_SOUND_S * SAMPLE_RATE_HZ)) : end])


def int16(sound: NDArray[np.float32] | NDArray[np.float64]) -> NDArray[np.int16]:
    """A sound -1..1 as the microphone gives it."""
    return np.clip(np.rint(sound * 32767.0), -32768, 32767).astype(np.int16)
