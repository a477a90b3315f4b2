"""When each phone of a known sentence is said, and how much better it fits than any sounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialog.phone_frames import Frames
from dialog.phone_graph import NO_WORD, Graph, Word, best_paths, likelihoods
from dialog.phone_set import PHONES, SILENCE, STATES_PER_PHONE

LOOP_PENALTY = 2.0
"""Log likelihood that each further phone of the free loop costs."""


@dataclass(frozen=True, slots=True)
class PhoneSpan:
    """Where a phone is said.

    Attributes:
        word_index: Which word of the sentence.
        phone: ARPABET.
        start_frame: First frame.
        end_frame: One past the last frame.
        state_spans: The same for each of the phone's three states.
    """

    word_index: int
    phone: str
    start_frame: int
    end_frame: int
    state_spans: tuple[tuple[int, int], ...]


def align(frames: Frames, words: Sequence[Word]) -> list[PhoneSpan]:
    """The phones of a sentence in time.

    Args:
        frames: Of the whole utterance.
        words: For every word the ways in which it may be said; the one that fits is taken.

    Returns:
        One span for every phone in order; empty when the sentence has no words or the
        utterance is shorter than three frames for each phone.
    """
    graph = Graph()
    graph.add_sentence(words)
    paths = best_paths(likelihoods(frames), graph)
    if not words or paths.scores[0] <= -1e8:
        return []
    path = paths.states(0)
    starts = np.flatnonzero(np.diff(path, prepend=-1))
    ends = np.append(starts[1:], len(path))
    runs = [
        (graph.states[path[start]], int(start), int(end))
        for start, end in zip(starts, ends, strict=True)
    ]
    spoken = [run for run in runs if run[0].word != NO_WORD]
    spans = []
    for at in range(0, len(spoken), STATES_PER_PHONE):
        parts = spoken[at : at + STATES_PER_PHONE]
        spans.append(
            PhoneSpan(
                parts[0][0].word,
                PHONES[parts[0][0].output // STATES_PER_PHONE],
                parts[0][1],
                parts[-1][2],
                tuple((start, end) for _, start, end in parts),
            )
        )
    return spans


def log_likelihood_ratio(frames: Frames, words: Sequence[Word]) -> float:
    """How much worse the sentence fits than any sounds at all would, per frame of speech.

    Returns:
        At most about 0; right sentences lie above -0.5 or so, others below. Minus infinity when
        the utterance is too short for the sentence.
    """
    graph = Graph()
    graph.add_sentence(words)
    likelihood = likelihoods(frames)
    score = float(best_paths(likelihood, graph).scores[0])
    if score <= -1e8:
        return -np.inf
    free = free_loop(likelihood)
    spoken = max(1, int((frames.log_posteriors.argmax(axis=1) != SILENCE).sum()))
    return (score - float(free.sum())) / spoken


def free_loop(likelihood: NDArray[np.float32]) -> NDArray[np.float32]:
    """The best path through any phones in any order.

    Returns:
        What each frame adds to the path's log likelihood, shape (T,), penalties for further
        phones included, so that a sum over a span is what any sounds reach there.
    """
    phones = likelihood[:, :SILENCE].reshape(len(likelihood), len(PHONES), STATES_PER_PHONE)
    silence = likelihood[:, SILENCE]
    reached = np.full((len(PHONES), STATES_PER_PHONE), -1e9, np.float32)
    reached[:, 0] = phones[0, :, 0]
    quiet = silence[0]
    # What the best of all paths has gained from frame to frame, made steady by always counting
    # from the best state: the differences of that maximum telescope to the final score.
    best = np.empty(len(likelihood), np.float32)
    best[0] = max(float(reached.max()), float(quiet))
    for frame in range(1, len(likelihood)):
        leaving = max(float(reached[:, -1].max()), float(quiet))
        arriving = reached.copy()
        arriving[:, 1:] = np.maximum(reached[:, 1:], reached[:, :-1])
        arriving[:, 0] = np.maximum(reached[:, 0], leaving - LOOP_PENALTY)
        quiet = max(float(quiet), leaving) + silence[frame]
        reached = arriving + phones[frame]
        best[frame] = max(float(reached.max()), float(quiet))
    return np.diff(best, prepend=np.float32(0.0))
