"""The conversation's state table: the one the code runs and the docs are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from audio import ports as audio
from device import events as ev
from hal.ports import Mood


class State(Enum):
    """What Myna is doing, as a child would say it."""

    ASLEEP = "asleep"
    WAKING = "waking"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    PAUSED = "paused"
    MUTED = "muted"
    FAULT = "fault"


MOODS = {
    State.ASLEEP: Mood.ASLEEP,
    State.WAKING: Mood.WAKING,
    State.LISTENING: Mood.LISTENING,
    State.THINKING: Mood.THINKING,
    State.SPEAKING: Mood.SPEAKING,
    State.PAUSED: Mood.PAUSED,
    State.MUTED: Mood.MUTED,
    State.FAULT: Mood.NO_CARD,
}

ATTENTION = {
    State.ASLEEP: audio.Attention.WAKE,
    State.WAKING: audio.Attention.OFF,
    State.LISTENING: audio.Attention.TURN,
    State.THINKING: audio.Attention.OFF,
    State.SPEAKING: audio.Attention.BARGE_IN,
    State.PAUSED: audio.Attention.WAKE,
    State.MUTED: audio.Attention.OFF,
    State.FAULT: audio.Attention.OFF,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: in `state`, on `event`, `action` runs and leads to one of `leads_to`.

    Attributes:
        action: Name of the method of `device.conversation.Conversation`.
        why: The label in the drawing.
    """

    state: State
    event: type[object]
    action: str
    leads_to: tuple[State, ...]
    why: str


_S = State
_EVERY = tuple(State)


def _rows(
    states: tuple[State, ...], event: type[object], action: str, to: tuple[State, ...], why: str
) -> list[Row]:
    """The same row for several states; each may also stay where it is."""
    return [Row(state, event, action, (*to, state), why) for state in states]


_ENDS = (_S.SPEAKING, _S.ASLEEP)

TABLE: tuple[Row, ...] = (
    Row(_S.ASLEEP, audio.Woken, "wake", (_S.WAKING,), "wake phrase"),
    Row(_S.ASLEEP, ev.Pressed, "wake", (_S.WAKING,), "button"),
    Row(_S.WAKING, audio.Played, "chimed", (_S.WAKING, *_ENDS), "chime played"),
    Row(_S.WAKING, ev.VoiceFailed, "voice_lost", (_S.ASLEEP, _S.WAKING), "voice failed"),
    Row(
        _S.SPEAKING,
        audio.Played,
        "line_played",
        (_S.SPEAKING, _S.LISTENING, _S.PAUSED, _S.ASLEEP),
        "said all",
    ),
    Row(_S.SPEAKING, audio.Interrupted, "interrupted", (_S.LISTENING,), "child interrupts"),
    Row(_S.SPEAKING, ev.Pressed, "button_while_speaking", (_S.LISTENING, *_ENDS), "button"),
    Row(_S.SPEAKING, audio.Woken, "hush_and_listen", (_S.LISTENING,), "wake phrase"),
    Row(_S.SPEAKING, ev.VoiceFailed, "voice_lost", (_S.SPEAKING, _S.ASLEEP), "voice failed"),
    Row(_S.LISTENING, audio.SpeechStarted, "speech_started", (_S.LISTENING,), "speech"),
    Row(_S.LISTENING, audio.SpeechPaused, "look_at_answer", (_S.LISTENING,), "short silence"),
    Row(_S.LISTENING, audio.SpeechResumed, "speech_goes_on", (_S.LISTENING,), "goes on"),
    Row(_S.LISTENING, ev.Recognised, "looked", (_S.LISTENING,), "answer so far"),
    Row(_S.LISTENING, ev.RecognitionFailed, "look_failed", (_S.LISTENING,), "look failed"),
    Row(
        _S.LISTENING,
        audio.SpeechEnded,
        "turn_ended",
        (_S.THINKING, _S.LISTENING, *_ENDS),
        "turn ends",
    ),
    Row(
        _S.LISTENING, ev.TimerFired, "out_of_patience", (_S.LISTENING, *_ENDS), "nobody speaks"
    ),
    Row(_S.LISTENING, ev.Pressed, "button_while_listening", (_S.PAUSED, *_ENDS), "button"),
    Row(_S.THINKING, ev.Recognised, "understood", (_S.THINKING, _S.LISTENING, *_ENDS), "heard"),
    Row(_S.THINKING, ev.RecognitionFailed, "try_again", (_S.THINKING, *_ENDS), "let's try again"),
    Row(_S.THINKING, ev.TimerFired, "try_again_late", (_S.THINKING, *_ENDS), "took too long"),
    Row(_S.THINKING, ev.Answered, "answered", (_S.THINKING, _S.LISTENING, *_ENDS), "answer comes"),
    Row(_S.THINKING, ev.ToolAsked, "tool_asked", (_S.THINKING,), "tool"),
    Row(_S.SPEAKING, ev.Answered, "answered", (_S.SPEAKING, _S.LISTENING, *_ENDS), "more comes"),
    Row(_S.SPEAKING, ev.ToolAsked, "tool_asked", (_S.SPEAKING,), "tool"),
    Row(_S.SPEAKING, ev.TimerFired, "bedtime", (_S.SPEAKING, _S.ASLEEP), "sleep timer"),
    Row(_S.PAUSED, audio.Woken, "resume", _ENDS, "wake phrase"),
    Row(_S.PAUSED, ev.Pressed, "resume", _ENDS, "button"),
    Row(_S.PAUSED, ev.TimerFired, "fall_asleep", (_S.ASLEEP,), "paused for long"),
    *_rows(
        (_S.WAKING, _S.SPEAKING, _S.LISTENING, _S.THINKING, _S.PAUSED), ev.RulesChanged, "rules",
        _ENDS, "parents' rules",
    ),
    Row(_S.MUTED, ev.MuteSet, "mute_switch", (_S.ASLEEP, _S.MUTED), "unmuted"),
    *_rows(
        tuple(s for s in _EVERY if s is not _S.MUTED), ev.MuteSet, "mute_switch",
        (_S.MUTED,), "muted",
    ),
    *_rows(
        tuple(s for s in _EVERY if s not in (_S.MUTED, _S.FAULT)), audio.CardLost, "card_lost",
        (_S.FAULT,), "card lost",
    ),
    Row(_S.FAULT, audio.CardBack, "card_back", _ENDS, "card back"),
)  # fmt: skip


def lookup() -> dict[tuple[State, type[object]], Row]:
    """The table as a dictionary.

    Raises:
        ValueError: Two rows answer the same event in the same state.
    """
    found: dict[tuple[State, type[object]], Row] = {}
    for row in TABLE:
        if (row.state, row.event) in found:
            raise ValueError(f"two rows for {row.event.__name__} in {row.state.value}")
        found[row.state, row.event] = row
    return found
