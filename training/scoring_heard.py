"""What was heard instead: ``python -m training.scoring_heard --corpus FOLDER``, after the scorer.

It makes ``dialog/scoring/confusions.json``. Mistakes are taken from two places: phones that the
experts gave less than 1, which say what they mind, and mistakes planted as `myna bench scoring`
plants them (`device.bench.scoring_trials`), which say what another sound looks like to the ears.
Every kind of planted mistake is taken to be as common as every other, and all of them together to
be `PLANTED_SHARE` of what experts mind. Phones of words that every expert found right are no
mistakes, however well another sound fits: the thresholds let few of them be named.

Only the speakers of the folds in `CHOSEN_ON` are used, so that the others can judge what came of
it: the command prints what is named of theirs.
"""

from __future__ import annotations

import argparse
import functools
import json
import logging
import math
import multiprocessing
import os
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.bench.scoring_trials import Planted, plantings
from dialog.phone_frames import Frames
from dialog.phone_graph import Pronunciation
from dialog.phone_set import PHONES
from dialog.scoring.confusions import Confusions, confusion, is_added, logit, root
from dialog.scoring.heard import Other, others
from dialog.scoring.lexicon import Lexicon
from dialog.scoring.network_onnx import ScorerNetwork
from dialog.scoring.scorer import PronunciationScorer
from dialog.speech_ears import SpeechEars
from training import corpus, dictionary
from training.corpus import FOLDS, Utterance

_log = logging.getLogger("training.scoring_heard")

REPOSITORY = Path(__file__).parents[1]
CHOSEN_ON = (0, 1)
PLANTED_EACH = 5
"""At most so many mistakes are planted in an utterance, one of a kind."""
RIGHT, ACCEPTED, WRONG = "right", "accepted", "wrong"
"""Truths beside the kinds of planted mistakes: all experts found the whole word right, they mostly
accepted the phone, they gave it less than 1."""
PLANTED_SHARE = 0.3
RIDGE = 3.0
FALSE_PER_1000, FALSE_ADDED_PER_1000 = 1.9, 1.2
"""So many phones of right words may be named, and named with an added vowel."""
NOTHING_YET = Confusions(0.0, 0.0, 0.0, {}, math.inf, math.inf)


@dataclass(frozen=True, slots=True)
class Case:
    """A phone that was asked for, and what it may have been.

    Attributes:
        phone: ARPABET.
        wrong: The scorer's probability that experts would give it less than 1.
        truth: `RIGHT`, `ACCEPTED`, `WRONG` or the kind of the planted mistake.
        said: What was said where a mistake was planted.
        others: Other explanations that fit better.
    """

    phone: str
    wrong: float
    truth: str
    said: str | None
    others: tuple[Other, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """One explanation of a case, for the regression."""

    confusion: str
    inputs: tuple[float, float, float]
    mistake: bool
    weight: float


def main() -> None:
    """Gather cases and write what they teach."""
    parser = argparse.ArgumentParser(prog="python -m training.scoring_heard", description=__doc__)
    parser.add_argument("--corpus", type=Path, help="speechocean762 (or set MYNA_CORPUS)")
    parser.add_argument("--work", type=Path, default=REPOSITORY / "build" / "training")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "dialog" / "scoring")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    utterances = corpus.load(corpus.corpus_folder(chosen.corpus), dictionary.load())
    folds = corpus.folds(utterances)
    cases: dict[bool, list[Case]] = {True: [], False: []}
    for fold in range(FOLDS):
        own = [u for u in utterances if folds[u.speaker] == fold and u.scores is not None]
        hear = functools.partial(gather, work=chosen.work, fold=fold)
        with multiprocessing.get_context("spawn").Pool(chosen.processes) as pool:
            pieces = pool.map(hear, [own[start::16] for start in range(16)])
        cases[fold in CHOSEN_ON] += [case for piece in pieces for case in piece]
        _log.info("gathered fold=%d", fold)
    found = fitted(cases[True])
    text = json.dumps(asdict(found), indent=1)
    (chosen.out / "confusions.json").write_text(text + "\n", encoding="utf-8")
    for line in report(cases[False], found):
        _log.info("others %s", line)


def gather(utterances: Sequence[Utterance], *, work: Path, fold: int) -> list[Case]:
    """Cases from recordings of a fold, heard by models that never heard its speakers."""
    ears = SpeechEars(work / f"ears{fold}.onnx")
    network = ScorerNetwork(work / f"scorer{fold}.onnx")
    scorer = PronunciationScorer(ears, network, Lexicon(), NOTHING_YET)
    cases: list[Case] = []
    for utterance in utterances:
        if utterance.scores is None:
            continue
        frames = ears.frames(utterance.samples())
        words = [tuple(PHONES[phone] for phone in word) for word in utterance.phones]
        marks = [(mark, min(word)) for word in utterance.scores for mark in word]
        for index, case in _judged(scorer, network, frames, words):
            truth = _truth(*marks[index])
            if truth is not None:
                cases.append(Case(*case[:2], truth, None, case[2]))
        for planted in _drawn(list(plantings(words, utterance.scores)), utterance.name):
            at = sum(map(len, planted.words[: planted.word])) + planted.phone
            for index, case in _judged(scorer, network, frames, planted.words):
                if index == at:
                    cases.append(Case(*case[:2], planted.kind, planted.said, case[2]))
    return cases


