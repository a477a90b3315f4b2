"""Who said a phrase in the corpus, and five more sayings of the same person to teach from."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialog.lexicon import pronunciations
from dialog.wake.phrase import MOST_WAYS
from training.corpus import OLDEST_CHILD, Utterance
from training.realign import Aligned
from training.wake.cuts import Phones, Speaker
from training.wake.pairs import word_spans

Sound = NDArray[np.float32]

PHRASES = (
    "is going to", "going to see", "a beautiful", "went on to", "can see the", "wanted to",
    "i want to", "it was a", "there was no", "into the", "away from", "want to be",
)  # fmt: skip
"""Two or three words, three or four syllables, and the most people who said them, children among
them where there are any; "going to" alone is in three others."""
RATE_HZ = 16_000
FRAME_SAMPLES = 160
EXAMPLES = 5
TRIES = 40
MARGIN_S = 0.05
"""Kept around a phrase that is cut out of an utterance."""


@dataclass(frozen=True, slots=True)
class Saying:
    """One person's phrase, within whatever else was read.

    Attributes:
        phrase: As written.
        utterance: Which holds it.
        start_s: Where it begins in the recording, by the alignment.
        end_s: Where it ends.
    """

    phrase: str
    utterance: Utterance
    start_s: float
    end_s: float

    @property
    def by_child(self) -> bool:
        """Whether the speaker is 12 or younger."""
        return self.utterance.age <= OLDEST_CHILD

    def cut(self) -> Sound:
        """The phrase alone."""
        first = max(0, round((self.start_s - MARGIN_S) * RATE_HZ))
        return self.utterance.samples()[first : round((self.end_s + MARGIN_S) * RATE_HZ)]


@dataclass(frozen=True, slots=True)
class Example:
    """What a person is taught with: ``said`` elsewhere by them, or ``joined`` from their pieces."""

    sound: Sound
    source: str


def sayings(aligned: Sequence[Aligned], phrase: str) -> list[Saying]:
    """Every saying of a phrase, in the corpus's order."""
    words = tuple(phrase.split())
    found = []
    for utterance, path in aligned:
        spans = word_spans(utterance, path)
        for at in range(len(utterance.words) - len(words) + 1):
            if utterance.words[at : at + len(words)] == words:
                start, end = spans[at][0], spans[at + len(words) - 1][1]
                found.append(Saying(phrase, utterance, start / 100, end / 100))
    return found


def firsts(found: Sequence[Saying]) -> list[Saying]:
    """One saying of each person."""
    by_person: dict[str, Saying] = {}
    for saying in found:
        by_person.setdefault(saying.utterance.speaker, saying)
    return list(by_person.values())


def examples(
    judged: Saying, own: Sequence[Aligned], said: Sequence[Saying], rng: np.random.Generator
) -> list[Example]:
    """Five more sayings of the same person; fewer where they cannot be had.

    Args:
        judged: Nothing of its utterance is used.
        own: What the person read.
        said: Everybody's sayings of the phrase.
        rng: Draws the pieces.
    """
    name = judged.utterance.name
    made = [
        Example(each.cut(), "said")
        for each in said
        if each.utterance.speaker == judged.utterance.speaker and each.utterance.name != name
    ][:EXAMPLES]
    pieces = Speaker([pair for pair in own if pair[0].name != name])
    ways = spoken_ways(judged.phrase)
    for number in range(TRIES):
        if len(made) == EXAMPLES:
            break
        sound = pieces.say(ways[number % len(ways)], rng)
        if sound is not None and not any(np.array_equal(sound, each.sound) for each in made):
            made.append(Example(sound, "joined"))
    return made


def spoken_ways(phrase: str) -> list[Phones]:
    """The ways to say a phrase, as phones."""
    words = [pronunciations(word)[:MOST_WAYS] for word in phrase.split()]
    return [tuple(itertools.chain.from_iterable(way)) for way in itertools.product(*words)]


def by_speaker(aligned: Sequence[Aligned]) -> Mapping[str, list[Aligned]]:
    """What each person read."""
    found: dict[str, list[Aligned]] = {}
    for pair in aligned:
        found.setdefault(pair[0].speaker, []).append(pair)
    return found
