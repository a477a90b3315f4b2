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


NO_TEXT = Text("", "")


class Level(Enum):
    """CEFR level of an item (Companion Volume 2020 adds pre-A1 below A1)."""

    PRE_A1 = "pre-a1"
    A1 = "a1"
    A2 = "a2"


class Kind(Enum):
    """What an item asks of the child; `dialog.kinds` says how each is asked and judged."""

    WORD = "word"
    """Listen and repeat one word or a word with its article."""
    PHRASE = "phrase"
    """Listen and repeat a phrase or short sentence."""
    QUESTION = "question"
    """Answer a question; several answers are right."""
    PAIR = "pair"
    """Tell two words apart that differ in one sound, then say both."""
    DESCRIBE = "describe"
    """Describe a thing without a picture; judged by the ideas that are named."""
    BUILD = "build"
    """Put parts that Myna says in the wrong order into a sentence."""
    CHANT = "chant"
    """Say the lines of a rhyme after Myna, in its beat."""
    SPELL = "spell"
    """Spell a word letter by letter."""
    NUMBER = "number"
    """Say a number."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two words that differ in one sound.

    Attributes:
        first: The word that holds the sound practised, plain.
        second: The word that it is mixed up with, plain.
        against: The sound that stands in its place in `second`, as an ARPAbet phone; empty
            where `second` lacks the sound altogether (``bee`` against ``beat``).
    """

    first: str
    second: str
    against: str = ""


@dataclass(frozen=True, slots=True)
class Idea:
    """One thing that a description can name.

    Attributes:
        words: Words or short phrases that name it, plain; one of them is enough.
        ask: What Myna asks where the idea was left out.
        model: A sentence that names it, ``It is big.``
    """

    words: tuple[str, ...]
    ask: Text
    model: str


@dataclass(frozen=True, slots=True)
class Description:
    """What a description is judged by: at least `enough` of the ideas."""

    ideas: tuple[Idea, ...]
    enough: int


@dataclass(frozen=True, slots=True)
class Building:
    """The parts of a sentence, plain, in the right order."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChantLine:
    """A line of a rhyme as it is said, and its length in beats."""

    text: str
    beats: int


@dataclass(frozen=True, slots=True)
class Chant:
    """A rhyme with its beat."""

    beats_per_minute: int
    lines: tuple[ChantLine, ...]

    def length_s(self, line: ChantLine) -> float:
        """How long a line takes in the beat."""
        return line.beats * 60.0 / self.beats_per_minute


@dataclass(frozen=True, slots=True)
class Spelling:
    """A word to be spelled, plain letters."""

    word: str


@dataclass(frozen=True, slots=True)
class Number:
    """A number to be said, 0..999."""

    value: int


Detail = Pair | Description | Building | Chant | Spelling | Number


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to practise.

    The fields up to `reply` are filled for every kind, so that an item can always be asked as
    one question with one model answer; `detail` holds what its kind needs beyond them.

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
        hint: The one thing worth saying after a wrong answer; empty for none of its own.
        sound: The sound practised, as an ARPAbet phone (``TH``); empty for none.
        open_speech: Any speech is an answer (the child's name, say).
        patience_s: How long the child may stay silent.
        detail: By kind; None for words, phrases and questions.
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
    hint: Text = NO_TEXT
    sound: str = ""
    open_speech: bool = False
    patience_s: float = 7.0
    detail: Detail | None = None


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
    """A little scene with branches, or a story with gaps. `steps[0]` opens it; it has no loop.

    Attributes:
        id: ``unit/play``, unique in the pack; attempts name ``unit/play/step``.
        story: Whether Myna tells a story and the child says the words that are left out;
            every step then has one branch.
    """

    id: str
    level: Level
    title: Text
    scene: Text
    steps: tuple[PlayStep, ...]
    story: bool = False

    def step(self, step_id: str) -> PlayStep:
        """The step of that id; the loader has made sure that it exists."""
        return next(step for step in self.steps if step.id == step_id)


@dataclass(frozen=True, slots=True)
class Unit:
    """Items that belong together, easiest first, and perhaps plays and stories to use them in."""

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
        """All role plays and stories in the pack's order."""
        for unit in self.units:
            yield from unit.plays
