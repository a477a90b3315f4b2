"""``python -m training.wake PHRASE``: the head of a wake phrase, or the recipe judged on people."""

from __future__ import annotations

import argparse
import itertools
import json
import logging
import os
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from training import corpus
from training.realign import Aligned
from training.wake import data, fit
from training.wake.cuts import Phones
from training.wake.judge import Judged, judge

REPOSITORY = Path(__file__).parent.parent.parent
HELD_OUT_FOLD = 0
HEADS = 1
STEPS = 3000
SYNTHETIC, HELD_OUT_SYNTHETIC = 400, 20
CUTS_PER_SPEAKER, JUDGED_CUTS_PER_SPEAKER = 5, 2
SEED = 5
SHIPPED_ACCEPTS_PER_HOUR = 0.75
"""Where a score of 0.5 lies; of speech that no head has heard, clean and spoiled."""
UNLISTED: dict[str, list[Phones]] = {"myna": [("M", "AY", "N", "AH")]}
"""Words that no dictionary has."""

_Made = TypeVar("_Made")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much is made for a phrase."""

    synthetic: int = SYNTHETIC
    cuts_per_speaker: int = CUTS_PER_SPEAKER
    heads: int = HEADS
    steps: int = STEPS


class Recipe:
    """Talk is made once and kept below `work`; every phrase's own clips are made anew.

    Args:
        folder: The corpus.
        work: Where ``python -m training`` left its alignments.
        processes: How many processors to use.
    """

    def __init__(self, folder: Path, work: Path, processes: int) -> None:
        from training import dictionary

        self._work, self._processes = work, processes
        with (work / "realigned.pickle").open("rb") as file:
            pairs: list[Aligned] = pickle.load(file)  # noqa: S301 - written by `training`
        self.aligned = [pair for pair in pairs if pair[0].scores is not None]
        self.dictionary = dictionary.load() | UNLISTED
        self.utterances = corpus.load(folder, self.dictionary)
        folds = corpus.folds(self.utterances)
        self.held_out = {name for name, fold in folds.items() if fold == HELD_OUT_FOLD}
        self.vocabulary = sorted({word for u in self.utterances for word in u.words})
        heard = [u for u in self.utterances if u.speaker not in self.held_out]
        unheard = [u for u in self.utterances if u.speaker in self.held_out]
        self.heard_talk = self._kept("heard", lambda: self._talks(heard))
        self.unheard_talk = self._kept("unheard", lambda: self._talks(unheard))

    def train(self, phrase: str, amounts: Amounts) -> list[fit.Head]:
        """Heads for a phrase, from everybody but the held out and nobody's own saying of it."""
        words = phrase.split()
        ways = [
            tuple(itertools.chain.from_iterable(way))
            for way in itertools.product(*(self.dictionary[word] for word in words))
        ]
        usable = [p for p in self._by(held_out=False) if not data.holds(p[0].words, words)]
        plans = data.synthetic_plans(phrase, self.vocabulary, amounts.synthetic, SEED)
        plans += data.cut_plans(ways, usable, amounts.cuts_per_speaker, SEED)
        _log.info("making phrase=%s clips=%d", phrase, len(plans))
        clips = data.clips(plans, [pair[0] for pair in usable], self._processes)
        _log.info("fitting clips=%d", len(clips))
        return [
            fit.fit(words, clips, self.heard_talk, steps=amounts.steps, seed=SEED + index)
            for index in range(amounts.heads)
        ]

    def judge_unsaid(self, phrase: str, heads: Sequence[fit.Head]) -> Judged:
        """On held-out speakers' pieces put together, and on held-out synthetic voices."""
        words = phrase.split()
        ways = [
            tuple(itertools.chain.from_iterable(way))
            for way in itertools.product(*(self.dictionary[word] for word in words))
        ]
        theirs = self._by(held_out=True)
        plans = data.cut_plans(ways, theirs, JUDGED_CUTS_PER_SPEAKER, SEED + 1, judged=True)
        plans += data.synthetic_plans(
            phrase, self.vocabulary, HELD_OUT_SYNTHETIC, SEED + 1, held_out=True
        )
        clips = data.clips(plans, [pair[0] for pair in theirs], self._processes)
        return judge(heads, words, clips, self.unheard_talk)

    def judge_said(self, phrase: str, heads: Sequence[fit.Head]) -> Judged:
        """On every real recording of the phrase."""
        said = [p for p in self.aligned if data.holds(p[0].words, phrase.split())]
        background = [pair[0] for pair in self._by(held_out=True)]
        clips = data.clips(data.said_plans(phrase, said, SEED), background, self._processes)
        return judge(heads, phrase.split(), clips, self.unheard_talk)

    def _by(self, *, held_out: bool) -> list[Aligned]:
        return [p for p in self.aligned if (p[0].speaker in self.held_out) is held_out]

    def _talks(self, utterances: Sequence[corpus.Utterance]) -> list[data.Talk]:
        return data.talks(utterances, self._processes, copies=(False, True))

    def _kept(self, name: str, make: Callable[[], _Made]) -> _Made:
        path = self._work / f"wake-talk-{name}.pickle"
        if not path.is_file():
            _log.info("making name=%s", name)
            made = make()
            with path.open("wb") as file:
                pickle.dump(made, file)
        with path.open("rb") as file:
            kept: _Made = pickle.load(file)  # noqa: S301 - written by the lines above
        return kept


def main() -> None:
    """Train and write a head, or judge the recipe on phrases that people said."""
    parser = argparse.ArgumentParser(prog="python -m training.wake", description=__doc__)
    parser.add_argument("phrases", nargs="+", metavar="PHRASE")
    parser.add_argument("--corpus", type=Path, help="speechocean762 (or set MYNA_CORPUS)")
    parser.add_argument("--work", type=Path, default=REPOSITORY / "build" / "training")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "audio" / "models")
    parser.add_argument("--said", action="store_true", help="judge phrases that people did say")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    recipe = Recipe(corpus.corpus_folder(chosen.corpus), chosen.work, chosen.processes or 1)
    for phrase in chosen.phrases:
        if chosen.said:
            heads = recipe.train(phrase, Amounts(300, 4, 1, 2000))
            judged = recipe.judge_said(phrase, heads)
        else:
            heads = recipe.train(phrase, Amounts())
            judged = recipe.judge_unsaid(phrase, heads)
            path = chosen.out / f"{phrase.replace(' ', '-')}.onnx"
            offset = judged.threshold(SHIPPED_ACCEPTS_PER_HOUR)
            fit.export(heads, path, offset=offset)
        print(json.dumps({"phrase": phrase, **report(judged)}), flush=True)


def report(judged: Judged) -> dict[str, object]:
    """Misses at 1 and at 5 false accepts an hour, and those of children's talk among them."""
    rows: dict[str, object] = {"hours": round(judged.hours, 2)}
    for per_hour in (0.0, 1.0, 5.0):
        threshold = judged.threshold(per_hour)
        rows[f"at {per_hour:g} per hour"] = {
            "threshold": round(threshold, 2),
            "accepts": int(np.sum(judged.accepts >= threshold)),
            "children's": int(np.sum(judged.child_accepts >= threshold)),
            "missed": judged.table(threshold),
        }
    return rows


if __name__ == "__main__":
    main()