def fitted(cases: Sequence[Case]) -> Confusions:
    """The regression and the thresholds.

    Args:
        cases: Some of every truth.
    """
    weights, terms = _regression(list(_examples(cases)))
    free = Confusions(*weights, terms, 0.0, 0.0)
    right = [case for case in cases if case.truth == RIGHT]
    odds = [
        free.above(case.phone, other.heard, other.margin, case.wrong)
        for case in right
        if (other := _best(case, free)) is not None
    ]
    margins = [o.margin for case in right for o in case.others if is_added(o.heard)]
    return replace(
        free,
        name_from=_exceeded(odds, FALSE_PER_1000, len(right)),
        added_from=_exceeded(margins, FALSE_ADDED_PER_1000, len(right)),
    )


def report(cases: Sequence[Case], confusions: Confusions) -> Iterator[str]:
    """By truth how many are named, and of planted mistakes how many rightly."""
    for truth in sorted({case.truth for case in cases}):
        own = [case for case in cases if case.truth == truth]
        named = [
            (case.said, heard) for case in own if (heard := _named(case, confusions)) is not None
        ]
        rightly = sum(said == heard for said, heard in named)
        added = sum(is_added(heard) for _, heard in named)
        yield (
            f"truth={truth} n={len(own)} named={len(named)} "
            f"per_1000={1000.0 * len(named) / len(own):.2f} rightly={rightly} added={added}"
        )


def _named(case: Case, confusions: Confusions) -> str | None:
    """What `dialog.scoring.heard.instead` would name."""
    sure = (
        (confusions.above(case.phone, other.heard, other.margin, case.wrong), other.heard)
        for other in case.others
    )
    above, heard = max(sure, default=(-1.0, ""))
    return heard if above >= 0.0 else None


def _best(case: Case, confusions: Confusions) -> Other | None:
    """The likeliest other sound, or none, in a phone's place."""
    return max(
        (other for other in case.others if not is_added(other.heard)),
        key=lambda o: confusions.above(case.phone, o.heard, o.margin, case.wrong),
        default=None,
    )


def _exceeded(values: Sequence[float], per_1000: float, of: int) -> float:
    """What so many values of so many phones lie above."""
    return round(sorted(values, reverse=True)[int(per_1000 * of / 1000)], 3)


def _judged(
    scorer: PronunciationScorer,
    network: ScorerNetwork,
    frames: Frames,
    words: Sequence[Pronunciation],
) -> Iterator[tuple[int, tuple[str, float, tuple[Other, ...]]]]:
    """Index, phone, chance of being wrong and better explanations of every phone."""
    judgement = scorer.judge(frames, [[word] for word in words])
    if judgement is None:
        return
    wrong = network.trained.at(network.trained.wrong, judgement.plain)
    found = [other for other in others(frames, judgement.spans) if other.margin > 0.0]
    for index, span in enumerate(judgement.spans):
        own = tuple(other for other in found if other.index == index)
        yield index, (span.phone, float(wrong[index]), own)


def _truth(mark: float, least_of_word: float) -> str | None:
    """None where experts were of two minds."""
    if least_of_word >= 2.0:
        return RIGHT
    if mark >= 1.5:
        return ACCEPTED
    return WRONG if mark < 1.0 else None


def _drawn(planted: Sequence[Planted], seed: str) -> list[Planted]:
    """One of each of some kinds, at random but always the same."""
    rng = random.Random(seed)  # noqa: S311 - a choice, not a secret
    kinds = sorted({one.kind for one in planted})
    rng.shuffle(kinds)
    return [
        rng.choice([one for one in planted if one.kind == kind]) for kind in kinds[:PLANTED_EACH]
    ]


def _examples(cases: Sequence[Case]) -> Iterator[Example]:
    counts = Counter(case.truth for case in cases if case.said is None or not is_added(case.said))
    kinds = len(counts.keys() - {RIGHT, ACCEPTED, WRONG})
    for case in cases:
        if case.truth not in counts:
            continue
        others = [other for other in case.others if not is_added(other.heard)]
        best = max(others, key=lambda other: other.margin, default=None)
        for other in others:
            weight = 1.0
            if case.said is not None:
                mistake = other.heard == case.said
                weight = PLANTED_SHARE * counts[WRONG] / kinds / counts[case.truth]
            elif case.truth == WRONG:
                mistake = True
                if other is not best:
                    continue  # it may or may not be what was said
            else:
                mistake = False
            inputs = (1.0, root(other.margin), logit(case.wrong))
            yield Example(confusion(case.phone, other.heard), inputs, mistake, weight)


def _regression(
    examples: Sequence[Example],
) -> tuple[tuple[float, float, float], dict[str, float]]:
    """Logistic regression by Newton's method, the terms of single confusions held small."""
    names = sorted({example.confusion for example in examples})
    place = {name: 3 + index for index, name in enumerate(names)}
    inputs: NDArray[np.float64] = np.zeros((len(examples), 3 + len(names)))
    inputs[:, :3] = [example.inputs for example in examples]
    inputs[np.arange(len(examples)), [place[e.confusion] for e in examples]] = 1.0
    truth = np.array([example.mistake for example in examples], np.float64)
    counts = np.array([example.weight for example in examples])
    small = np.append(np.full(3, 1e-2), np.full(len(names), RIDGE))
    weights = np.zeros(inputs.shape[1])
    for _ in range(30):
        chance = 1.0 / (1.0 + np.exp(-inputs @ weights))
        slope = inputs.T @ (counts * (chance - truth)) + small * weights
        curve = (inputs * (counts * chance * (1.0 - chance) + 1e-9)[:, None]).T @ inputs
        weights = weights - np.linalg.solve(curve + np.diag(small), slope)
    bias, margin, wrong, *terms = (round(float(weight), 3) for weight in weights)
    return (bias, margin, wrong), dict(zip(names, terms, strict=True))


if __name__ == "__main__":
    main()
