"""Running speech that sounds like a phrase and is not, made where words of two sentences meet.

"You want to follow" and "my sister" hold most of "hello myna". What people happen to read holds
little of the kind, and such talk is what wakes a head that has heard only single near-misses. One
sentence up to a word, and another of the same voice from a word on, are put together where the end
of the one and the beginning of the other are like the phrase.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialog import matching
from dialog.lexicon import pronunciations
from dialog.wake.phrase import VOWELS
from training.realign import Aligned
from training.wake.cuts import FRAME_SAMPLES, Phones, Sound, joined, levelled, spans_of

LEAST, MOST = 0.7, 3.0
"""How unlike the phrase a meeting is: less is the phrase, more is any talk."""
DROPPED = 0.6
"""What a phone too many or too few makes unlike."""
JITTER = 1.0
"""How far chance decides which of two is the more alike."""
MOST_USES = 3
"""Of one sentence up to one word, or from one on."""
FROM_EACH = 2
"""Phones of the phrase that either side holds, at least."""
_MANNERS = {
    "vowel": tuple(VOWELS),
    "stop": ("P", "B", "T", "D", "K", "G", "CH", "JH"),
    "fricative": ("F", "V", "TH", "DH", "S", "Z", "SH", "ZH", "HH"),
    "nasal": ("M", "N", "NG"),
    "approximant": ("L", "R", "W", "Y"),
}  # fmt: skip
_MANNER = {phone: manner for manner, phones in _MANNERS.items() for phone in phones}
_VOICED_THROUGHOUT = {"nasal", "approximant"}
Costs = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Meeting:
    """Where two sentences meet.

    Attributes:
        left: Which sentence is said first, as an index.
        until: One past the last of its words that is said.
        right: Which goes on.
        since: The first of its words that is said.
        phones: How many phones of the right one, from there, the phrase's likeness takes.
        cost: How unlike the phrase it is.
    """

    left: int
    until: int
    right: int
    since: int
    phones: int
    cost: float


def said(
    way: Phones, recordings: Sequence[Aligned], count: int, rng: np.random.Generator
) -> Iterator[tuple[Sound, int]]:
    """Meetings anywhere in the words of one person, as sound, -1..1, 16 000 Hz.

    Args:
        way: Of the phrase, how it is said.
        recordings: Of the one person.
        count: How many at most.
        rng: Draws among what is about equally alike.

    Yields:
        The sound, and how many samples of it follow what is like the phrase.
    """
    spans = [spans_of(path) for _, path in recordings]
    sounds = [utterance.samples() for utterance, _ in recordings]
    for each in meetings(way, [[(span[0],) for span in one] for one in spans], count, rng):
        left, right = spans[each.left], spans[each.right]
        before = sounds[each.left][: left[each.until - 1][2] * FRAME_SAMPLES]
        start = right[each.since][1] * FRAME_SAMPLES
        end = right[each.since + max(each.phones, 1) - 1][2] * FRAME_SAMPLES
        after = sounds[each.right][start:]
        yield joined(levelled(before), levelled(after)), after.size - (end - start)


def texts(way: Phones, sentences: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    """Meetings between words, to be read aloud.

    Args:
        way: Of the phrase, how it is said.
        sentences: As written; those with a word that nobody can say are left out.
        count: How many at most.
        rng: Draws among what is about equally alike.
    """
    words = [matching.words(sentence) for sentence in sentences]
    known = [each for each in words if all(pronunciations(word) for word in each)]
    phones = [[pronunciations(word)[0] for word in each] for each in known]
    return [
        " ".join(known[each.left][: each.until] + known[each.right][each.since :])
        for each in meetings(way, phones, count, rng)
    ]


def meetings(
    way: Phones, sentences: Sequence[Sequence[Phones]], count: int, rng: np.random.Generator
) -> list[Meeting]:
    """The likest places, with some chance; fewer where there are no more.

    Args:
        way: Of the phrase, how it is said.
        sentences: Of each its words, or what else it may be parted into, as phones.
        count: How many.
        rng: Draws among what is about equally alike.
    """
    lefts, rights = _places(way, sentences)
    if not lefts or not rights:
        return []
    ends = np.stack([costs for *_, costs in lefts])
    starts = np.stack([costs for *_, costs, _ in rights])
    inner = slice(FROM_EACH, len(way) - FROM_EACH + 1)
    both = ends[:, None, inner] + starts[None, :, inner]
    cost, at = both.min(axis=2), both.argmin(axis=2) + FROM_EACH
    allowed = (cost >= LEAST) & (cost <= MOST)
    order = np.argsort(np.where(allowed, cost + JITTER * rng.random(cost.shape), np.inf), axis=None)
    found: list[Meeting] = []
    used_left, used_right = np.zeros(len(lefts), int), np.zeros(len(rights), int)
    for flat in order[: int(allowed.sum())]:
        one, other = divmod(int(flat), len(rights))
        if used_left[one] >= MOST_USES or used_right[other] >= MOST_USES:
            continue
        (left, until, _), (right, since, _, lengths) = lefts[one], rights[other]
        if left == right and until == since:
            continue  # nothing was put together
        used_left[one] += 1
        used_right[other] += 1
        taken = int(lengths[at[one, other]])
        found.append(Meeting(left, until, right, since, taken, float(cost[one, other])))
        if len(found) == count:
            break
    return found


def unlike(one: str, other: str) -> float:
    """How unlike two phones are, 0..1, by manner of articulation."""
    if one == other:
        return 0.0
    manners = _MANNER[one], _MANNER[other]
    if manners[0] == manners[1]:
        return 0.4
    return 0.6 if set(manners) <= _VOICED_THROUGHOUT else 1.0


def _places(
    way: Phones, sentences: Sequence[Sequence[Phones]]
) -> tuple[list[tuple[int, int, Costs]], list[tuple[int, int, Costs, NDArray[np.int64]]]]:
    """Every place between words, as the end of what goes before and as the start of what follows,
    with what each beginning or end of the phrase costs there."""
    lefts, rights = [], []
    for number, words in enumerate(sentences):
        for place in range(len(words) + 1):
            before = [phone for word in words[:place] for phone in word][-len(way) - 2 :]
            after = [phone for word in words[place:] for phone in word][: len(way) + 2]
            if before:
                # A beginning of the phrase that ends here is an end of it, read backwards.
                costs, _ = _beginnings(before[::-1], way[::-1])
                lefts.append((number, place, costs[::-1]))
            if after:
                costs, lengths = _beginnings(after, way)
                rights.append((number, place, costs, lengths))
    return lefts, rights


def _beginnings(phones: Sequence[str], way: Sequence[str]) -> tuple[Costs, NDArray[np.int64]]:
    """What it costs to find each end ``way[at:]`` of a phrase in a beginning of some phones, shape
    (len(way) + 1,), and how many phones that is: edit distances by dynamic programming."""
    size = len(way)
    costs, lengths = np.zeros(size + 1, np.float32), np.zeros(size + 1, np.int64)
    for start in range(size):
        rest = way[start:]
        row = DROPPED * np.arange(len(rest) + 1)
        least, taken = float(row[-1]), 0
        for number, phone in enumerate(phones, 1):
            above, row = row, np.empty_like(row)
            row[0] = DROPPED * number
            for at, wanted in enumerate(rest, 1):
                row[at] = min(
                    above[at - 1] + unlike(phone, wanted),
                    above[at] + DROPPED,
                    row[at - 1] + DROPPED,
                )
            if row[-1] < least:
                least, taken = float(row[-1]), number
        costs[start], lengths[start] = least, taken
    return costs, lengths
