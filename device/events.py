"""What happens to the conversation besides the audio thread's edges."""

from __future__ import annotations

from dataclasses import dataclass

from audio.ports import Edge
from dialog.ports import Recognition


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
    utterance_id: int
    revision: int
    recognition: Recognition


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


Event = (
    Pressed
    | MuteSet
    | RulesChanged
    | Recognised
    | RecognitionFailed
    | VoiceFailed
    | TimerFired
    | Edge
)
