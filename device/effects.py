"""What the conversation wants done. Effects are data; `device.runtime` carries them out."""

from __future__ import annotations

from dataclasses import dataclass, field

from audio.ports import Attention, Utterance
from device.turn import Pause
from dialog.cloud.ports import Learner
from dialog.ports import Attempt, Hints, Learned, Line, Recognition
from hal.ports import Mood


@dataclass(frozen=True, slots=True)
class Attend:
    attention: Attention


@dataclass(frozen=True, slots=True)
class Show:
    mood: Mood


@dataclass(frozen=True, slots=True)
class Chime:
    """Play an earcon (``wake``, ``sleep``, ``trouble``) under a tag."""

    name: str
    tag: int


@dataclass(frozen=True, slots=True)
class Speak:
    """Say lines aloud, in order, after what is already queued; tags count up from `first_tag`."""

    lines: tuple[Line, ...]
    first_tag: int


@dataclass(frozen=True, slots=True)
class Hush:
    """Stop all speech now: cancel what is being made, cut what is being played."""


@dataclass(frozen=True, slots=True)
class Recognise:
    """Recognise an utterance; the answer comes back as `Recognised` or `RecognitionFailed`."""

    utterance: Utterance
    hints: Hints
    freely: bool = False
    """Listening again, for a question beside the lesson."""


@dataclass(frozen=True, slots=True)
class ForgetRecognitions:
    """What is being recognised is not wanted any more."""


@dataclass(frozen=True, slots=True)
class MarkComplete:
    """The answer so far is whole: a short silence may end the turn."""

    utterance_id: int
    revision: int


@dataclass(frozen=True, slots=True)
class MarkHesitating:
    """The child is looking for words: wait longer."""

    utterance_id: int
    revision: int


@dataclass(frozen=True, slots=True)
class MarkUnfinished:
    """The child has begun an answer and not ended it: wait longest."""

    utterance_id: int
    revision: int


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Post `TimerFired(name)` after a time; replaces a running timer of that name."""

    name: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ClearTimer:
    name: str


@dataclass(frozen=True, slots=True)
class Remember:
    attempts: tuple[Attempt, ...]
    learned: Learned | None = None


@dataclass(frozen=True, slots=True)
class ChangeVolume:
    """In steps of 6 dB."""

    steps: int


@dataclass(frozen=True, slots=True)
class OpenMicrophone:
    """Close (mute) or open the microphone's stream itself."""

    open: bool


@dataclass(frozen=True, slots=True)
class Expect:
    """Told to whoever watches (the virtual room's child): what would be a right answer now."""

    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """Told to whoever watches. May hold what was said: never logged, never stored."""

    kind: str
    data: dict[str, object] = field(default_factory=dict)


def heard(recognition: Recognition, *, right: bool) -> Note:
    """What a child's turn came to, for whoever watches; `right` where it is an answer."""
    return Note(
        "heard",
        {
            "text": recognition.text,
            "matched": recognition.matched,
            "confidence": recognition.confidence,
            "right": right,
        },
    )


@dataclass(frozen=True, slots=True)
class Ask:
    """Have a question answered; parts of the answer come back as `Answered`."""

    question: str
    learner: Learner


@dataclass(frozen=True, slots=True)
class AnswerCut:
    """The child spoke up after so many lines of the answer: nothing more of it is wanted."""

    lines_said: int


@dataclass(frozen=True, slots=True)
class AnswerSaid:
    """All of the answer has been said."""


@dataclass(frozen=True, slots=True)
class ForgetAnswers:
    """The child has gone: what was asked and answered is forgotten."""


AnswerEffect = Ask | AnswerCut | AnswerSaid | ForgetAnswers

Effect = (
    Attend
    | Show
    | Chime
    | Speak
    | Hush
    | Recognise
    | ForgetRecognitions
    | MarkComplete
    | MarkHesitating
    | MarkUnfinished
    | SetTimer
    | ClearTimer
    | Remember
    | ChangeVolume
    | OpenMicrophone
    | Expect
    | Note
    | AnswerEffect
)


def marks(pause: Pause, utterance_id: int, revision: int) -> list[Effect]:
    """What the turn's end is told of a pause; nothing where the usual silence ends the turn."""
    match pause:
        case Pause.COMPLETE:
            return [MarkComplete(utterance_id, revision)]
        case Pause.UNFINISHED:
            return [MarkUnfinished(utterance_id, revision)]
        case Pause.HESITATING:
            return [MarkHesitating(utterance_id, revision)]
        case Pause.WHOLE | Pause.OTHER:
            return []
