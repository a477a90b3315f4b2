"""When a child's turn begins, pauses and ends. Pure: voiced or not, frame by frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from audio.ports import FRAME_MS, EndReason
from audio.settings import TurnSettings

RESUME_VOICED_MS = 40
"""Voiced time that takes a pause back; a click does not."""
START_LEAK = 0.5
"""What an unvoiced frame takes off the voiced time that begins a turn."""


class Turn(Enum):
    """Where a turn stands."""

    WAITING = "waiting"
    SPEAKING = "speaking"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Started:
    """A turn began.

    Attributes:
        onset: Frame index of its first voiced frame.
    """

    onset: int


@dataclass(frozen=True, slots=True)
class Paused:
    """Silence long enough to look at the answer.

    Attributes:
        speech_end: Frame index after the last voiced frame.
    """

    utterance_id: int
    revision: int
    speech_end: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """The voice came back within the same turn."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The turn is over.

    Attributes:
        speech_end: Frame index after the last voiced frame.
        pauses: Frames of each silence that the child broke by going on.
    """

    utterance_id: int
    revision: int
    speech_end: int
    reason: EndReason
    pauses: tuple[int, ...] = ()


TurnEvent = Started | Paused | Resumed | Ended


def frames_of(ms: float) -> int:
    """Frames that cover a time, rounded up."""
    return -int(-ms // FRAME_MS)


class Endpointer:
    """Finds the ends of turns in counted frames.

    Silence is counted from the end of the last voiced frame, so whoever calls `step` decides
    with its `voiced` what the detector's own lag is worth.

    Args:
        settings: Every threshold.
    """

    def __init__(self, settings: TurnSettings) -> None:
        self._start = settings.start_voiced_ms / FRAME_MS
        self._look = frames_of(settings.look_ms)
        self._complete = frames_of(settings.complete_silence_ms)
        self._incomplete = frames_of(settings.incomplete_silence_ms)
        self._extra = frames_of(settings.hesitation_extra_ms)
        self._unfinished = frames_of(settings.unfinished_silence_ms)
        self._limit = frames_of(settings.limit_s * 1000)
        self._resume = RESUME_VOICED_MS / FRAME_MS
        self.turn = Turn.WAITING
        self.utterance_id = 0
        self.revision = 0
        self._frame = 0
        self._score = 0.0
        self._onset = 0
        self._speech_end = 0
        self._is_complete = False
        self._least = 0
        """Frames of silence that the verdict on this pause asks for at least."""
        self._pauses: list[int] = []

    def wait_for(self, silence_ms: float) -> None:
        """Take another silence than `incomplete_silence_ms` for the end, from now on."""
        self._incomplete = max(self._complete, frames_of(silence_ms))

    def begin(self, frame: int, history: Iterable[bool] = ()) -> list[TurnEvent]:
        """Listen for a new turn; one that was under way is dropped.

        Args:
            frame: Index of the frame that `step` gets next.
            history: Voiced or not for the frames just before it, oldest first: speech that
                began before anybody listened counts from its beginning.

        Returns:
            `Started` if the history holds a beginning already.
        """
        past = list(history)
        self.turn = Turn.WAITING
        self._score = 0.0
        self._frame = frame - len(past)
        return [event for voiced in past for event in self.step(voiced)]

    def seize(self, onset: int, frame: int) -> Started:
        """Begin a turn at once: somebody else, the barge-in, is sure of the speech.

        Args:
            onset: Index of its first voiced frame.
            frame: Index of the frame that `step` gets next.
        """
        self._frame = frame
        return self._open(onset, speech_end=frame)

    def step(self, voiced: bool) -> list[TurnEvent]:
        """Count one frame; returns what it changed, mostly nothing."""
        index = self._frame
        self._frame += 1
        if self.turn is Turn.WAITING:
            return self._wait(index, voiced)
        if self.turn is Turn.SPEAKING:
            return self._speak(index, voiced)
        return self._pause(index, voiced)

    def complete(self, utterance_id: int, revision: int) -> None:
        """The answer so far is complete: `complete_silence_ms` ends the turn.

        A word about an older revision is void: the child has spoken on since.
        """
        if self._is_current(utterance_id, revision):
            self._is_complete = True

    def hesitating(self, utterance_id: int, revision: int) -> None:
        """The child is searching for words: `hesitation_extra_ms` more, once a pause."""
        if self._is_current(utterance_id, revision):
            self._least = max(self._least, self._incomplete + self._extra)

    def unfinished(self, utterance_id: int, revision: int) -> None:
        """Only a beginning of the answer was said: `unfinished_silence_ms`, once a pause."""
        if self._is_current(utterance_id, revision):
            self._least = max(self._least, self._unfinished)

    def _is_current(self, utterance_id: int, revision: int) -> bool:
        return self.turn is Turn.PAUSED and (utterance_id, revision) == (
            self.utterance_id,
            self.revision,
        )

    def _wait(self, index: int, voiced: bool) -> list[TurnEvent]:
        if not voiced:
            self._score = max(0.0, self._score - START_LEAK)
            return []
        if self._score == 0.0:
            self._onset = index
        self._score += 1.0
        self._speech_end = index + 1
        return [self._open(self._onset, index + 1)] if self._score >= self._start else []

    def _open(self, onset: int, speech_end: int) -> Started:
        self.turn = Turn.SPEAKING
        self.utterance_id += 1
        self.revision = 0
        self._onset = onset
        self._speech_end = speech_end
        self._score = 0.0
        self._pauses.clear()
        self._forget_verdict()
        return Started(onset)

    def _speak(self, index: int, voiced: bool) -> list[TurnEvent]:
        if voiced:
            self._speech_end = index + 1
        if self._over_limit(index):
            self.revision += 1
            return [self._end(EndReason.LIMIT)]
        if index + 1 - self._speech_end < self._look:
            return []
        self.turn = Turn.PAUSED
        self.revision += 1
        self._score = 0.0
        self._forget_verdict()
        return [Paused(self.utterance_id, self.revision, self._speech_end)]

    def _pause(self, index: int, voiced: bool) -> list[TurnEvent]:
        if voiced:
            self._score += 1.0
            if self._score >= self._resume:
                self.turn = Turn.SPEAKING
                self._pauses.append(max(0, index + 1 - int(self._resume) - self._speech_end))
                self._speech_end = index + 1
                return [Resumed()]
        else:
            self._score = max(0.0, self._score - START_LEAK)
        silence = index + 1 - self._speech_end
        if self._score > 0.0 and not self._over_limit(index):
            return []  # somebody may be going on: decide within the next frames
        if self._is_complete and silence >= self._complete:
            return [self._end(EndReason.COMPLETE)]
        if silence >= max(self._incomplete, self._least):
            return [self._end(EndReason.SILENCE)]
        if self._over_limit(index):
            return [self._end(EndReason.LIMIT)]
        return []

    def _end(self, reason: EndReason) -> Ended:
        self.turn = Turn.WAITING
        self._score = 0.0
        pauses = tuple(self._pauses)
        return Ended(self.utterance_id, self.revision, self._speech_end, reason, pauses)

    def _over_limit(self, index: int) -> bool:
        return index + 1 - self._onset >= self._limit

    def _forget_verdict(self) -> None:
        self._is_complete = False
        self._least = 0


class VoicedHistory:
    """The last second and a half of voiced or not, for `Endpointer.begin`."""

    def __init__(self, frames: int = 150) -> None:
        self._flags: deque[bool] = deque(maxlen=frames)

    def push(self, voiced: bool) -> None:
        self._flags.append(voiced)

    def clear(self) -> None:
        self._flags.clear()

    def run(self, *, gap_frames: int = 30) -> list[bool]:
        """The flags since speech that is still going on began, oldest first.

        Empty when the last `gap_frames` hold no voice: what ended long ago is not an answer.
        """
        flags = list(self._flags)
        silent = 0
        for back, voiced in enumerate(reversed(flags)):
            silent = 0 if voiced else silent + 1
            if silent > gap_frames:
                return flags[len(flags) - (back + 1 - silent) :]
        return flags
