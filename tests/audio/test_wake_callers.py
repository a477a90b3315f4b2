"""Whose voices teach a head its phrase, and where a phrase ends in a breath that goes on."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("soxr")

import soxr

from audio.ports import Samples
from dialog.phone_graph import likelihoods
from dialog.phone_set import PHONES
from dialog.speech_ears import SpeechEars
from dialog.wake.confirm import best_path
from dialog.wake.phrase import phrase
from tests.audio.speech import espeak
from training import neural
from training.wake import call_windows, callers, piper_voices, tongues

RATE_HZ = 16_000
MYNA = "[[m'aIn@]]"


def test_a_text_becomes_phones_whatever_stands_in_it() -> None:
    phones = neural.phones_of(f"hello, {MYNA}. what is that", "en-us")
    assert "həlˈoʊ, mˈaɪnə" in phones
    assert "\n" not in phones
    assert not phones.endswith((",", " "))


def test_another_accent_has_other_phones() -> None:
    assert neural.phones_of("hello", "en-gb") != neural.phones_of("hello", "en-us")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The synthesisers asked, one after the other."""
    asked: list[str] = []
    sound = np.sin(np.arange(20_000) / 9.0).astype(np.float32)

    def say(self: object, text: str, rng: np.random.Generator) -> np.ndarray:
        asked.append("neural")
        return sound

    def piper(text: str, rng: np.random.Generator) -> tuple[np.ndarray, int]:
        asked.append("piper")
        return sound, 22_050

    def tongue(text: str, rng: np.random.Generator) -> tuple[np.ndarray, int]:
        asked.append("tongue")
        return sound, RATE_HZ

    def others(command: list[str], tract: float) -> np.ndarray:
        asked.append(command[0])
        return sound

    def festival(text: str, voice: callers.Voice, scratch: Path) -> np.ndarray:
        asked.append(voice.engine)
        return sound

    monkeypatch.setattr(neural, "neural_voice", lambda: SimpleNamespace(say=say.__get__(0)))
    monkeypatch.setattr(piper_voices, "say", piper)
    monkeypatch.setattr(tongues, "say", tongue)
    monkeypatch.setattr(callers, "_said", others)
    monkeypatch.setattr(callers, "speak", festival)
    return asked


@pytest.mark.parametrize("installed", [True, False])
def test_every_make_of_voice_that_is_installed_speaks(
    drawn: list[str], monkeypatch: pytest.MonkeyPatch, *, installed: bool
) -> None:
    monkeypatch.setattr(neural, "installed", lambda: installed)
    monkeypatch.setattr(piper_voices, "installed", lambda: (Path("en_US-joe.onnx"),) * installed)
    monkeypatch.setattr(callers, "festival_voices", lambda: callers.FESTIVAL * installed)
    theirs = (("czech_dita", tongues.TONGUES[0]),) * installed
    monkeypatch.setattr(tongues, "installed", lambda: theirs)
    rng = np.random.default_rng(2)
    for _ in range(400):
        assert callers.synthetic("hello myna", rng, slurred=True).size > 8_000
    share = {name: drawn.count(name) / 400 for name in set(drawn)}
    always, sometimes = {"flite", "espeak-ng"}, {"neural", "piper", "festival", "tongue"}
    assert set(share) == (always | sometimes if installed else always)
    assert share.get("tongue", 0.0) == pytest.approx(callers.TONGUES_SHARE * installed, abs=0.06)
    assert share["flite"] == pytest.approx(callers.FLITE_SHARE, abs=0.05)
    assert share.get("neural", 0.0) == pytest.approx(callers.NEURAL_SHARE * installed, abs=0.07)


@pytest.mark.parametrize("at", range(3))
def test_every_phone_has_letters_that_festival_can_read(at: int) -> None:
    tongue = tongues.TONGUES[at]
    assert set(tongue.letters) == set(PHONES)
    for letters in tongue.letters.values():
        assert letters.encode(tongue.encoding).decode(tongue.encoding) == letters


def test_a_text_is_spelled_by_its_phones() -> None:
    czech, finnish, catalan = tongues.TONGUES
    rng = np.random.default_rng(1)
    assert {tongues.spelled("hello myna", czech, rng) for _ in range(20)} == {
        "halou majna",
        "helou majna",
    }
    assert tongues.spelled("three cheese", finnish, rng) == "trii tsiis"
    assert tongues.spelled("hello shy", catalan, rng).endswith("lou xai")
    assert tongues.spelled("hello 7", czech, rng) == ""


def test_where_a_text_cannot_be_spelled_another_voice_says_it(
    drawn: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "_make", lambda rng, share: "tongue")
    monkeypatch.setattr(tongues, "say", lambda text, rng: None)
    callers.synthetic("hello 7", np.random.default_rng(1))
    assert drawn == ["espeak-ng"]


@pytest.mark.skipif(not tongues.installed(), reason="no festival voice of another language")
def test_another_language_s_voice_says_the_phrase(ears: SpeechEars) -> None:
    made = tongues.say("hello myna", np.random.default_rng(3))
    assert made is not None
    sound, rate_hz = made
    (path,) = best_path(
        likelihoods(ears.frames(soxr.resample(sound, rate_hz, RATE_HZ))), [phrase("hello myna")]
    )
    assert path is not None
    assert path.ratio / path.frames > -0.6


def test_piper_speaks_by_its_english_voices_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {name: Path(f"{name}.onnx") for name in ("zh_CN-huayan-medium", "en_GB-alba-medium")}
    monkeypatch.setattr(piper_voices, "speech_models", lambda: SimpleNamespace(voices=found))
    monkeypatch.setattr(piper_voices.importlib.util, "find_spec", lambda _: object())
    piper_voices.installed.cache_clear()
    try:
        assert piper_voices.installed() == (found["en_GB-alba-medium"],)
    finally:
        piper_voices.installed.cache_clear()


@pytest.fixture(scope="module")
def ears() -> SpeechEars:
    return SpeechEars()


def as_floats(samples: Samples) -> np.ndarray:
    return (samples / np.float32(32768.0)).astype(np.float32)


@pytest.mark.parametrize("after", ["can you help me", "i like the red one"])
def test_the_end_of_a_phrase_is_found_in_a_breath_that_goes_on(
    ears: SpeechEars, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    monkeypatch.setattr(call_windows, "_ears", ears, raising=False)
    alone = as_floats(espeak(f"hello {MYNA}", "-v", "en-us+f3", "-s", "140"))
    spoken = np.flatnonzero(np.abs(alone) > 0.02)[-1]
    whole = as_floats(espeak(f"hello {MYNA} {after}", "-v", "en-us+f3", "-s", "140"))
    end = call_windows.said_until("hello myna", whole)
    assert end is not None
    assert abs(end - spoken) < 0.2 * RATE_HZ


def test_no_end_is_found_where_the_phrase_is_not(
    ears: SpeechEars, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_windows, "_ears", ears, raising=False)
    other = as_floats(espeak("the big dog sleeps in the garden", "-v", "en-us+f3"))
    assert call_windows.said_until("hello myna", other) is None
