"""A lesson pack as immutable values: what the loader builds and the tutor walks through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from dialog.ports import Language


@dataclass(frozen=True, slots=True)
class Text:
    """The same thing said in both languages of instruction."""

    en: str
    zh: str

    def in_language(self, language: Language) -> str:
        return self.zh if language is Language.CHINESE else self.en


class Level(Enum):
    """CEFR level of an item (Companion Volume 2020 adds pre-A1 below A1)."""

    PRE_A1 = "pre-a1"
    A1 = "a1"


class Kind(Enum):
    """What an item asks of the child."""

    WORD = "word"
    """Listen and repeat one word or a word with its article."""
    PHRASE = "phrase"
    """Listen and repeat a phrase or short sentence."""
    QUESTION = "question"
    """Answer a question; several answers are right."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to practise.

    Attributes:
        id: ``unit/item``, unique in the pack; what `Attempt.item` names.
        prompt: The instruction, said in the language of instruction before `english`.
        english: What Myna says in English after it: the model to repeat, or the question.
        model: A model answer as Myna says it aloud, ``A red apple.``
        answers: Every right answer as plain lower-case words, the model answer first, short
            forms last.
        confusions: Wrong answers that children give, worth telling apart.
        key: The easier step: the one word that carries the answer; empty when the model
            answer is one word itself.
        reply: What Myna answers in English to a right answer; empty for praise alone.
        sound: The sound practised, as an ARPAbet phone (``TH``); empty for none.
        open_speech: Any speech is an answer (the child's name, say).
        patience_s: How long the child may stay silent.
    """

    id: str
    kind: Kind
    level: Level
    prompt: Text
    english: str
    model: str
    answers: tuple[str, ...]
    confusions: tuple[str, ...] = ()
    key: str = ""
    reply: str = ""
    sound: str = ""
    open_speech: bool = False
    patience_s: float = 7.0


@dataclass(frozen=True, slots=True)
class Branch:
    """A reply of the child in a role play, and where it leads.

    Attributes:
        model: The reply as Myna would say it aloud.
        answers: The wordings that take this branch, the model first.
        next: Id of the step that follows, without the play's id.
    """

    model: str
    answers: tuple[str, ...]
    next: str


@dataclass(frozen=True, slots=True)
class PlayStep:
    """One line of Myna's part, and the replies that it waits for; none ends the play.

    Attributes:
        id: Unique in its play.
        says: Myna's line, always English.
        cue: What the child may do here, in the language of instruction.
    """

    id: str
    says: str
    cue: Text
    branches: tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class RolePlay:
    """A little scene with branches. `steps[0]` opens it; it holds no loop.

    Attributes:
        id: ``unit/play``, unique in the pack; attempts name ``unit/play/step``.
    """

    id: str
    level: Level
    title: Text
    scene: Text
    steps: tuple[PlayStep, ...]

    def step(self, step_id: str) -> PlayStep:
        """The step of that id; the loader has made sure that it exists."""
        return next(step for step in self.steps if step.id == step_id)


@dataclass(frozen=True, slots=True)
class Unit:
    """Items that belong together, easiest first, and perhaps role plays to use them in."""

    id: str
    title: Text
    intro: Text
    items: tuple[Item, ...]
    plays: tuple[RolePlay, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """A lesson pack. Ids are unique within it."""

    id: str
    version: str
    licence: str
    title: Text
    units: tuple[Unit, ...]

    def items(self) -> Iterator[Item]:
        """All items in the pack's order."""
        for unit in self.units:
            yield from unit.items

    def plays(self) -> Iterator[RolePlay]:
        """All role plays in the pack's order."""
        for unit in self.units:
            yield from unit.plays
