"""A front end fed from arrays, as the device makes it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from audio.factory import make_front_end
from audio.front_end import FrontEnd
from audio.playback import Playback
from audio.ports import FRAME_SAMPLES, Attention, Edge, ReadStatus, Samples, WakeWord, Woken
from audio.settings import AudioSettings, TurnSettings, WakeSettings
from device.wake_words import wake_question, wake_words


class Listener:
    """One front end; its wake words are shared with every other, since loading them takes long.

    Args:
        attention: What it listens for.
        turns: Thresholds; None for the default.
        wake: Phrase and threshold; None for the default.
    """

    def __init__(
        self,
        attention: Attention,
        turns: TurnSettings | None = None,
        wake: WakeSettings | None = None,
    ) -> None:
        turns, wake = turns or TurnSettings(), wake or WakeSettings()
        detectors = _detectors(wake)
        for detector in detectors:
            detector.reset()
        self.front_end: FrontEnd = make_front_end(
            AudioSettings(), wake, turns, Playback(duck_db=turns.duck_db), detectors
        )
        self._status = ReadStatus()
        self.front_end.attend(attention)

    def hear(self, near: Samples, far: Samples) -> list[Edge]:
        """One frame of each, shape (160,)."""
        return self.front_end.process(near, far, self._status)

    def hear_all(self, near: Samples, far: Samples) -> list[Edge]:
        """Recordings of one length; edges in their order."""
        return [edge for frame in frames(near, far) for edge in self.hear(*frame)]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that sounded like the wake phrase to the first stage.

    Attributes:
        at_s: When, in counted audio.
        confidence: The last word on it, 0..1: from the setting's threshold on she wakes.
    """

    at_s: float
    confidence: float


class SleepingListener:
    """Myna asleep, with both stages where they are on the device: the front end finds candidates
    in the suppressed sound, the last word hears the sound without echo that led up to them. It is
    given at once, where the device takes a tenth of a second."""

    def __init__(self) -> None:
        settings = WakeSettings()
        question = wake_question(settings, settings.phrase, None)
        if question is None:
            raise ValueError("the engine of the settings gives no one the last word")
        self._question = question
        self._threshold = settings.threshold
        self._listener = Listener(Attention.WAKE)

    @property
    def vetoed(self) -> int:
        """Candidates held back since start because Myna's own voice held the phrase."""
        return self._listener.front_end.vetoed_wakes

    def hear_all(self, near: Samples, far: Samples) -> list[Candidate]:
        """Recordings of one length, whole frames of which are heard."""
        found: list[Candidate] = []
        for frame in frames(near, far):
            edges = self._listener.hear(*frame)
            found += [self._weighed(edge) for edge in edges if isinstance(edge, Woken)]
        return found

    def woken_by(self, candidate: Candidate) -> bool:
        """Whether this one wakes her."""
        return candidate.confidence >= self._threshold

    def _weighed(self, edge: Woken) -> Candidate:
        from dialog.factory import build_last_word

        question = self._question.after(edge.hit.score, over_playback=edge.over_playback)
        found = Candidate(edge.at_s, build_last_word().confidence(sound_of(edge), question))
        if not self.woken_by(found):
            self._listener.front_end.refuse_wake()
        return found


def frames(near: Samples, far: Samples) -> Iterator[tuple[Samples, Samples]]:
    """The whole frames of recordings of one length."""
    for start in range(0, len(near) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        part = slice(start, start + FRAME_SAMPLES)
        yield near[part], far[part]


def sound_of(candidate: Woken) -> Samples:
    """What led up to a candidate.

    Raises:
        ValueError: It came without.
    """
    if candidate.sound is None:
        raise ValueError("a candidate came without its sound")
    return candidate.sound


@functools.cache
def _detectors(wake: WakeSettings) -> tuple[WakeWord, WakeWord]:
    return wake_words(wake)
