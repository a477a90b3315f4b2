"""Follows phrases through a stream of phones: the best path of each, against any sounds at all.

Token passing (Young et al., "Token passing: a simple conceptual model for connected speech
recognition systems", 1989) with a free loop of phones as the filler (Rose and Paul, "A hidden
Markov model based keyword recognition system", 1990): a path may begin at any frame, and what it
gains in a frame is counted against what the best path of any phones gains there. Nothing is ever
computed twice, however long the stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialog.phone_alignment import LOOP_PENALTY
from dialog.phone_graph import IMPOSSIBLE, State
from dialog.phone_set import OUTPUTS, PHONES, SILENCE, STATES_PER_PHONE
from dialog.wake.phrase import ENTER, Phrase

Floats = NDArray[np.float32]

HISTORY_FRAMES = 320
"""How far back a path can be followed: the longest phrase, and what came before it."""


@dataclass(frozen=True, slots=True)
class Path:
    """Where a phrase was said, if it was.

    Attributes:
        runs: State, first frame and one past the last, in order; frames count within `rows`.
        rows: Log likelihoods around the path, shape (n, 118), float32.
        gained: Part of every row's log likelihood that any sounds would have had, shape (n,).
        ratio: Log likelihood ratio of the whole path.
    """

    runs: tuple[tuple[State, int, int], ...]
    rows: Floats
    gained: Floats
    ratio: float

    @property
    def frames(self) -> int:
        """Length of the phrase."""
        return self.runs[-1][2] - self.runs[0][1]


class FreeLoop:
    """What any phones in any order gain in every frame, as `dialog.phone_alignment.free_loop`."""

    def __init__(self) -> None:
        self._reached = np.full((len(PHONES), STATES_PER_PHONE), IMPOSSIBLE, np.float32)
        self.reset()

    def reset(self) -> None:
        """As after silence."""
        self._reached[:] = IMPOSSIBLE
        self._quiet = 0.0

    def step(self, row: Floats) -> float:
        """The gain of one frame.

        Args:
            row: Log likelihoods, shape (118,).
        """
        reached = self._reached
        leaving = max(float(reached[:, -1].max()), self._quiet)
        np.maximum(reached[:, 1:], reached[:, :-1], out=_shifted)
        reached[:, 1:] = _shifted
        np.maximum(reached[:, 0], leaving - LOOP_PENALTY, out=reached[:, 0])
        reached += row[:SILENCE].reshape(reached.shape)
        self._quiet = max(self._quiet, leaving) + float(row[SILENCE])
        best = max(float(reached.max()), self._quiet)
        reached -= np.float32(best)
        self._quiet -= best
        return best


_shifted = np.empty((len(PHONES), STATES_PER_PHONE - 1), np.float32)


class Spotter:
    """The best path of every phrase that ends at the present frame.

    Args:
        phrases: At least one.
    """

    def __init__(self, phrases: Sequence[Phrase]) -> None:
        self._states = [state for phrase in phrases for state in phrase.states]
        count = len(self._states)
        offsets = np.cumsum([0, *(len(phrase.states) for phrase in phrases)])
        earlier = [
            [at if at == ENTER else at + int(offset) for at in before]
            for phrase, offset in zip(phrases, offsets, strict=False)
            for before in phrase.before
        ]
        widest = 1 + max(map(len, earlier))
        # The first row is the state itself. Past the states stand one that is never reached
        # and one that always is: from there a phrase begins.
        self._before = np.full((widest, count), count, np.int64)
        self._before[0] = np.arange(count)
        for state, before in enumerate(earlier):
            for place, at in enumerate(before):
                self._before[1 + place, state] = count + 1 if at == ENTER else at
        self._outputs = np.array([state.output for state in self._states])
        self._ends = [
            np.array(phrase.ends) + offset for phrase, offset in zip(phrases, offsets, strict=False)
        ]
        self._columns = np.arange(count)
        self._reached = np.full(count + 2, IMPOSSIBLE, np.float32)
        self._began = np.zeros(count + 2, np.int64)
        self._origin = np.zeros((HISTORY_FRAMES, count), np.int8)
        self._rows = np.zeros((HISTORY_FRAMES, OUTPUTS), np.float32)
        self._gained = np.zeros(HISTORY_FRAMES, np.float32)
        self._free = FreeLoop()
        self._time = 0
        self.reset()

    def reset(self) -> None:
        """As if nothing had been heard."""
        self._reached[:] = IMPOSSIBLE
        self._reached[-1] = 0.0
        self._rows[:] = 0.0
        self._gained[:] = 0.0
        self._free.reset()
        self._time = 0

    def step(self, row: Floats) -> None:
        """Take in one frame's log likelihoods, shape (118,)."""
        gained = self._free.step(row)
        count = len(self._states)
        slot = self._time % HISTORY_FRAMES
        self._rows[slot], self._gained[slot] = row, gained
        arriving = self._reached[self._before]
        origin = arriving.argmax(axis=0)
        self._origin[slot] = origin
        came = self._before[origin, self._columns]
        self._began[-1] = self._time
        self._began[:count] = self._began[came]
        self._reached[:count] = self._reached[came] + (row[self._outputs] - np.float32(gained))
        self._time += 1

    def ratio(self, phrase: int) -> tuple[float, int]:
        """Log likelihood ratio of the best path that ends at the last frame, and its length."""
        ends = self._ends[phrase]
        best = int(ends[self._reached[ends].argmax()])
        return float(self._reached[best]), self._time - int(self._began[best])

    def path(self, phrase: int, *, before: int) -> Path | None:
        """Follow the best path of a phrase back from the last frame.

        Args:
            phrase: Which.
            before: How many frames before it to keep too, fewer where there are none.

        Returns:
            None when the path began before what is remembered.
        """
        ends = self._ends[phrase]
        state = int(ends[self._reached[ends].argmax()])
        ratio, length = self.ratio(phrase)
        kept = min(self._time, length + before)
        if length + before > HISTORY_FRAMES or ratio <= IMPOSSIBLE / 2:
            return None
        states = np.empty(length, np.int64)
        for back in range(length):
            states[-1 - back] = state
            slot = (self._time - 1 - back) % HISTORY_FRAMES
            state = int(self._before[self._origin[slot, state], state])
        edges = np.flatnonzero(np.diff(states, prepend=-1))
        lead = kept - length
        runs = tuple(
            (self._states[int(states[a])], lead + int(a), lead + int(b))
            for a, b in zip(edges, np.append(edges[1:], length), strict=True)
        )
        slots = np.arange(self._time - kept, self._time) % HISTORY_FRAMES
        return Path(runs, self._rows[slots], self._gained[slots], ratio)
