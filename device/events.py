"""What happens to the conversation besides the audio thread's edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from audio.ports import Edge
from dialog.ports import Expectation, Line, Recognition


@dataclass(frozen=True, slots=True)
class Pressed:
    """The talk button."""


@dataclass(frozen=True, slots=True)
class MuteSet:
    """The mute switch was moved."""

    muted: bool


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """Parents have changed what may be done now: the talk has to end."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """What was said; `freely` when it was listened to for a question beside the lesson."""

    utterance_id: int
    revision: int
    recognition: Recognition
    freely: bool = False


@dataclass(frozen=True, slots=True)
class RecognitionFailed:
    """The recogniser died or took too long; it is being restarted."""

    utterance_id: int
    revision: int


@dataclass(frozen=True, slots=True)
class VoiceFailed:
    """A line could not be made: the voice's process died."""

    tag: int


@dataclass(frozen=True, slots=True)
class TimerFired:
    name: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A part of an answer.

    Attributes:
        lines: Said after what is being said.
        over: It was the last part.
        expect: What to listen for then.
    """

    lines: tuple[Line, ...] = ()
    over: bool = False
    expect: Expectation | None = None


@dataclass(frozen=True, slots=True)
class ToolAsked:
    """An answer wants something done besides: ``start_lesson``, ``set_volume``, ``sleep_timer``."""

    tool: str
    arguments: Mapping[str, object]


Event = (
    Answered
    | ToolAsked
    | Pressed
    | MuteSet
    | RulesChanged
    | Recognised
    | RecognitionFailed
    | VoiceFailed
    | TimerFired
    | Edge
)
