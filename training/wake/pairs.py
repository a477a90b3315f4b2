"""What a verifier learns from: phrases that people said, and the same searched in other talk.

Every utterance is listened to as the speaker listens, for phrases that it holds, for the same
with a few sounds changed, and for phrases that others said. What the spotter's best paths look like
is kept, with whether they are right.
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dialog.lexicon import pronunciations
from dialog.phone_set import PHONES, SILENCE, STATES_PER_PHONE
from dialog.wake.acoustics import Network
from dialog.wake.evidence import BEFORE_FRAMES, Evidence, evidence
from dialog.wake.following import rows_of
from dialog.wake.phrase import MOST_WAYS, VOWELS, Phrase, from_ways
from dialog.wake.spotter import Path as SpottedPath
from dialog.wake.spotter import Spotter
from training.augment import spoiled
from training.corpus import Utterance
from training.realign import Aligned

Sound = NDArray[np.float32]
Words = tuple[str, ...]

RATE_HZ = 16_000
CHUNK_FRAMES = 8
LEAD_S, TAIL_S = 0.6, 0.9
FEWEST_PHONES, MOST_PHONES = 6, 12
SYLLABLES = range(3, 6)
OTHERS, OWN, NEAR = 8, 4, 6
CANDIDATE = -1.0
"""Log likelihood ratio for each frame below which a path is not looked at."""
EARLY_FRAMES, LATE_FRAMES = 10, 40
"""How far from the phrase's end a path may end that counts as having found it."""
APART_FRAMES = 60


@dataclass(frozen=True, slots=True)
class Pair:
    """One path of one phrase through one utterance.

    Attributes:
        evidence: As the device weighs it.
        kind: ``said``, ``near`` or ``other``.
        phrase: Its words.
        utterance: Whose speech.
        speaker: Who.
        age: Years.
        scene: How it was heard.
        value: Log likelihood ratio for each frame.
    """

    evidence: Evidence
    kind: str
    phrase: str
    utterance: str
    speaker: str
    age: int
    scene: str
    value: float


def said(utterance: Utterance) -> dict[Words, int]:
    """Phrases like a wake phrase that an utterance holds, with the index of their last word."""
    found = {}
    for count in (2, 3):
        for at in range(len(utterance.words) - count + 1):
            words = utterance.words[at : at + count]
            phones = [PHONES[p] for word in utterance.phones[at : at + count] for p in word]
            right_size = FEWEST_PHONES <= len(phones) <= MOST_PHONES
            if right_size and sum(phone in VOWELS for phone in phones) in SYLLABLES:
                found[words] = at + count - 1
    return found


def states(words: Words) -> Phrase | None:
    """A phrase as the device would listen for it."""
    ways = [pronunciations(word)[:MOST_WAYS] for word in words]
    return from_ways(" ".join(words), ways) if all(ways) else None


def nearly(words: Words, rng: np.random.Generator) -> Phrase | None:
    """A phrase with one to three of its sounds changed to quite other ones."""
    ways = [pronunciations(word)[:1] for word in words]
    if not all(ways):
        return None
    changed = [list(way[0]) for way in ways]
    places = [(w, p) for w, word in enumerate(changed) for p in range(len(word))]
    # Neighbours, so that a part of the phrase is another word's.
    first, count = int(rng.integers(len(places))), int(rng.integers(1, 4))
    word, place = places[first]
    if count == 1 and changed[word][place] in VOWELS:
        count = 2  # a vowel alone tells nobody's speech from another's accent
    for word, place in places[first : first + count]:
        vowel = changed[word][place] in VOWELS
        alike = [p for p in PHONES if (p in VOWELS) is vowel and p != changed[word][place]]
        changed[word][place] = str(rng.choice(alike))
    return from_ways(" ".join(words) + "~", [[tuple(word)] for word in changed])


def unsaid(pool: Sequence[Words], text: str, count: int, rng: np.random.Generator) -> list[Phrase]:
    """So many phrases drawn from a pool, less those that a text holds or that cannot be said."""
    drawn = (states(pool[at]) for at in rng.choice(len(pool), count, replace=False))
    return [made for made in drawn if made is not None and f" {made.text} " not in f" {text} "]


def scene(
    name: str,
    utterance: Utterance,
    others: Sequence[Sound],
    seed: str,
    *,
    lead_s: float = LEAD_S,
) -> Sound:
    """An utterance with quiet around it, `lead_s` before it: ``clean``, or in a room and noise."""
    rng = np.random.default_rng(zlib.crc32(f"{utterance.name} {name} {seed}".encode()))
    voice = utterance.samples()
    laid = np.pad(voice, (int(lead_s * RATE_HZ), int(TAIL_S * RATE_HZ)))
    if name == "clean":
        return laid + (1e-4 * rng.normal(size=laid.size)).astype(np.float32)
    made = spoiled(rng, laid, others)
    return made + (1e-5 * rng.normal(size=made.size)).astype(np.float32)


