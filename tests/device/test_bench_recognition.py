"""What the bench of recognition asks, and what it makes of good, deaf and gullible recognisers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from audio.ports import Samples
from core.errors import ModelError
from device.bench import recognition
from device.bench.recogniser_process import Cost
from device.bench.recognition import _asked_of_ears, _lesson, _out_of_fold, _slips, _told_apart
from device.bench.recognition_trials import (
    CHOICES,
    Ask,
    Guess,
    Said,
    Words,
    choice,
    equal_error,
    one_replaced,
    other_sentence,
    word_errors,
)
from device.cli import main
from dialog import matching
from dialog.ports import Hints, Recognition
from tests.dialog.test_answers import frames_of

ANIMALS = [
    *("cat", "dog", "bird", "fish", "horse", "cow", "duck", "sheep", "goat", "pig", "bear"),
    *("lion", "frog", "bee", "ant", "owl", "fox", "cub", "hen", "yak", "emu", "elk"),
]
NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
SENTENCES: list[Words] = [(word, "number", index) for index in NUMBERS for word in ANIMALS]
VOCABULARY = sorted({word for words in SENTENCES for word in words})
SAID = [
    Said(f"u{n}", f"s{n}", words, np.zeros(1600, np.int16))
    for n, words in enumerate(SENTENCES[:30])
]


def perfect(said: Said, candidates: Sequence[Words]) -> Guess:
    if said.words in candidates:
        return Guess(list(candidates).index(said.words), whole=True, confidence=0.9)
    return Guess(None, whole=False, confidence=0.1)


def deaf(said: Said, candidates: Sequence[Words]) -> Guess:
    return Guess(None, whole=False, confidence=0.0)


def gullible(said: Said, candidates: Sequence[Words]) -> Guess:
    return Guess(0, whole=True, confidence=0.9)


def of(ask: Ask) -> dict[str, float | None]:
    metrics = [
        *_told_apart("all", ask, SAID, SENTENCES, VOCABULARY),
        *_lesson("all", ask, SAID, SENTENCES),
    ]
    assert {metric.n for metric in metrics} == {len(SAID)}
    return {metric.metric.removeprefix("all."): metric.value for metric in metrics}


def test_a_perfect_recogniser_a_deaf_and_a_gullible_one() -> None:
    good, none, every = of(perfect), of(deaf), of(gullible)
    assert (good["right_of_21"], none["right_of_21"]) == (1.0, 0.0)
    assert (good["room.right_of_21"], none["room.right_of_21"]) == (1.0, 0.0)
    assert (good["equal_error"], good["equal_error_one_word"]) == (0.0, 0.0)
    assert (good["right_accepted"], good["other_accepted"]) == (1.0, 0.0)
    assert (none["right_accepted"], none["other_accepted"]) == (0.0, 0.0)
    assert (every["right_accepted"], every["other_accepted"]) == (1.0, 1.0)
    assert every["equal_error"] == pytest.approx(0.5)
    assert (good["word_errors_of_200"], none["word_errors_of_200"]) == (0.0, 1.0)
    assert every["right_of_21"] is not None
    assert every["right_of_21"] < 0.2


def test_what_is_asked_about_an_utterance() -> None:
    for said in SAID:
        candidates, place = choice(said, SENTENCES)
        assert (len(candidates), candidates[place]) == (CHOICES, said.words)
        assert candidates.count(said.words) == 1
        assert choice(said, SENTENCES) == (candidates, place)
        assert other_sentence(said, SENTENCES) != said.words
        slipped = one_replaced(said, VOCABULARY)
        changed = [pair for pair in zip(said.words, slipped, strict=True) if pair[0] != pair[1]]
        assert len(changed) == 1
        assert matching.word_likeness(*changed[0]) == 0.0


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a c", 1),
        ("a b c", "a x c", 1),
        ("a b", "a b b a", 2),
        ("a b", "", 2),
    ],
)
def test_words_missing_added_and_replaced_are_counted(said: str, heard: str, errors: int) -> None:
    assert word_errors(tuple(said.split()), tuple(heard.split())) == errors


def test_the_equal_error_is_where_both_errors_meet() -> None:
    assert equal_error([0.9, 0.8], [0.1, 0.2]) == 0.0
    assert equal_error([0.9, 0.8, 0.7, 0.1], [0.6, 0.1, 0.1, 0.0]) == pytest.approx(0.25)


def test_every_speaker_is_heard_by_ears_that_never_heard_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []

    class Ears:
        def __init__(self, path: Path) -> None:
            self.name = path.stem

        def frames(self, samples: object) -> str:
            asked.append(self.name)
            return self.name

    monkeypatch.setattr(recognition, "SpeechEars", Ears)
    monkeypatch.setattr(recognition, "best_answer", lambda frames, candidates: None)
    monkeypatch.setenv(recognition.FOLDS_VARIABLE, str(tmp_path))
    with pytest.raises(ModelError, match="scripts/train"):
        _out_of_fold()
    (tmp_path / "folds.json").write_text('{"s0": 1, "s1": 0, "s2": 3}', encoding="utf-8")
    hear = _out_of_fold()
    for said in SAID[:3]:
        assert _asked_of_ears(hear, said, [said.words]) == Guess(None, whole=False, confidence=0.0)
    assert asked == ["ears1", "ears0", "ears3"]


class Deaf:
    """A recogniser that hears nothing."""

    name = "pocketsphinx"

    def recognize(self, samples: Samples, hints: Hints) -> Recognition:
        return Recognition("", None, 0.0, complete=False)

    def close(self) -> None: ...


def test_without_a_corpus_synthetic_voices_are_told_apart(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recognition, "HELD_OUT_VOICES", recognition.HELD_OUT_VOICES[:1])
    monkeypatch.setattr(recognition, "PocketSphinxRecognizer", Deaf)
    cost = Cost((10.0,), 0.03, 5.0, 1, 110.0, 120.0, 130.0)
    monkeypatch.setattr(recognition, "measured", lambda *_args, **_named: cost)
    assert main(["bench", "recognition", "--json"]) == 0
    found = {m["metric"]: m["value"] for m in json.loads(capsys.readouterr().out)}
    assert found["synthetic.vosk.right_of_21"] >= 0.95
    assert found["synthetic.vosk.other_accepted"] <= 0.05
    assert found["synthetic.pocketsphinx.right_of_21"] == 0.0
    assert found["vosk.real_time_factor"] == cost.real_time_factor
    assert found["vosk.memory"] == 110.0


def test_a_word_that_went_wrong_counts_where_it_is_named_rightly() -> None:
    long = ["we want to see a black horse", "my brother has a small duck"]
    said = [Said(text, "s0", matching.words(text), np.zeros(1600, np.int16)) for text in long]
    words = sorted({word for each in said for word in each.words})
    found = {
        each.metric: (each.value, each.n)
        for each in _slips("children", lambda each: frames_of(" ".join(each.words)), said, words)
    }
    assert found == {
        "children.slip.missing.named": (1.0, 2),
        "children.slip.replaced.named": (1.0, 2),
        "children.slip.added.named": (1.0, 2),
        "children.slip.none.named": (0.0, 2),
    }
    nothing = _slips("children", lambda _each: frames_of("good morning"), said, words)
    assert [each.value for each in nothing] == [0.0, 0.0, 0.0, 0.0]
