"""What a lesson kind asks for, and what it makes of an answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dialog.packs.model import NO_TEXT, Item, Text


@dataclass(frozen=True, slots=True)
class Ask:
    """One question of an item, as it is put to the child. Most items have one, some several.

    Attributes:
        stage: Names the question within its item: ``hear``, ``say`` …; the same in every turn.
        prompt: Said in the language of instruction first.
        english: Said in English after it; empty for the prompt alone.
        model: A model answer, said aloud as help.
        answers: Right answers as plain words, the model answer first.
        others: Wrong and half answers worth telling apart.
        open_speech: Any speech is worth judging, whether it is one of the answers or not.
    """

    stage: str
    prompt: Text
    english: str
    model: str
    answers: tuple[str, ...]
    others: tuple[str, ...] = ()
    open_speech: bool = False


def whole(item: Item, *, open_speech: bool = False) -> Ask:
    """An item put as one question, as it is written."""
    return Ask(
        "ask",
        item.prompt,
        item.english,
        item.model,
        item.answers,
        item.confusions,
        open_speech or item.open_speech,
    )


class Outcome(Enum):
    """How near an answer came."""

    RIGHT = "right"
    NEARLY = "nearly"
    """Part of it, or all of it in another way: worth praise, then the remark."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What to make of an answer.

    Attributes:
        outcome: How near it came.
        remark: The one thing worth saying about it, in the language of instruction; empty for
            none. What belongs to it in English is `model`.
        model: What to say slowly after the remark, for the child to say; empty when right.
        instead: What was said instead of it and may be contrasted (``not sink, think``).
    """

    outcome: Outcome
    remark: Text = NO_TEXT
    model: str = ""
    instead: str = ""


RIGHT = Judgement(Outcome.RIGHT)
