"""The recipe of the model of what words mean: its corpus and its thresholds."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from training.safety import corpus
from training.safety.corpus import Line, expand
from training.safety.thresholds import ASKED, thresholds, together, worth_of_a_listing

LABELS = ("harmless", "self_harm", "violence")


def made(template: str, seed: int = 1) -> list[str]:
    return expand(template, random.Random(seed), most=100)  # noqa: S311


def test_each_choice_is_made_and_choices_may_hold_choices() -> None:
    found = made("i {see|hear {a|the}} {cat|dog|cow}")
    assert {word for text in found for word in text.split()} == {
        "i", "see", "hear", "a", "the", "cat", "dog", "cow",
    }  # fmt: skip
    assert len(found) == len(set(found))
    assert made("just this") == ["just this"]


def test_the_same_seed_makes_the_same_sentences() -> None:
    first = corpus.load(corpus.FOLDER / "replied", seed=1)
    assert corpus.load(corpus.FOLDER / "replied", seed=1) == first
    assert corpus.load(corpus.FOLDER / "replied", seed=2) != first


def test_a_choice_that_is_not_closed_is_named() -> None:
    with pytest.raises(ValueError, match=r"not closed in: a \{b"):
        made("a {b|c")


def test_a_paragraph_is_one_idea_and_a_file_one_label(tmp_path: Path) -> None:
    (tmp_path / "insult_2.txt").write_text("# about\n\nyou fool\n你真笨\n\nyou cow\n", "utf-8")
    assert corpus.load(tmp_path, seed=1) == [
        Line("you fool", "insult", 1, 1.0),
        Line("你真笨", "insult", 1, 1.0),
        Line("you cow", "insult", 2, 1.0),
    ]


@pytest.mark.parametrize("judge", ["asked", "replied"])
def test_the_corpus_is_large_in_both_languages(judge: str) -> None:
    lines = corpus.load(corpus.FOLDER / judge, seed=1)
    for label in {line.label for line in lines}:
        for chinese in (False, True):
            count = sum(line.label == label and line.chinese is chinese for line in lines)
            assert count >= 40, (label, chinese, count)


def test_evidence_of_several_topics_adds_up() -> None:
    found = together(np.array([[0.0, 1.0, 1.0], [2.0, 5.0, -50.0]], np.float32))
    assert found == pytest.approx([1 + np.log(2), 3.0])


def test_thresholds_stop_and_doubt_the_shares_that_they_promise() -> None:
    chance = np.random.default_rng(1)
    count = 4000
    evidence = chance.normal(size=(count, 3)).astype(np.float32)
    wanted = np.zeros(count, np.int64)
    weights = chance.uniform(0.5, 1.5, count).astype(np.float32)
    at = thresholds(evidence, wanted, weights, LABELS, ASKED)
    near = evidence[:, 1:].argmax(axis=1)
    for limits, share in zip((at.sure, at.doubt), ASKED, strict=True):
        limit = np.array([limits[label] for label in LABELS[1:]])[near]
        exceeded = np.average(together(evidence) >= limit, weights=weights)
        assert exceeded == pytest.approx(share, abs=0.002)


def test_what_a_child_may_need_most_is_stopped_earliest() -> None:
    evidence = np.random.default_rng(1).normal(size=(500, 3)).astype(np.float32)
    at = thresholds(evidence, np.zeros(500, np.int64), np.ones(500, np.float32), LABELS, ASKED)
    assert at.sure["self_harm"] < at.sure["violence"]
    assert at.doubt["self_harm"] < at.sure["self_harm"]


def test_a_listing_is_worth_what_it_tells_beyond_the_evidence() -> None:
    chance = np.random.default_rng(1)
    harmful = chance.random(4000) < 0.5
    found = np.where(harmful, 1.0, -1.0) + chance.normal(size=4000)
    # Log odds of 2 for each unit of evidence, and of ln(0.6 / 0.1) for a listing.
    listed = chance.random(4000) < np.where(harmful, 0.6, 0.1)
    worth = worth_of_a_listing(found.astype(np.float32), listed, harmful)
    unlisted = np.log(0.4 / 0.9) / 2
    assert worth == pytest.approx(np.log(0.6 / 0.1) / 2 - unlisted, abs=0.2)
    blind = worth_of_a_listing(found.astype(np.float32), chance.random(4000) < 0.3, harmful)
    assert blind == pytest.approx(0, abs=0.2)
