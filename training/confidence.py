"""How sure an answer is: ``python -m training.confidence --corpus FOLDER``, after the ears.

Prints the constants of `dialog.answers`: logistic regression on what `best_answer` says of right
sentences, other sentences and sentences with one word replaced, near and from one metre away, heard
by ears that never heard their speakers. They are put there by hand, since tests stand on them.
"""

from __future__ import annotations

import argparse
import functools
import json
import multiprocessing
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.bench.recognition_trials import (
    Said,
    equal_error,
    in_a_room,
    one_replaced,
    other_sentence,
)
from dialog import matching
from dialog.answers import best_answer, evidence
from dialog.speech_ears import SpeechEars
from training import corpus, dictionary
from training.corpus import FOLDS, OLDEST_CHILD, YOUNGEST_ADULT, Utterance

REPOSITORY = Path(__file__).parents[1]
CHILDREN_EVERY, ADULTS_EVERY = 5, 6
KINDS = {"right": 1.0, "other": 0.5, "slip": 0.5}
"""What an error with each kind costs. A right answer refused discourages; a slip let through is
often caught by the lesson's other answers, which this knows nothing of."""
HELD_SMALL = 0.01
REFUSED = -99.0
"""Log odds of what was heard as a beginning only, or not at all."""

Trial = tuple[str, str, str, tuple[float, float, float] | None]
"""Group, place, kind, and how far the sentence and its worst word are behind, and the ratio."""


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(prog="python -m training.confidence", description=__doc__)
    parser.add_argument("--corpus", type=Path, help="speechocean762 (or set MYNA_CORPUS)")
    parser.add_argument("--work", type=Path, default=REPOSITORY / "build" / "training")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    utterances = corpus.load(corpus.corpus_folder(chosen.corpus), dictionary.load())
    work_on = functools.partial(_fold, utterances=utterances, work=chosen.work)
    with multiprocessing.get_context("spawn").Pool(chosen.processes) as pool:
        trials = [trial for fold in pool.map(work_on, range(FOLDS)) for trial in fold]
    sys.stdout.write(json.dumps(report(trials), indent=1) + "\n")


def report(trials: Sequence[Trial]) -> dict[str, object]:
    """The constants, and what they do in each group and place."""
    heard = np.array([trial[3] is not None for trial in trials])
    inputs = np.array([(*(trial[3] or (0.0, 0.0, 0.0)), 1.0) for trial in trials])
    kinds = np.array([trial[2] for trial in trials])
    costs = np.array([KINDS[kind] for kind in kinds])
    weights = logistic(inputs[heard], kinds[heard] == "right", costs[heard])
    odds = np.where(heard, inputs @ weights, REFUSED)
    told: dict[str, object] = dict(
        zip(
            ("SENTENCE_WEIGHT", "WORST_WORD_WEIGHT", "RATIO_WEIGHT", "AT_ZERO"),
            np.round(weights * (-1, -1, 1, 1), 2).tolist(),
            strict=True,
        )
    )
    for group, place in sorted({(trial[0], trial[1]) for trial in trials}):
        own = np.array([trial[0] == group and trial[1] == place for trial in trials])
        by_kind = {kind: odds[own & (kinds == kind)] for kind in KINDS}
        told[f"{group}, {place}"] = {
            "n": len(by_kind["right"]),
            **{f"{kind} accepted": round(float((o >= 0).mean()), 4) for kind, o in by_kind.items()},
            "equal error, other": round(equal_error(by_kind["right"], by_kind["other"]), 4),
            "equal error, slip": round(equal_error(by_kind["right"], by_kind["slip"]), 4),
        }
    return told


def logistic(
    inputs: NDArray[np.float64], truth: NDArray[np.bool_], costs: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weights by Newton's method; the last one, of the constant, is not held small."""
    small = np.append(np.full(inputs.shape[1] - 1, HELD_SMALL), 1e-6)
    weights = np.zeros(inputs.shape[1])
    for _ in range(40):
        chance = 1.0 / (1.0 + np.exp(-inputs @ weights))
        slope = inputs.T @ (costs * (chance - truth)) + small * weights
        curve = (inputs * (costs * chance * (1.0 - chance) + 1e-9)[:, None]).T @ inputs
        weights = weights - np.linalg.solve(curve + np.diag(small), slope)
    return weights


def _fold(fold: int, *, utterances: Sequence[Utterance], work: Path) -> list[Trial]:
    """Trials of one fold's speakers, heard by its ears."""
    ears = SpeechEars(work / f"ears{fold}.onnx")
    folds = corpus.folds(utterances)
    words = {each.name: matching.words(" ".join(each.words)) for each in utterances}
    sentences = sorted(set(words.values()))
    vocabulary = sorted({word for sentence in sentences for word in sentence})
    children = [each for each in utterances if each.age <= OLDEST_CHILD][::CHILDREN_EVERY]
    adults = [each for each in utterances if each.age >= YOUNGEST_ADULT][::ADULTS_EVERY]
    trials: list[Trial] = []
    for group, chosen in (("children", children), ("adults", adults)):
        for each in chosen:
            if folds[each.speaker] != fold:
                continue
            samples = np.clip(np.rint(each.samples() * 32768.0), -32768, 32767).astype(np.int16)
            near = Said(each.name, each.speaker, words[each.name], samples)
            for place, said in (("near", near), ("room", in_a_room(near))):
                frames = ears.frames((said.samples / 32768.0).astype(np.float32))
                for kind, asked in (
                    ("right", said.words),
                    ("other", other_sentence(said, sentences)),
                    ("slip", one_replaced(said, vocabulary)),
                ):
                    answer = best_answer(frames, [asked])
                    whole = answer is not None and answer.whole
                    found = evidence(answer.behind, answer.words) if answer and whole else None
                    trials.append((group, place, kind, found))
    return trials


if __name__ == "__main__":
    main()
