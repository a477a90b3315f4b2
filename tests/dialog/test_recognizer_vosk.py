"""What the Vosk adapter asks of the library and makes of its answers.

The library is played by a script here, since a model is no part of the checkout; with one
installed, `test_recognizers.py` holds the real library to the contract.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from dialog.answers import Answer, WordFit
from dialog.ports import Hints, Recognition
from dialog.recognizer_vosk import FOR_FETCHING, OWN_MODEL, OWN_SIGN, VoskRecognizer, _package

Words = list[tuple[str, float]]


class Script:
    """Answers of a Vosk recogniser: one list of words per inner pause, and the final one."""

    def __init__(self, *results: Words) -> None:
        self.results = list(results)
        self.grammar: list[str] | None = None
        self.received = 0
        self.rate_hz = 0

    def make(self, _model: object, rate_hz: int, grammar: str | None = None) -> Script:
        self.rate_hz = rate_hz
        self.grammar = None if grammar is None else json.loads(grammar)
        return self

    def SetWords(self, enable: bool) -> None:  # noqa: N802 - as the library names it
        assert enable

    def AcceptWaveform(self, data: bytes) -> bool:  # noqa: N802
        self.received += len(data) // 2
        return len(self.results) > 1

    def Result(self) -> str:  # noqa: N802
        return self._told(self.results.pop(0))

    def FinalResult(self) -> str:  # noqa: N802
        return self._told(self.results.pop(0))

    @staticmethod
    def _told(words: Words) -> str:
        if not words:
            return json.dumps({"text": ""})
        return json.dumps({"result": [{"word": word, "conf": sure} for word, sure in words]})


def hear(
    monkeypatch: pytest.MonkeyPatch, folder: Path, hints: Hints, *results: Words
) -> tuple[Recognition, Script]:
    script = Script(*results)
    library: Any = SimpleNamespace(
        SetLogLevel=lambda _level: None, Model=lambda _path: object(), KaldiRecognizer=script.make
    )
    monkeypatch.setitem(sys.modules, "vosk", library)
    recogniser = VoskRecognizer(folder)
    with_a_pause = np.pad(np.full(12_001, 100, np.int16), (4_000, 0))
    return recogniser.recognize(with_a_pause, hints), script


HINTS = Hints(("It's a cat", "It's a dog", ""))


def test_the_grammar_holds_the_answers_in_plain_words_and_the_unknown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    heard, script = hear(
        monkeypatch, tmp_path, HINTS, [("it", 1.0), ("is", 1.0), ("a", 0.6), ("dog", 1.0)]
    )
    assert script.grammar == ["it is a cat", "it is a dog", "[unk]"]
    assert (script.rate_hz, script.received) == (16_000, 16_001)
    assert heard == Recognition("it is a dog", 1, pytest.approx(0.9), complete=True)


def test_results_at_inner_pauses_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    heard, _ = hear(
        monkeypatch, tmp_path, HINTS, [("it", 1.0), ("is", 1.0)], [], [("a", 1.0), ("cat", 1.0)]
    )
    assert heard == Recognition("it is a cat", 0, 1.0, complete=True)


def test_unknown_speech_counts_against_an_answer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    heard, _ = hear(monkeypatch, tmp_path, Hints(("stop",)), [("stop", 1.0), ("[unk]", 1.0)])
    assert (heard.text, heard.matched, heard.complete) == ("stop", None, False)
    heard, _ = hear(monkeypatch, tmp_path, Hints(("stop",)), [("[unk]", 1.0)])
    assert heard == Recognition("", None, 0.0, complete=False)


def test_open_speech_has_no_grammar(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    heard, script = hear(monkeypatch, tmp_path, Hints(), [("hello", 0.8), ("there", 0.6)])
    assert script.grammar is None
    assert heard == Recognition("hello there", None, pytest.approx(0.7), complete=False)
    heard, _ = hear(monkeypatch, tmp_path, Hints(), [])
    assert heard == Recognition("", None, 0.0, complete=False)


class _NoPhones:
    """Ears whose frames nobody looks at."""

    def frames(self, _samples: object) -> None:
        return None


@pytest.mark.parametrize(
    ("sure", "asked"), [(0.3, True), (0.59, True), (0.61, False), (0.1, False)]
)
def test_vosk_is_asked_only_where_the_acoustic_model_is_in_doubt(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sure: float, asked: bool
) -> None:
    (tmp_path / OWN_SIGN).parent.mkdir()
    (tmp_path / OWN_SIGN).write_text(json.dumps({"typical_bands": [0.0]}), encoding="utf-8")
    monkeypatch.setattr("dialog.recognizer_vosk.shared_in_noise", _NoPhones)
    monkeypatch.setattr(
        "dialog.answers.best_answer",
        lambda _frames, _candidates, **_: Answer(
            0, (WordFit("stop", 0.0, 1.0, 0, 1),), True, 0.0, sure
        ),
    )
    _, script = hear(monkeypatch, tmp_path, Hints(("stop", "go")), [("stop", 1.0)])
    assert (script.received > 0) is asked


@pytest.mark.parametrize(
    ("heard_so", "unfinished"),
    [
        ((False, 0.9, 0.0), 0.9),  # a clear beginning
        ((False, 0.55, 0.0), 0.55),  # Vosk, who knows whole answers, does not make it less
        ((False, 0.1, 0.95), 0.95),  # a beginning and "um"
        ((True, 0.2, 0.8), 0.8),  # taken for the whole, and badly
        ((True, 0.9, 0.8), 0.0),  # the whole
        ((False, 0.1, 0.05), 0.05),  # something else
    ],
)
def test_how_sure_it_is_that_more_must_come(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    heard_so: tuple[bool, float, float],
    unfinished: float,
) -> None:
    """First whether the whole fits best and how well, then how well a beginning and a filler."""
    whole, sure, trailing_off = heard_so
    (tmp_path / OWN_SIGN).parent.mkdir()
    (tmp_path / OWN_SIGN).write_text(json.dumps({"typical_bands": [0.0]}), encoding="utf-8")
    monkeypatch.setattr("dialog.recognizer_vosk.shared_in_noise", _NoPhones)
    monkeypatch.setattr("dialog.recognizer_vosk.slip_in", lambda _frames, _words: None)
    word = WordFit("red", 0.0, 1.0, 0, 1)

    def best(_frames: object, _candidates: object, **how: object) -> Answer:
        if how.get("trailing_off"):
            return Answer(0, (word,), False, 0.0, trailing_off)
        return Answer(0, (word,), whole, 0.0, sure)

    monkeypatch.setattr("dialog.answers.best_answer", best)
    hints = Hints(("red apple", "blue"), scored=2)
    heard, _ = hear(monkeypatch, tmp_path, hints, [("[unk]", 1.0)])
    assert heard.unfinished == unfinished


PACKAGE = """
import srt
import requests
from urllib.request import urlretrieve
from tqdm import tqdm
import sys
IMPORTED_WITH = sys.modules["requests"]
"""


@pytest.mark.parametrize("there", [False, True])
def test_what_vosk_would_fetch_models_with_is_not_loaded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, there: bool
) -> None:
    (tmp_path / "vosk.py").write_text(PACKAGE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("vosk", *FOR_FETCHING):
        monkeypatch.setitem(sys.modules, name, None)  # so that what was there comes back
        del sys.modules[name]
    web = ModuleType("requests")
    if there:
        monkeypatch.setitem(sys.modules, "requests", web)
    package = _package()
    assert (package.IMPORTED_WITH is web) is there
    assert [name for name in FOR_FETCHING if name in sys.modules] == ["requests"] * there


def test_a_name_that_vosk_does_not_know_stays_out_of_the_journal(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    model = tmp_path / "model"
    shutil.copytree(OWN_MODEL, model)
    (model / OWN_SIGN).unlink()  # so that Vosk alone is asked
    recogniser = VoskRecognizer(model)
    noise = np.random.default_rng(1).integers(-3_000, 3_000, 16_000).astype(np.int16)
    recogniser.recognize(noise, Hints(("my name is xzqy",)))
    recogniser.close()
    assert "xzqy" not in "".join(capfd.readouterr())
