"""Which of the expected answers was said, if any, and how each of its words fits.

Every answer, and every beginning of one, is a path of phones. The one that fits the utterance best
is taken. How far it stays behind any sounds at all, how far its worst word does, and how well the
phones of its least likely word do against whatever other phone was likelier there, make the
confidence: the last of these tells a word that was replaced by another.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialog.lexicon import entries, ways_of
from dialog.phone_alignment import free_loop
from dialog.phone_frames import Frames
from dialog.phone_graph import NO_WORD, Graph, Pronunciation, State, best_paths, likelihoods
from dialog.phone_set import PHONES, SILENCE, STATES_PER_PHONE
from dialog.scoring.figures import phone_log_posteriors

UNFINISHED_COST = 3.0
"""Log likelihood that a beginning costs against the whole answer."""
ACCEPT_FROM = 0.5
"""Confidence from which an answer counts as said."""
AT_ZERO, SENTENCE_WEIGHT, WORST_WORD_WEIGHT, RATIO_WEIGHT = 5.02, 1.33, 0.27, 0.99
"""Confidence is ``1 / (1 + exp(-z))`` of their weighted sum: logistic regression on 432 utterances
by people whom the ears never heard (``training/confidence.py``, `docs/recognition.md`)."""
MOST_BEHIND = 12.0
"""Per frame; what is worse is as bad."""
LEAST_LOG = -14.0
"""Of a phone's posterior; less is as bad."""

FILLERS: tuple[Pronunciation, ...] = (
    ("AH", "M"), ("AH", "N"), ("AH",), ("ER",), ("M",),
)  # fmt: skip
"""Um, en (Chinese), uh, er, mm: said before an answer they are no part of it."""

_CONTRACTIONS = {
    "is": "'s", "am": "'m", "are": "'re", "not": "n't", "will": "'ll", "have": "'ve", "has": "'s",
}  # fmt: skip
_IRREGULAR = {("can", "not"): "can't", ("will", "not"): "won't", ("let", "us"): "let's"}


