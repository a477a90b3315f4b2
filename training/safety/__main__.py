"""Makes the classifier of what is said and replied: ``python -m training.safety``.

Two to four minutes of one core. Needs ``training/requirements.txt``; data is in this folder.
"""

from __future__ import annotations

import argparse
import json
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from device.bench import safety_cases
from dialog.safety.encoder import Encoder, Floats
from dialog.safety.lists import topic_of
from dialog.safety.meaning import HARMLESS, Judge
from dialog.safety.normal import readings
from dialog.safety.pieces import Pieces
from training.safety import corpus, fit
from training.safety.encoder import two_languages
from training.safety.fit import Examples
from training.safety.thresholds import (
    ASKED,
    REPLIED,
    Thresholds,
    thresholds,
    together,
    worth_of_a_listing,
)

_log = logging.getLogger("training.safety")

REPOSITORY = Path(__file__).parents[2]
TOLD = ("heldout", "heldout_2", "heldout_3", "heldout_4")
"""Sets that have told their truth, and are learned from since."""
BEYOND_LISTS = ("heldout_3", "heldout_4")
"""Those of them that the lists were not tuned on."""
LESSONS = REPOSITORY / "dialog" / "packs" / "starter"
SEED = 1
FOLDS = 3
BATCH = 64
LESSON_WEIGHT = 0.5
SHORTEST, LONGEST = 6, 120
"""Characters of a lesson's text that is taken for a sentence."""
JUDGES = {
    "asked": (
        HARMLESS, "self_harm", "hurt_by_others", "violence", "sexual", "drugs", "dangerous",
        "insult", "stranger", "jailbreak", "crime",
    ),
    "replied": ("fine", "unsafe", "grooming", "not_for_speech"),
}  # fmt: skip


def examples(judge: str, lines: Sequence[corpus.Line], features: Floats) -> Examples:
    """What a judge learns from, of lines and their features."""
    labels = JUDGES[judge]
    weights = np.array([line.weight for line in lines], np.float32)
    return Examples(
        [line.text for line in lines],
        features,
        np.array([labels.index(line.label) for line in lines]),
        weights / weights.mean(),
    )


