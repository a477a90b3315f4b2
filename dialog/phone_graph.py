"""Sentences as graphs of phone states, and the best path through them (Viterbi, 1967).

All graphs of a question share one array of states, so that one pass over the frames scores them
all: what it costs in Python hardly depends on how many answers are expected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dialog.phone_frames import Frames
from dialog.phone_set import OUTPUTS, PHONE_ID, SILENCE, STATES_PER_PHONE

Pronunciation = tuple[str, ...]
"""ARPABET phones without stress."""
Word = Sequence[Pronunciation]
"""The ways in which a word may be said, at least one."""

PRIOR_WEIGHT = 0.6
"""Part of the log prior taken from the log posterior."""
FLOOR = -12.0
"""Least log likelihood of a frame: one bad frame must not decide."""
IMPOSSIBLE = np.float32(-1e9)
NO_WORD = -1
ANY = "*"
"""Any sounds, in the place of a phone: whoever uses it gives the likelihoods one more column."""


def likelihoods(frames: Frames) -> NDArray[np.float32]:
    """Log likelihoods of every output up to a constant, shape (T, 118)."""
    scaled = frames.log_posteriors - np.float32(PRIOR_WEIGHT) * frames.log_priors
    result: NDArray[np.float32] = np.maximum(scaled, np.float32(FLOOR))
    return result


@dataclass(frozen=True, slots=True)
class State:
    """What a state of the graph stands for.

    Attributes:
        output: Column of the likelihoods.
        word: Index of the word in its sentence, `NO_WORD` for silence and fillers.
        phone: Which phone of the word's pronunciation, -1 for silence and fillers.
        pronunciation: Which of the word's pronunciations.
    """

    output: int
    word: int = NO_WORD
    phone: int = -1
    pronunciation: int = 0


@dataclass(slots=True)
class Graph:
    """States with the states that may come before each; every state also follows itself.

    Attributes:
        states: In an order in which predecessors come first.
        before: For every state the earlier states that may precede it.
        starts: States at which speech may begin.
        ends: For every sentence the states at which it may end.
        opening: States after which a sentence's first word may come, once `open_with` made them.
    """

    states: list[State] = field(default_factory=list)
    before: list[tuple[int, ...]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[tuple[int, ...]] = field(default_factory=list)
    opening: tuple[int, ...] = ()

    def open_with(self, fillers: Sequence[Pronunciation]) -> None:
        """Let the sentences added from now on share a beginning: silence, and perhaps a filler.

        Args:
            fillers: What people say while they think; at most one of them, silence around it.
        """
        silence = self._add(State(SILENCE), ())
        self.starts.append(silence)
        firsts, ends = self._add_fillers(fillers, (silence,))
        self.starts.extend(firsts)
        self.opening = (silence, *ends)

    def close_with(self, fillers: Sequence[Pronunciation]) -> None:
        """Let every sentence added so far end in a filler too, silence around it."""
        self.ends = [(*ends, *self._add_fillers(fillers, ends)[1]) for ends in self.ends]

    def _add_fillers(
        self, fillers: Sequence[Pronunciation], entering: tuple[int, ...]
    ) -> tuple[list[int], tuple[int, ...]]:
        """Add one of several fillers with the silence after it; returns the states that begin
        them, and those that end it."""
        firsts: list[int] = []
        ends: list[int] = []
        for filler in fillers:
            firsts.append(len(self.states))
            before = entering
            for phone in filler:
                for part in range(STATES_PER_PHONE):
                    before = (self._add(State(_output(phone, part)), before),)
            ends.extend(before)
        return firsts, (*ends, self._add(State(SILENCE), tuple(ends)))

    def add_sentence(
        self,
        words: Sequence[Word],
        *,
        joined: Mapping[int, Word] | None = None,
        beginnings: bool = False,
    ) -> None:
        """Add a sentence: its words in order, silence allowed around each.

        Args:
            words: At least one way to say each.
            joined: For a word's index the ways to say it and the next one in one ("it's").
            beginnings: Whether each of its beginnings is a sentence of its own too, the
                shortest first; they share their states.
        """
        if not self.opening:
            silence = self._add(State(SILENCE), ())
            self.starts.append(silence)
        leaving: list[tuple[int, ...]] = [self.opening or (silence,)]
        for index, word in enumerate(words):
            said = self._add_word(word, index, leaving[index])
            if joined and index - 1 in joined:
                said += self._add_word(joined[index - 1], index, leaving[index - 1])
            leaving.append((*said, self._add(State(SILENCE), tuple(said))))
        self.ends.extend(leaving[1:] if beginnings else leaving[-1:])

    def _add_word(self, word: Word, index: int, entering: tuple[int, ...]) -> list[int]:
        """Add every way to say a word; returns the states that end it."""
        ends: list[int] = []
        for number, pronunciation in enumerate(word):
            before = entering
            for place, phone in enumerate(pronunciation):
                for part in range(STATES_PER_PHONE):
                    output = _output(phone, part)
                    state = self._add(State(output, index, place, number), before)
                    if place == part == 0 and before and self.before[before[0]] == ():
                        self.starts.append(state)
                    before = (state,)
            ends.extend(before)
        return ends

    def _add(self, state: State, before: tuple[int, ...]) -> int:
        self.states.append(state)
        self.before.append(before)
        return len(self.states) - 1


def _output(phone: str, part: int) -> int:
    return OUTPUTS if phone == ANY else PHONE_ID[phone] * STATES_PER_PHONE + part


@dataclass(frozen=True, slots=True)
class Paths:
    """The best paths through a graph.

    Attributes:
        scores: For every sentence the log likelihood of its best path; `IMPOSSIBLE` or less
            when the utterance is too short for it.
    """

    scores: NDArray[np.float32]
    _graph: Graph
    _origin: NDArray[np.int16]
    _before: NDArray[np.int64]
    _last: NDArray[np.float32]

    def states(self, sentence: int) -> NDArray[np.int64]:
        """Index into the graph's states for every frame."""
        ends = np.array(self._graph.ends[sentence])
        state = int(ends[np.argmax(self._last[ends])])
        path = np.empty(len(self._origin), np.int64)
        for frame in range(len(path) - 1, -1, -1):
            path[frame] = state
            state = int(self._before[self._origin[frame, state], state])
        return path


def best_paths(likelihood: NDArray[np.float32], graph: Graph) -> Paths:
    """Score every sentence of the graph against a whole utterance.

    Args:
        likelihood: As `likelihoods` gives it, at least one frame.
        graph: With at least one sentence.
    """
    count, length = len(graph.states), len(likelihood)
    widest = 1 + max(map(len, graph.before))
    # Row 0 is the state itself; a missing predecessor is a state that is never reached.
    before = np.full((widest, count), count, np.int64)
    before[0] = np.arange(count)
    for state, earlier in enumerate(graph.before):
        before[1 : 1 + len(earlier), state] = earlier
    emitted = likelihood[:, [state.output for state in graph.states]]
    reached = np.full(count + 1, IMPOSSIBLE, np.float32)
    reached[graph.starts] = emitted[0, graph.starts]
    origin = np.zeros((length, count), np.int16)
    columns = np.arange(count)
    for frame in range(1, length):
        arriving = reached[before]
        origin[frame] = arriving.argmax(axis=0)
        reached[:count] = arriving[origin[frame], columns] + emitted[frame]
    scores = np.array([reached[list(ends)].max() for ends in graph.ends], np.float32)
    return Paths(scores, graph, origin, before, reached)
