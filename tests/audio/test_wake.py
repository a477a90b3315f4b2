"""The wake phrase by the real detector, on speech made for the test."""

from __future__ import annotations

import json

import numpy as np
import pytest

from audio.files import write_wav
from audio.ports import FRAME_SAMPLES, Samples, WakeHit
from audio.wake_openwakeword import HEAD_EMBEDDINGS, OpenWakeWord, SharedFeatures
from core.errors import ModelError
from device.cli import main
from tests.audio.speech import espeak, pink_noise, silence


@pytest.fixture(scope="module")
def features() -> SharedFeatures:
    return SharedFeatures()


@pytest.fixture
def wake(features: SharedFeatures) -> OpenWakeWord:
    return OpenWakeWord("hey jarvis", threshold=0.5, features=features)


def hits(wake: OpenWakeWord, sound: Samples) -> list[WakeHit]:
    frames = sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return [hit for frame in frames if (hit := wake.process(frame)) is not None]


@pytest.mark.parametrize("voice", ["en-us", "en-gb", "en-us+f3", "en-us+f5", "en-us+m3"])
def test_the_phrase_is_heard_once_near_its_end(wake: OpenWakeWord, voice: str) -> None:
    phrase = espeak("hey jarvis", "-v", voice, "-s", "150")
    (hit,) = hits(wake, np.concatenate([silence(2.0), phrase, silence(1.0)]))
    assert hit.phrase == "hey jarvis"
    assert hit.score >= 0.5
    assert 2.0 + len(phrase) / 16_000 - 0.3 < hit.at_s < 2.0 + len(phrase) / 16_000 + 0.4


def test_it_is_heard_again_after_a_pause(wake: OpenWakeWord) -> None:
    phrase = espeak("hey jarvis", "-v", "en-us")
    once = np.concatenate([silence(1.5), phrase, silence(1.0)])
    assert len(hits(wake, np.concatenate([once, once]))) == 2


def test_other_speech_and_noise_are_not_the_phrase(wake: OpenWakeWord) -> None:
    other = espeak("The elephant eats a banana. Hey, where is my green umbrella?", "-v", "en-us+f3")
    assert hits(wake, np.concatenate([pink_noise(2.0, -30), other, silence(1.0)])) == []


def test_silence_costs_no_embedding_and_the_catching_up_no_score(
    features: SharedFeatures, wake: OpenWakeWord
) -> None:
    before = wake.embeddings
    assert hits(wake, silence(10.0)) == []
    assert wake.embeddings == before
    phrase = np.concatenate([espeak("hey jarvis", "-v", "en-gb"), silence(1.0)])
    (gated,) = hits(wake, phrase)
    assert wake.embeddings - before >= HEAD_EMBEDDINGS
    ungated = OpenWakeWord("hey jarvis", threshold=0.5, features=features)
    ungated._gate = lambda frame: setattr(ungated, "_hang", 10)  # type: ignore[method-assign]
    (reference,) = hits(ungated, np.concatenate([silence(10.0), phrase]))
    assert (gated.score, gated.at_s) == (reference.score, reference.at_s)


def test_an_unknown_phrase_names_the_known_ones(features: SharedFeatures) -> None:
    with pytest.raises(ModelError, match="hey jarvis"):
        OpenWakeWord("hello nobody", threshold=0.5, features=features)


def test_the_command_prints_a_line_per_file(tmp_path, capsys) -> None:  # noqa: ANN001
    woken, other = tmp_path / "woken.wav", tmp_path / "other.wav"
    write_wav(woken, np.concatenate([silence(1.0), espeak("hey jarvis", "-v", "en-us")]))
    write_wav(other, silence(1.0))
    missing = tmp_path / "missing.wav"
    assert main(["wake", str(woken), str(other), str(missing), "--json"]) == 1
    captured = capsys.readouterr()
    first, second = [json.loads(line) for line in captured.out.splitlines()]
    assert first["file"] == str(woken)
    assert [hit["phrase"] for hit in first["hits"]] == ["hey jarvis"]
    assert set(first["hits"][0]) == {"phrase", "at_s", "score"}
    assert second == {"file": str(other), "hits": []}
    assert captured.err.count("\n") == 1
    assert "missing.wav" in captured.err
