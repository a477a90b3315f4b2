"""What the safety rules say about a text: values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Topic(Enum):
    """What Myna does not talk about; the order is that in which they are looked for."""

    SELF_HARM = "self_harm"
    HURT_BY_OTHERS = "hurt_by_others"
    VIOLENCE = "violence"
    SEXUAL = "sexual"
    DRUGS = "drugs"
    DANGEROUS = "dangerous"
    INSULT = "insult"
    STRANGER = "stranger"
    JAILBREAK = "jailbreak"
    CRIME = "crime"
    UNCLEAR = "unclear"
    """Something of the above, and not clear which: never found by lists."""


DISTRESS = frozenset({Topic.SELF_HARM, Topic.HURT_BY_OTHERS, Topic.STRANGER})
"""Topics where the child itself may need a grown-up: a parent who asked for it is told of them."""


class Flaw(Enum):
    """Why a sentence of a reply is not said."""

    UNSAFE = "unsafe"
    GROOMING = "grooming"
    """It asks for what identifies a child, for secrecy or for a meeting."""
    NOT_FOR_SPEECH = "not_for_speech"
    """An address, code, advertising, or talk about its own orders."""
    DOUBT = "doubt"
    """It may be one of those after all: this sentence is left out, the reply goes on."""
    TOO_LONG = "too_long"
    LANGUAGE = "language"
    LEVEL = "level"


@dataclass(frozen=True, slots=True)
class Screened:
    """What was said, made safe to send.

    Attributes:
        text: With what could identify somebody replaced by words in brackets, ``[name]``.
        topic: What Myna answers herself instead of sending it; None for a harmless text.
        replaced: Kinds of what was replaced, in order, each as often as it was.
        doubt: Whether it may be about such a topic after all: it stays on the device.
    """

    text: str
    topic: Topic | None
    replaced: tuple[str, ...] = ()
    doubt: bool = False
