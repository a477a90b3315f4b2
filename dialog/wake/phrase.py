"""A wake phrase as states of phones, from the way it is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import ModelError
from dialog.lexicon import pronunciations
from dialog.phone_graph import Pronunciation, State, Word
from dialog.phone_set import PHONE_ID, SILENCE, STATES_PER_PHONE

VOWELS = frozenset(
    ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
)
FEWEST_SYLLABLES, FEWEST_PHONES = 3, 6
MOST_PHONES = 16
MOST_WAYS = 3
"""Ways to say a word that are listened for."""
ENTER = -1
"""Before a state: the phrase begins here."""

_OURS: dict[str, tuple[Pronunciation, ...]] = {
    "hello": (("HH", "AH", "L", "OW"), ("HH", "EH", "L", "OW")),
    "myna": (("M", "AY", "N", "AH"),),
    "mynah": (("M", "AY", "N", "AH"),),
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """What a spotter follows.

    Attributes:
        text: As written, lower case.
        states: In an order in which predecessors come first.
        before: For every state those that may precede it; `ENTER` where it may begin.
        ends: States that may end it.
    """

    text: str
    states: tuple[State, ...]
    before: tuple[tuple[int, ...], ...]
    ends: tuple[int, ...]


def phrase(text: str, further: Sequence[Word] = ()) -> Phrase:
    """The states of a phrase.

    Args:
        text: Words in plain letters.
        further: For every word more ways in which it may be said; none, or one entry a word.

    Raises:
        ModelError: It cannot be said, or is too short or too long to be told from other talk.
    """
    ways = ways_of(text)
    if not ways or not all(ways):
        raise _refused(text, "is nothing that can be said in English: write it in plain words")
    shortest = [min(word, key=len) for word in ways]
    phones = [phone for word in shortest for phone in word]
    syllables = sum(phone in VOWELS for phone in phones)
    if syllables < FEWEST_SYLLABLES or len(phones) < FEWEST_PHONES:
        raise _refused(
            text,
            "is too short to be told from other talk: take one of three syllables or more, "
            'such as "hello myna"',
        )
    if len(phones) > MOST_PHONES:
        raise _refused(text, "is too long: take two or three short words")
    if len(further) == len(ways):
        ways = [(*usual, *more) for usual, more in zip(ways, further, strict=True)]
    return from_ways(text.lower(), ways)


def ways_of(text: str) -> list[Word]:
    """For every word of a phrase the ways to say it; none where nobody knows one."""
    words = re.sub(r"[^a-z' ]", " ", text.lower()).split()
    return [(_OURS.get(word) or pronunciations(word))[:MOST_WAYS] for word in words]


def from_ways(text: str, ways: Sequence[Word]) -> Phrase:
    """The states of words whose pronunciations are known; a pause is allowed between words."""
    states: list[State] = []
    before: list[tuple[int, ...]] = []

    def add(state: State, earlier: tuple[int, ...]) -> int:
        states.append(state)
        before.append(earlier)
        return len(states) - 1

    leaving: tuple[int, ...] = (ENTER,)
    ends: list[int] = []
    for index, word in enumerate(ways):
        ends = []
        for number, way in enumerate(word):
            earlier = leaving
            for place, phone in enumerate(way):
                for part in range(STATES_PER_PHONE):
                    output = PHONE_ID[phone] * STATES_PER_PHONE + part
                    earlier = (add(State(output, index, place, number), earlier),)
            ends.extend(earlier)
        if index + 1 < len(ways):
            leaving = (*ends, add(State(SILENCE), tuple(ends)))
    return Phrase(text, tuple(states), tuple(before), tuple(ends))


def _refused(text: str, why: str) -> ModelError:
    return ModelError(f'the wake phrase "{text}" {why}', code="model.wake_phrase_unknown")