def lines_of(judge: str, folder: Path = corpus.FOLDER, *, seed: int = SEED) -> list[corpus.Line]:
    """A judge's sentences in one spelling, without repetition: corpus, lessons, and the told sets.

    Each sentence of a set is an idea of its own; 20 of the lessons' are one.
    """
    lines = corpus.load(folder / judge, seed=seed)
    harmless = JUDGES[judge][0]
    idea = max(line.idea for line in lines)
    for part in TOLD:
        for case in safety_cases.shipped(part).cases:
            if case.replied is (judge == "replied"):
                idea += 1
                lines.append(corpus.Line(case.text, case.about or harmless, idea, 1.0, part))
    lines += [
        corpus.Line(text, harmless, idea + 1 + number // 20, LESSON_WEIGHT, "lessons")
        for number, text in enumerate(lesson_texts(LESSONS))
    ]
    plain = [replace(line, text=readings(line.text)[0]) for line in lines]
    # The last of several that are the same: a set's own line, that it may be judged with its set.
    return list({line.text: line for line in plain}.values())


def lesson_texts(folder: Path) -> list[str]:
    """Sentences of the starter lessons."""
    found: set[str] = set()
    for path in sorted(folder.glob("**/*.yaml")):
        found.update(_strings(yaml.safe_load(path.read_text("utf-8"))))
    return sorted(
        text
        for text in found
        if SHORTEST <= len(text) <= LONGEST and (" " in text or corpus.HAN.search(text))
    )


def cross_judged(
    judged: Examples, ideas: NDArray[np.int64], labels: int
) -> tuple[dict[str, Floats], Floats]:
    """A judge, whose members each have not seen a part of all ideas, and what they say of that.

    Returns:
        The judge's arrays, and evidence for each sentence by the member that had not seen its
        idea, (texts, labels).
    """
    fold = ideas % FOLDS
    found = np.zeros((len(judged.texts), labels), np.float32)
    members = []
    for held_out in range(FOLDS):
        _log.info("fold=%d of=%d", held_out, FOLDS)
        members.append(fit.member(judged.chosen(fold != held_out), labels, seed=SEED + held_out))
        which = np.flatnonzero(fold == held_out)
        found[which] = fit.evidence(fit.together(members[-1:]), judged, which)
    return fit.together(members), found


def report(judge: str, found: Floats, judged: Examples, at: Thresholds) -> None:
    """Log what the thresholds let through and stop in cross-validation."""
    labels = JUDGES[judge]
    near = found[:, 1:].argmax(axis=1) + 1
    sure = np.array([0.0, *(at.sure[label] for label in labels[1:])])[near]
    doubt = np.array([0.0, *(at.doubt[label] for label in labels[1:])])[near]
    evidence = together(found)
    for number, label in enumerate(labels):
        mine = judged.labels == number
        weights = judged.weights[mine]
        _log.info(
            "judge=%s label=%s n=%d stopped=%.3f stopped_or_doubted=%.3f",
            judge, label, mine.sum(), np.average((evidence >= sure)[mine], weights=weights),
            np.average((evidence >= doubt)[mine], weights=weights),
        )  # fmt: skip


def report_sets(judge: str, lines: Sequence[corpus.Line], found: Floats, judged: Judge) -> None:
    """Log what the told sets come to, weighed with lists, each by a member that had not seen it.

    Other sentences of the same author were seen: this flatters, a set that was not told does not.
    """
    for part in TOLD:
        stops: dict[bool, list[bool]] = {}
        for line, evidence in zip(lines, found, strict=True):
            if line.source == part:
                topic = topic_of(line.text)
                listed = topic and ("unsafe" if judge == "replied" else topic.value)
                harmless = line.label == JUDGES[judge][0]
                stops.setdefault(harmless, []).append(judged.decided(evidence, listed).stop)
        for harmless, stopped in sorted(stops.items()):
            _log.info(
                "judge=%s set=%s harmless=%s n=%d stopped=%.3f",
                judge, part, harmless, len(stopped), np.mean(stopped),
            )  # fmt: skip


def features_of(encoder: Encoder, texts: Sequence[str], kept: Path | None = None) -> Floats:
    """Features of each text, (texts, 3072); what was once made is read from a file."""
    known: dict[str, Floats] = {}
    if kept is not None and kept.is_file():
        with np.load(kept, allow_pickle=False) as file:
            known = dict(zip(file["texts"].tolist(), file["features"], strict=True))
    missing = [text for text in texts if text not in known]
    for begin in range(0, len(missing), BATCH):
        some = missing[begin : begin + BATCH]
        known |= zip(some, encoder.features(some).astype(np.float16), strict=True)
    if kept is not None:
        np.savez(kept, texts=np.array(list(known)), features=np.stack(list(known.values())))
    return np.stack([known[text] for text in texts]).astype(np.float32)


def judged_by(judge: str, lines: Sequence[corpus.Line], found: Floats) -> tuple[Thresholds, float]:
    """Thresholds, and what a listing is worth, from the evidence by members that had not seen it.

    For what a child says the sets' harmless sentences count alone: the corpus's own were written
    to be hard, whole ideas at a time, and would make the judge deaf. Replies have too few others.
    """
    told = np.array([line.source in TOLD for line in lines])
    counted = told if judge == "asked" else np.array([line.source != "lessons" for line in lines])
    labels = np.array([JUDGES[judge].index(line.label) for line in lines])
    weights = np.array([line.weight for line in lines], np.float32)
    beyond = [number for number, line in enumerate(lines) if line.source in BEYOND_LISTS]
    stopped = [topic_of(lines[number].text) is not None for number in beyond]
    worth = worth_of_a_listing(together(found)[beyond], np.array(stopped), labels[beyond] > 0)
    shares = REPLIED if judge == "replied" else ASKED
    at = thresholds(found[counted], labels[counted], weights[counted], JUDGES[judge], shares)
    return at, round(worth, 3)


def _strings(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield re.sub(r"\s*\n\s*", " ", value).strip()
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def main() -> None:
    """Make the model file."""
    parser = argparse.ArgumentParser(prog="python -m training.safety", description=__doc__)
    parser.add_argument("--work", type=Path, default=REPOSITORY / "build" / "safety")
    parser.add_argument(
        "--out", type=Path, default=REPOSITORY / "dialog" / "models" / "meaning.npz"
    )
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    chosen.work.mkdir(parents=True, exist_ok=True)
    lines = {judge: lines_of(judge) for judge in JUDGES}
    arrays = two_languages(line.text for several in lines.values() for line in several)
    pieces = Pieces(bytes(arrays["pieces"]).decode().split("\n"), arrays["scores"].tolist())
    encoder = Encoder(pieces, arrays)
    notes = {}
    for judge, labels in JUDGES.items():
        features = features_of(
            encoder, [line.text for line in lines[judge]], chosen.work / f"{judge}.npz"
        )
        judged = examples(judge, lines[judge], features)
        ideas = np.array([line.idea for line in lines[judge]])
        fitted, found = cross_judged(judged, ideas, len(labels))
        at, worth = judged_by(judge, lines[judge], found)
        report(judge, found, judged, at)
        notes[judge] = {"labels": labels, "sure": at.sure, "doubt": at.doubt, "listed": worth}
        weighed = Judge(fitted, labels, at.sure, at.doubt, worth)
        report_sets(judge, lines[judge], found, weighed)
        _log.info("judge=%s sentences=%d", judge, len(judged.texts))
        for name, array in fitted.items():
            arrays[f"{judge}.{name}"] = array.astype(np.float16)
    arrays["notes"] = np.frombuffer(json.dumps(notes).encode(), np.uint8)
    np.savez_compressed(chosen.out, **arrays)
    _log.info("written %s bytes=%d", chosen.out, chosen.out.stat().st_size)


if __name__ == "__main__":
    main()