@dataclass(frozen=True, slots=True)
class WordFit:
    """How a word of the answer fits what was said.

    Attributes:
        word: As answers are compared.
        behind: How far it stays behind any sounds, per frame of it: 0 is perfect, 1 poor, 3 and
            more another word.
        ratio: Mean over its phones of the log of how likely each was against the likeliest other
            one there: above 0 it is the likeliest, below -2 it was another.
        start_s, end_s: Where it would be.
    """

    word: str
    behind: float
    ratio: float
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer that fits best.

    Attributes:
        index: Which candidate.
        words: Its words that were said, from the first on.
        whole: Whether these are all of it.
        behind: How far the sentence stays behind any sounds, per frame of speech.
        confidence: 0..1, that these words and nothing else were said.
    """

    index: int
    words: tuple[WordFit, ...]
    whole: bool
    behind: float
    confidence: float


def best_answer(
    frames: Frames,
    candidates: Sequence[Sequence[str]],
    *,
    only_whole: Collection[int] = frozenset(),
    trailing_off: bool = False,
) -> Answer | None:
    """The candidate, or the beginning of one, that an utterance fits best.

    Args:
        frames: Of the whole utterance.
        candidates: Their words, as `dialog.matching.words` gives them; one with a word that
            cannot be said is passed over.
        only_whole: Which of them are of no use begun: "no", of "no more", is so near to much.
        trailing_off: Whether a filler may come after the words, too: "it is a, um". Not for many
            candidates: every beginning has fillers of its own.

    Returns:
        None when nothing was spoken, or no candidate can be said in so short a time.
    """
    spoken = int((frames.log_posteriors.argmax(axis=1) != SILENCE).sum())
    graph, meanings = _graph(candidates, only_whole)
    if trailing_off:
        graph.close_with(FILLERS)
    if spoken == 0 or not meanings:
        return None
    likelihood = likelihoods(frames)
    paths = best_paths(likelihood, graph)
    whole = np.array([length == len(candidates[index]) for index, length in meanings])
    scores = paths.scores - np.where(whole, 0.0, UNFINISHED_COST)
    best = int(scores.argmax())
    if scores[best] <= -1e8:
        return None
    index, length = meanings[best]
    free = np.concatenate([[0.0], np.cumsum(free_loop(likelihood))])
    states = [graph.states[state] for state in paths.states(best)]
    posteriors = np.maximum(phone_log_posteriors(frames)[:, : len(PHONES)], LEAST_LOG)
    words = _word_fits(states, likelihood, posteriors, free, candidates[index][:length])
    behind = min((float(free[-1]) - float(paths.scores[best])) / spoken, MOST_BEHIND)
    sentence, worst, ratio = evidence(behind, words)
    certainty = (
        AT_ZERO - SENTENCE_WEIGHT * sentence - WORST_WORD_WEIGHT * worst + RATIO_WEIGHT * ratio
    )
    confidence = 1.0 / (1.0 + math.exp(-certainty))
    return Answer(index, words, bool(whole[best]), behind, confidence)


def evidence(behind: float, words: Sequence[WordFit]) -> tuple[float, float, float]:
    """What the confidence is made of: how far the sentence and its worst word are behind, and the
    least ratio of a word."""
    worst = max(min(word.behind, MOST_BEHIND) for word in words)
    return min(behind, MOST_BEHIND), worst, min(word.ratio for word in words)


def _graph(
    candidates: Sequence[Sequence[str]], only_whole: Collection[int]
) -> tuple[Graph, list[tuple[int, int]]]:
    """All candidates with their beginnings: which candidate and how many words each end means."""
    graph = Graph()
    graph.open_with(FILLERS)
    meanings: list[tuple[int, int]] = []
    for index, words in enumerate(candidates):
        ways = ways_of(words)
        if not words or not all(ways):
            continue
        whole = index in only_whole
        graph.add_sentence(ways, joined=_joined(words), beginnings=not whole)
        shortest = len(words) if whole else 1
        meanings.extend((index, length) for length in range(shortest, len(words) + 1))
    return graph, meanings


def _joined(words: Sequence[str]) -> dict[int, tuple[Pronunciation, ...]]:
    """Where two words may be said as one, and how."""
    found = {}
    for index, (one, other) in enumerate(itertools.pairwise(words)):
        ending = _CONTRACTIONS.get(other)
        short = _IRREGULAR.get((one, other), f"{one}{ending}" if ending else "")
        if short in entries():
            found[index] = entries()[short]
    return found


def _word_fits(
    states: Sequence[State],
    likelihood: NDArray[np.float32],
    posteriors: NDArray[np.float32],
    free: NDArray[np.float64],
    words: Sequence[str],
) -> tuple[WordFit, ...]:
    spoken = np.array([state.word for state in states])
    outputs = [state.output for state in states]
    gained = likelihood[np.arange(len(states)), outputs]
    fits = []
    for index, word in enumerate(words):
        at = np.flatnonzero(spoken == index)
        if at.size == 0:  # said together with the next one
            at = np.flatnonzero(spoken == min(index + 1, int(spoken.max(initial=NO_WORD))))
        start, end = int(at[0]), int(at[-1]) + 1
        behind = float(free[end] - free[start] - gained[start:end].sum()) / (end - start)
        ratio = _ratio([states[frame] for frame in at.tolist()], posteriors[at])
        fits.append(WordFit(word, behind, ratio, start * 0.01, end * 0.01))
    return tuple(fits)


def _ratio(states: Sequence[State], posteriors: NDArray[np.float32]) -> float:
    """See `WordFit.ratio`; of the frames of one word."""
    places = np.array([state.phone for state in states])
    ratios = []
    for place in np.unique(places):
        here = np.flatnonzero(places == place)
        own = states[int(here[0])].output // STATES_PER_PHONE
        mean = posteriors[here].mean(axis=0)
        ratios.append(float(mean[own] - np.delete(mean, own).max()))
    return sum(ratios) / len(ratios)