def word_spans(utterance: Utterance, path: NDArray[np.int16]) -> list[tuple[int, int]]:
    """First frame and one past the last of every word, in an alignment of the whole text."""
    edges = np.flatnonzero(np.diff(path.astype(int), prepend=-1))
    ends = np.append(edges[1:], len(path))
    spoken = [(int(a), int(b)) for a, b in zip(edges, ends, strict=True) if path[a] != SILENCE]
    counts = np.cumsum([0, *(len(word) * STATES_PER_PHONE for word in utterance.phones)])
    return [(spoken[a][0], spoken[b - 1][1]) for a, b in itertools.pairwise(counts)]


def pairs(
    rows: NDArray[np.float32],
    phrases: Sequence[tuple[Phrase, str, int | None]],
    network: Network,
    utterance: Utterance,
    scene_name: str,
) -> list[Pair]:
    """The best paths of phrases through an utterance.

    Args:
        rows: Of the utterance, `LEAD_S` before it begins.
        phrases: Each with its kind and, where it is said, the frame of its end.
        network: Which made the rows.
        utterance: Which.
        scene_name: How it is heard.
    """
    spotter = Spotter([phrase for phrase, _, _ in phrases])
    late = network.latency_frames + round(LEAD_S * 100) + 2
    best: dict[int, list[tuple[float, int, SpottedPath]]] = {at: [] for at in range(len(phrases))}
    for begin in range(0, len(rows), CHUNK_FRAMES):
        for row in rows[begin : begin + CHUNK_FRAMES]:
            spotter.step(row)
        now = begin + CHUNK_FRAMES
        for at, (_, kind, end) in enumerate(phrases):
            after = None if end is None else now - late - end
            inside = after is not None and -EARLY_FRAMES <= after <= LATE_FRAMES
            if kind == "said" and not inside:
                continue
            ratio, frames = spotter.ratio(at)
            value = ratio / frames
            found = best[at]
            fresh = not found or now - found[-1][1] >= APART_FRAMES
            if value < CANDIDATE or (not fresh and value <= found[-1][0] + 0.01):
                continue
            path = spotter.path(at, before=BEFORE_FRAMES)
            if path is None:
                continue
            if not fresh:
                found.pop()
            found.append((value, now, path))
    made = []
    for at, (phrase, kind, _) in enumerate(phrases):
        for value, _, seen in sorted(best[at], key=lambda each: -each[0])[:3]:
            made.append(
                Pair(evidence(seen), kind, phrase.text, utterance.name, utterance.speaker,
                     utterance.age, scene_name, value)
            )  # fmt: skip
    return made


class Listener:
    """Makes pairs of utterances.

    Args:
        weights: Of the networks, by fold, or one for all under -1.
        folds: Of the speakers.
        others: Background voices.
        pool: Phrases that are searched everywhere.
    """

    def __init__(
        self,
        weights: Mapping[int, Path],
        folds: Mapping[str, int],
        others: Sequence[Sound],
        pool: Sequence[Words],
    ) -> None:
        self._networks = {fold: Network.load(path) for fold, path in weights.items()}
        self._folds = folds
        self._others, self._pool = others, pool

    def listen(self, aligned: Aligned, scene_name: str, copy: int) -> list[Pair]:
        """Pairs of one utterance in a scene; every copy draws phrases and noise of its own."""
        utterance, path = aligned
        rng = np.random.default_rng([zlib.crc32(utterance.name.encode()), copy])
        own, spans = said(utterance), word_spans(utterance, path)
        network = self._networks.get(self._folds[utterance.speaker], self._networks[-1])
        chosen = list(own)
        if len(own) > OWN:
            chosen = [chosen[at] for at in rng.choice(len(own), OWN, replace=False)]
        phrases: list[tuple[Phrase, str, int | None]] = []
        for words in chosen:
            made = states(words)
            if made is not None:
                phrases.append((made, "said", spans[own[words]][1]))
        if own:
            for _ in range(NEAR):
                near = nearly(list(own)[int(rng.integers(len(own)))], rng)
                if near is not None:
                    phrases.append((near, "near", None))
        text = " ".join(utterance.words)
        phrases += [(made, "other", None) for made in unsaid(self._pool, text, OTHERS, rng)]
        sound = scene(scene_name, utterance, self._others, f"learnt {copy}")
        return pairs(rows_of(sound, network), phrases, network, utterance, scene_name)
