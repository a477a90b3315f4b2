"""The steps of a child's script, and how they are read from a scenario."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from audio.virtual_room.checked import Problems, Section, suggestion

STATES = (
    "asleep",
    "waking",
    "listening",
    "thinking",
    "speaking",
    "paused",
    "muted",
    "fault",
)  # the conversation's states, as its lights show them


@dataclass(frozen=True, slots=True)
class Wait:
    """Be silent for a time."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Wake:
    """Say the wake phrase; again when nothing happens for 4 s, `tries` times in all."""

    tries: int


@dataclass(frozen=True, slots=True)
class WaitChime:
    """Listen until Myna makes a first sound (or for `most_s`)."""

    most_s: float


@dataclass(frozen=True, slots=True)
class WaitPromptEnd:
    """Listen until Myna has said something and is listening, asleep, or `most_s` are over."""

    most_s: float


@dataclass(frozen=True, slots=True)
class WaitState:
    """Watch the lights until they show a state (or for `most_s`)."""

    state: str
    most_s: float


@dataclass(frozen=True, slots=True)
class Say:
    """Speak at once.

    Attributes:
        text: With the placeholders ``{right}`` (the model answer expected now) and
            ``{wrong}`` (something else).
        pause_s: Silence in the middle of the text, between two words; a single word is begun
            with "um" instead. 0 speaks without one.
        level_db: Louder or quieter than the scenario's child.
        second: The other child says it, from its own place with its own voice.
    """

    text: str
    pause_s: float = 0.0
    level_db: float = 0.0
    second: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """`WaitPromptEnd`, a child's reaction time, `Say`."""

    say: Say


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Speak `after_s` into one of Myna's sentences that is still going on then."""

    after_s: float
    say: Say


@dataclass(frozen=True, slots=True)
class Burst:
    """A cough or a door, at once or `after_s` into one of Myna's sentences."""

    sound: str
    after_s: float | None
    level_db: float


@dataclass(frozen=True, slots=True)
class Repeat:
    """Do `steps` again until the lights show `until` after a round, `most` times at the most."""

    steps: tuple[ChildStep, ...]
    until: str
    most: int


ChildStep = (
    Wait | Wake | WaitChime | WaitPromptEnd | WaitState | Say | Answer | Interrupt | Burst | Repeat
)

# What a bare value after the step's name means: `- wait: 2` is `- wait: {seconds: 2}`.
_SHORT_FORM = {
    "wait": "seconds",
    "silence": "seconds",
    "wake": "tries",
    "wait_chime": "most_s",
    "wait_prompt_end": "most_s",
    "wait_state": "state",
    "say": "text",
    "second_child": "text",
    "answer": "text",
    "interrupt": "after_s",
    "cough": "after_s",
    "door": "after_s",
}


def read_steps(items: list[tuple[object, int]], name: str, problems: Problems) -> tuple[
    ChildStep, ...
]:  # fmt: skip
    """Steps from a list of a document; mistakes go to `problems`."""
    steps = []
    for number, (item, line) in enumerate(items, start=1):
        step = _read_step(item, f"{name}[{number}]", line, problems)
        if step is not None:
            steps.append(step)
    return tuple(steps)


def _read_step(item: object, name: str, line: int, problems: Problems) -> ChildStep | None:
    if isinstance(item, str):
        kind, value = item, None
    elif isinstance(item, dict) and len(item) == 1:
        ((kind, value),) = item.items()
    else:
        problems.add(line, f"{name} must be a step's name or one `step: value` pair")
        return None
    reader = _READERS.get(kind)
    if reader is None:
        problems.add(line, f"{name} {kind!r} is no step; {suggestion(kind, tuple(_READERS))}")
        return None
    if value is not None and not isinstance(value, (dict, list)) and kind in _SHORT_FORM:
        value = {_SHORT_FORM[kind]: value}
    section = Section(value, f"{name}.{kind}", line, problems)
    step: ChildStep = reader(section)
    section.done()
    return step


def _say(section: Section, *, default: str | None = None, second: bool = False) -> Say:
    text = section.text("text", default=default)
    try:
        text.format(right="", wrong="")
    except (KeyError, ValueError, IndexError):
        section.wrong("text", "may hold the placeholders {right} and {wrong} only")
    return Say(
        text=text,
        pause_s=section.number("pause_s", 0, 10, default=0),
        level_db=section.number("level_db", -30, 20, default=0),
        second=second,
    )


def _burst(sound: str) -> Callable[[Section], Burst]:
    def read(section: Section) -> Burst:
        return Burst(
            sound=sound,
            after_s=section.optional_number("after_s", 0, 60),
            level_db=section.number("level_db", -30, 20, default=3),
        )

    return read


def _interrupt(section: Section) -> Interrupt:
    return Interrupt(after_s=section.number("after_s", 0, 60), say=_say(section, default="{right}"))


def _wait_state(section: Section) -> WaitState:
    return WaitState(
        state=section.choice("state", STATES, default="asleep"),
        most_s=section.number("most_s", 0.1, 600, default=120),
    )


def _repeat(section: Section) -> Repeat:
    until = section.choice("until", STATES, default="asleep")
    most = section.integer("most", 1, 200, default=60)
    items = section.items("steps", required=True)
    return Repeat(read_steps(items, section.path("steps"), section.problems), until, most)


_READERS: dict[str, Callable[[Section], Any]] = {
    "wait": lambda s: Wait(s.number("seconds", 0, 600)),
    "silence": lambda s: Wait(s.number("seconds", 0, 600)),
    "wake": lambda s: Wake(s.integer("tries", 1, 10, default=3)),
    "wait_chime": lambda s: WaitChime(s.number("most_s", 0.1, 60, default=4)),
    "wait_prompt_end": lambda s: WaitPromptEnd(s.number("most_s", 0.1, 120, default=30)),
    "wait_state": _wait_state,
    "say": _say,
    "second_child": lambda s: _say(s, second=True),
    "answer": lambda s: Answer(_say(s, default="{right}")),
    "interrupt": _interrupt,
    "cough": _burst("cough"),
    "door": _burst("door"),
    "repeat": _repeat,
}
