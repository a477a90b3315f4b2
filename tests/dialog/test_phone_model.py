"""The acoustic model that ships with Myna."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from audio.ports import SAMPLE_RATE_HZ
from core.errors import ModelError
from dialog.lexicon import pronunciations
from dialog.phone_alignment import align, log_likelihood_ratio
from dialog.phone_model import PhoneModel
from dialog.phone_set import OUTPUTS, PHONES, SILENCE
from dialog.ports import Line
from dialog.voice_espeak import EspeakVoice


@pytest.fixture(scope="module")
def model() -> PhoneModel:
    return PhoneModel()


def said(text: str) -> np.ndarray:
    voice = EspeakVoice()
    spoken = np.concatenate([*voice.speak(Line(text, rate=0.9))])
    voice.close()
    return np.pad(spoken / np.float32(32768), SAMPLE_RATE_HZ // 4).astype(np.float32)


@pytest.mark.parametrize("length", [0, 1, 400, 16_000, 16_161])
def test_frames_have_their_shapes_at_any_length(model: PhoneModel, length: int) -> None:
    sound = np.random.default_rng(1).normal(0, 0.01, length).astype(np.float32)
    frames = model.frames(sound)
    count = max(1, 1 + (length - 400) // 160)
    assert frames.log_posteriors.shape == (count, OUTPUTS)
    assert frames.expert_score.shape == (count, len(PHONES))
    assert np.exp(frames.log_posteriors).sum(axis=1) == pytest.approx(1.0, abs=1e-4)
    assert np.exp(frames.log_priors).sum() == pytest.approx(1.0, abs=1e-3)


def test_silence_is_silence(model: PhoneModel) -> None:
    frames = model.frames(np.zeros(SAMPLE_RATE_HZ, np.float32))
    assert (frames.log_posteriors.argmax(axis=1) == SILENCE).mean() > 0.9


def test_a_sentence_is_found_in_time_and_fits_better_than_another(model: PhoneModel) -> None:
    sound = said("good morning")
    frames = model.frames(sound)
    right = [pronunciations("good"), pronunciations("morning")]
    spans = align(frames, right)
    assert [span.phone for span in spans][:3] == ["G", "UH", "D"]
    assert {span.word_index for span in spans} == {0, 1}
    assert all(a.end_frame <= b.start_frame for a, b in itertools.pairwise(spans))
    # A quarter of a second of silence before, and one behind.
    assert 15 <= spans[0].start_frame <= 40
    assert spans[-1].end_frame >= len(frames.log_posteriors) - 45
    wrong = [pronunciations("seven"), pronunciations("apples")]
    assert log_likelihood_ratio(frames, right) > log_likelihood_ratio(frames, wrong) + 0.5


def test_a_missing_or_broken_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is missing or broken; install Myna again"):
        PhoneModel(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match="is missing or broken"):
        PhoneModel(tmp_path / "bad.onnx")
