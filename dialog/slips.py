"""Which word of an expected answer was left out, added or replaced, where all the rest was said.

The answer is laid along the sound once as it is, and once with each slip that it may hold: without
a word, with any sounds in the place of a word, with any sounds between two words. Any sounds are a
state of their own that gains what the free loop of phones gains there, less a little in each frame:
a garbage model as in Rose and Paul, "A hidden Markov model based keyword recognition system", 1990.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialog.lexicon import ways_of
from dialog.phone_alignment import free_loop
from dialog.phone_frames import Frames
from dialog.phone_graph import ANY, Graph, Word, best_paths, likelihoods
from dialog.phone_set import SILENCE
from dialog.ports import Slip, SlipKind

ANY_WORD: Word = ((ANY,) * 3,)
FEWEST_WORDS = 3
"""In a shorter answer every word is most of it."""
ANY_COST = 1.5
"""Log likelihood by which any sounds stay behind the free loop in each frame."""
COSTS = {SlipKind.MISSING: 10.0, SlipKind.REPLACED: 25.0, SlipKind.ADDED: 25.0}
"""Log likelihood that a slip must gain to be believed."""
MOST_BEHIND = 1.2
"""Per frame of speech, of all that was said otherwise: more, and it was another answer."""


@dataclass(frozen=True, slots=True)
class Gain:
    """What a slip explains.

    Attributes:
        slip: Which.
        gained: Log likelihood that it gains over the answer as it is.
        behind: How far the answer with it stays behind any sounds, per frame of speech.
    """

    slip: Slip
    gained: float
    behind: float


def slip_in(frames: Frames, words: Sequence[str]) -> Slip | None:
    """The one slip that explains what was said instead of an answer; None where none does.

    Args:
        frames: Of the whole utterance.
        words: The answer's, as `dialog.matching.words` gives them.
    """
    if len(words) < FEWEST_WORDS:
        return None
    sure = [
        each
        for each in gains(frames, words)
        if each.gained >= COSTS[each.slip.kind] and each.behind <= MOST_BEHIND
    ]
    best = max(sure, key=lambda each: each.gained - COSTS[each.slip.kind], default=None)
    return None if best is None else best.slip


def gains(frames: Frames, words: Sequence[str]) -> list[Gain]:
    """What every slip that the answer may hold would explain; nothing for silence."""
    ways = ways_of(words)
    spoken = int((frames.log_posteriors.argmax(axis=1) != SILENCE).sum())
    if not all(ways) or spoken == 0:
        return []
    likelihood = likelihoods(frames)
    free = free_loop(likelihood)
    anything = np.maximum(free - ANY_COST, likelihood[:, SILENCE] - ANY_COST)
    widened: NDArray[np.float32] = np.column_stack([likelihood, anything]).astype(np.float32)
    graph, slips = Graph(), list(_slips(words, ways))
    graph.add_sentence(ways)
    for _, sentence in slips:
        graph.add_sentence(sentence)
    scores = best_paths(widened, graph).scores
    total = float(free.sum())
    return [
        Gain(slip, float(score - scores[0]), (total - float(score)) / spoken)
        for (slip, _), score in zip(slips, scores[1:], strict=True)
    ]


def _slips(words: Sequence[str], ways: Sequence[Word]) -> Iterator[tuple[Slip, list[Word]]]:
    """Every slip with the words as they would have been said."""
    for at, word in enumerate(words):
        before, after = list(ways[:at]), list(ways[at + 1 :])
        yield Slip(SlipKind.MISSING, at, word), [*before, *after]
        yield Slip(SlipKind.REPLACED, at, word), [*before, ANY_WORD, *after]
    for at in range(len(words) + 1):
        yield (
            Slip(SlipKind.ADDED, at, words[at - 1] if at else ""),
            [*ways[:at], ANY_WORD, *ways[at:]],
        )
