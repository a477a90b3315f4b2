"""A pack as the planner sees it: how hard an item is, how long it takes, which sounds it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from dialog.packs.model import Item, Kind, Level, Pack
from dialog.packs.wording import plain

LEVEL_STEPS = {Level.PRE_A1: 0.0, Level.A1: 1.2, Level.A2: 2.4}
"""What a level adds to an item's difficulty, in logits: a child who answers four of five pre-A1
words rightly answers a little over half of the A1 ones."""
KIND_STEPS = {
    Kind.WORD: 0.0,
    Kind.PHRASE: 0.2,
    Kind.PAIR: 0.3,
    Kind.CHANT: 0.3,
    Kind.NUMBER: 0.5,
    Kind.QUESTION: 0.6,
    Kind.SPELL: 0.8,
    Kind.BUILD: 1.0,
    Kind.DESCRIBE: 1.2,
}
"""What the task adds: finding words is harder than saying them after somebody."""
WORD_STEP = 0.15
"""What each further word of the model answer adds."""

ASKING_S = 11.0
"""Prompt, model, a child's thinking and the praise, as lessons in the virtual room take."""
WORD_S = 0.9
"""A word of the model answer, said by Myna and by the child."""


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What the planner knows of an item.

    Attributes:
        unit: Number of its unit in the pack, from 0.
        place: Its number in the pack, from 0.
        difficulty: In logits, about 0 (a word to repeat) to 5.
        seconds: How long asking it takes when it is answered at once.
        sound: The phone it was written for; empty for none.
        phones: All phones of its model answer, where they are known.
        recall: Whether the child has to find the words rather than repeat them.
    """

    id: str
    unit: int
    place: int
    difficulty: float
    seconds: float
    sound: str
    phones: frozenset[str]
    recall: bool


@dataclass(frozen=True, slots=True)
class Course:
    """A pack with the facts of its items, in the pack's order."""

    pack: Pack
    facts: Mapping[str, ItemFacts]


def course_of(pack: Pack, phones: Mapping[str, Sequence[str]] = MappingProxyType({})) -> Course:
    """The facts of a pack.

    Args:
        phones: ARPABET phones of words; a word that is missing has none.
    """
    facts: dict[str, ItemFacts] = {}
    for unit_number, unit in enumerate(pack.units):
        for item in unit.items:
            facts[item.id] = _facts(item, unit_number, len(facts), phones)
    return Course(pack, MappingProxyType(facts))


def words_of(pack: Pack) -> frozenset[str]:
    """All words of the pack's model answers."""
    return frozenset(word for item in pack.items() for word in plain(item.model).split())


def _facts(item: Item, unit: int, place: int, phones: Mapping[str, Sequence[str]]) -> ItemFacts:
    words = plain(item.model).split()
    held = {phone for word in words for phone in phones.get(word, ())}
    return ItemFacts(
        id=item.id,
        unit=unit,
        place=place,
        difficulty=LEVEL_STEPS[item.level]
        + KIND_STEPS[item.kind]
        + WORD_STEP * max(0, len(words) - 1),
        seconds=ASKING_S + WORD_S * len(words),
        sound=item.sound,
        phones=frozenset(held | ({item.sound} if item.sound else set())),
        recall=item.kind not in (Kind.WORD, Kind.PHRASE, Kind.PAIR, Kind.CHANT),
    )
