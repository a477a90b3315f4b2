"""A phrase nobody said, put together from pieces of what one speaker did say.

Pieces are runs of phones cut by the own model's alignment and joined over 8 ms. The same with a
few phones changed or left out makes near-misses in real voices.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialog.phone_set import PHONES, SILENCE, STATES_PER_PHONE
from training.corpus import Utterance
from training.realign import Aligned

Sound = NDArray[np.float32]
Phones = tuple[str, ...]

FRAME_SAMPLES = 160
JOIN_SAMPLES = 128
LEVEL = 0.1
"""Of a piece, root mean square."""
LONGEST_PIECE = 6
MOST_PIECES, MOST_SINGLE = 5, 2
"""Pieces that a phrase may be made of, and how many of them may be of one phone."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Where a run of phones is: samples ``start`` to ``end`` of an utterance."""

    utterance: Utterance
    start: int
    end: int


class Speaker:
    """All runs of phones that one speaker said."""

    def __init__(self, aligned: Sequence[Aligned]) -> None:
        self.runs: dict[Phones, list[Piece]] = defaultdict(list)
        self._sounds: dict[str, Sound] = {}
        for utterance, path in aligned:
            spans = spans_of(path)
            for at in range(len(spans)):
                for end in range(at + 1, min(at + LONGEST_PIECE, len(spans)) + 1):
                    if end > at + 1 and spans[end - 1][1] != spans[end - 2][2]:
                        break  # a pause between the two
                    run = tuple(span[0] for span in spans[at:end])
                    start, stop = spans[at][1], spans[end - 1][2]
                    piece = Piece(utterance, start * FRAME_SAMPLES, stop * FRAME_SAMPLES)
                    self.runs[run].append(piece)

    def say(self, phones: Phones, rng: np.random.Generator) -> Sound | None:
        """The phones in this speaker's voice, -1..1; None where pieces are wanting."""
        runs = self._split(phones, rng)
        if runs is None:
            return None
        sound = np.zeros(0, np.float32)
        for run in runs:
            found = self.runs[run]
            sound = joined(sound, self._cut(found[int(rng.integers(len(found)))]))
        return np.asarray(sound * (0.6 / max(float(np.abs(sound).max()), 1e-4)), np.float32)

    def _split(self, phones: Phones, rng: np.random.Generator) -> list[Phones] | None:
        """The fewest runs; at random among equals."""
        best: list[tuple[float, int] | None] = [(0.0, 0)]
        for end in range(1, len(phones) + 1):
            ways = []
            for start in range(max(0, end - LONGEST_PIECE), end):
                before = best[start]
                if before is not None and phones[start:end] in self.runs:
                    short = 3.0 if end - start == 1 else 0.0
                    ways.append((before[0] + 1 + short + rng.random() * 1.2, start))
            best.append(min(ways) if ways else None)
        runs: list[Phones] = []
        end = len(phones)
        while end:
            way = best[end]
            if way is None:
                return None
            runs.insert(0, phones[way[1] : end])
            end = way[1]
        singles = sum(len(run) == 1 for run in runs)
        return runs if len(runs) <= MOST_PIECES and singles <= MOST_SINGLE else None

    def _cut(self, piece: Piece) -> Sound:
        name = piece.utterance.name
        if name not in self._sounds:
            self._sounds[name] = piece.utterance.samples()
        margin = JOIN_SAMPLES // 2
        cut = self._sounds[name][max(0, piece.start - margin) : piece.end + margin]
        return levelled(cut)


def by_speaker(recordings: Sequence[Aligned]) -> list[list[Aligned]]:
    """The recordings of each, in the order of their names."""
    ordered = sorted(recordings, key=lambda pair: pair[0].speaker)
    return [list(own) for _, own in itertools.groupby(ordered, lambda pair: pair[0].speaker)]


def levelled(sound: Sound) -> Sound:
    """At the level at which pieces are joined."""
    return np.asarray(sound * (LEVEL / (float(np.sqrt(np.mean(sound**2))) + 1e-5)), np.float32)


def varied(phones: Phones, rng: np.random.Generator) -> Phones:
    """A near-miss: two or three phones next to each other changed, or a third of them cut off."""
    changed = list(phones)
    if rng.random() < 0.4:
        cut = max(2, len(changed) // 3)
        return tuple(changed[cut:] if rng.random() < 0.5 else changed[:-cut])
    at = int(rng.integers(len(changed) - 1))
    for place in range(at, min(at + int(rng.integers(2, 4)), len(changed))):
        changed[place] = str(rng.choice(PHONES))
    return tuple(changed)


def spans_of(path: NDArray[np.int16]) -> list[tuple[str, int, int]]:
    """Phone, first frame, one past the last, of every phone in an alignment."""
    starts = np.flatnonzero(np.diff(path.astype(int), prepend=-1))
    ends = np.append(starts[1:], len(path))
    states = [(int(path[a]), int(a), int(b)) for a, b in zip(starts, ends, strict=True)]
    spoken = [state for state in states if state[0] != SILENCE]
    return [
        (PHONES[spoken[at][0] // STATES_PER_PHONE], spoken[at][1], spoken[at + 2][2])
        for at in range(0, len(spoken) - 2, STATES_PER_PHONE)
    ]


def joined(left: Sound, right: Sound) -> Sound:
    """One piece after another, faded into it over `JOIN_SAMPLES`."""
    if left.size < JOIN_SAMPLES or right.size < JOIN_SAMPLES:
        return np.concatenate([left, right])
    fade = np.linspace(0.0, 1.0, JOIN_SAMPLES, dtype=np.float32)
    both = left[-JOIN_SAMPLES:] * (1 - fade) + right[:JOIN_SAMPLES] * fade
    return np.concatenate([left[:-JOIN_SAMPLES], both, right[JOIN_SAMPLES:]])
