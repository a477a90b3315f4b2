"""Questions put to a recogniser, made from utterances, and what their answers are worth."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.ports import SAMPLE_RATE_HZ, Samples
from audio.virtual_room.acoustics import convolve, room_response
from dialog import matching
from dialog.ports import Slip, SlipKind

CHOICES = 21
ROOM_M, RT60_S = (4.2, 3.4, 2.5), 0.4
MICROPHONE, CHILD = (1.3, 1.1, 0.8), (2.1, 1.7, 0.8)
"""One metre apart."""

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """An utterance whose words are known.

    Attributes:
        name: Its own, which also seeds the choice of other sentences.
        speaker: Who says it.
        words: As answers are compared.
        samples: Int16, 16 000 Hz.
    """

    name: str
    speaker: str
    words: Words
    samples: Samples


@dataclass(frozen=True, slots=True)
class Guess:
    """A recogniser's answer: which candidate, all of it or its beginning, and how sure."""

    index: int | None
    whole: bool
    confidence: float


Ask = Callable[[Said, Sequence[Words]], Guess]


def choice(said: Said, sentences: Sequence[Words]) -> tuple[list[Words], int]:
    """Its words among 20 other sentences, and at which place."""
    rng = random.Random(said.name)  # noqa: S311 - a choice, not a secret
    others = [other for other in rng.sample(list(sentences), CHOICES + 5) if other != said.words]
    place = rng.randrange(CHOICES)
    chosen = others[: CHOICES - 1]
    return [*chosen[:place], said.words, *chosen[place:]], place


def other_sentence(said: Said, sentences: Sequence[Words]) -> Words:
    """A sentence that was not said."""
    rng = random.Random(f"other {said.name}")  # noqa: S311
    return rng.choice([other for other in sentences if other != said.words])


def one_replaced(said: Said, vocabulary: Sequence[str]) -> Words:
    """What was said but for one word, which sounds like another."""
    rng = random.Random(f"word {said.name}")  # noqa: S311
    words = list(said.words)
    at = rng.randrange(len(words))
    unlike = [word for word in vocabulary if matching.word_likeness(word, words[at]) == 0.0]
    words[at] = rng.choice(unlike)
    return tuple(words)


def with_slips(said: Said, vocabulary: Sequence[str]) -> Iterator[tuple[Words, Slip]]:
    """Answers that were missed by one word: those words, and what should be said of it."""
    rng = random.Random(f"slip {said.name}")  # noqa: S311
    words, at = said.words, rng.randrange(len(said.words))
    unlike = [word for word in vocabulary if matching.word_likeness(word, words[at]) == 0.0]
    other = rng.choice(unlike)
    yield (*words[:at], other, *words[at:]), Slip(SlipKind.MISSING, at, other)
    yield (*words[:at], other, *words[at + 1 :]), Slip(SlipKind.REPLACED, at, other)
    shorter = (*words[:at], *words[at + 1 :])
    yield shorter, Slip(SlipKind.ADDED, at, words[at - 1] if at else "")


def equal_error(right: Sequence[float], wrong: Sequence[float]) -> float:
    """Share of errors where as many right ones are refused as wrong ones accepted."""
    accepted, refused = np.array(right), np.array(wrong)
    thresholds = np.sort(np.concatenate([accepted, refused]))
    rejections = np.array([(accepted < threshold).mean() for threshold in thresholds])
    acceptances = np.array([(refused >= threshold).mean() for threshold in thresholds])
    at = int(np.argmin(np.abs(rejections - acceptances)))
    return float((rejections[at] + acceptances[at]) / 2)


def word_errors(said: Words, heard: Words) -> int:
    """Words missing, added and replaced."""
    row = list(range(len(heard) + 1))
    for i, left in enumerate(said, 1):
        above, row = row, [i]
        for j, right in enumerate(heard, 1):
            row.append(min(above[j - 1] + (left != right), above[j] + 1, row[j - 1] + 1))
    return row[-1]


def in_a_room(said: Said) -> Said:
    """The same, one metre away in a room that rings for 0.4 s, at the same level."""
    voice: NDArray[np.float64] = said.samples / 32768.0
    heard = convolve(voice, room_response(ROOM_M, RT60_S, CHILD, MICROPHONE))
    heard = heard[: voice.size + SAMPLE_RATE_HZ // 5]
    heard *= np.abs(voice).max() / max(float(np.abs(heard).max()), 1e-9)
    heard += np.random.default_rng(0).normal(0.0, 1e-3, heard.size)
    samples = np.clip(np.rint(heard * 32767), -32768, 32767).astype(np.int16)
    return Said(said.name, said.speaker, said.words, samples)
