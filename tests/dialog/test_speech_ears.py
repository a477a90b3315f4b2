"""The ears that ship with Myna, for whole utterances."""

from __future__ import annotations

import itertools
import subprocess
import sys
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
from dialog.speech_ears import MODEL_PATH, SpeechEars, every_10_ms, shared
from dialog.voice_espeak import EspeakVoice


@pytest.fixture(scope="module")
def ears() -> SpeechEars:
    return shared()


def said(text: str) -> np.ndarray:
    voice = EspeakVoice()
    spoken = np.concatenate([*voice.speak(Line(text, rate=0.9))])
    voice.close()
    return np.pad(spoken / np.float32(32768), SAMPLE_RATE_HZ // 4).astype(np.float32)


@pytest.mark.parametrize("length", [0, 1, 400, 1_599, 16_000, 16_161])
def test_frames_are_counted_as_the_other_model_counts_them(ears: SpeechEars, length: int) -> None:
    sound = np.random.default_rng(1).normal(0, 0.01, length).astype(np.float32)
    frames = ears.frames(sound)
    count = max(1, 1 + (length - 400) // 160)
    assert frames.log_posteriors.shape == (count, OUTPUTS)
    assert frames.expert_score.shape == (count, len(PHONES))
    assert frames.log_posteriors.shape == PhoneModel().frames(sound).log_posteriors.shape
    assert np.exp(frames.log_posteriors).sum(axis=1) == pytest.approx(1.0, abs=1e-4)
    assert np.exp(frames.log_priors).sum() == pytest.approx(1.0, abs=1e-3)


def test_silence_is_silence(ears: SpeechEars) -> None:
    frames = ears.frames(np.zeros(SAMPLE_RATE_HZ, np.float32))
    assert (frames.log_posteriors.argmax(axis=1) == SILENCE).mean() > 0.9


def test_a_sentence_is_found_in_time_and_fits_better_than_another(ears: SpeechEars) -> None:
    sound = said("good morning")
    frames = ears.frames(sound)
    right = [pronunciations("good"), pronunciations("morning")]
    spans = align(frames, right)
    assert [span.phone for span in spans][:3] == ["G", "UH", "D"]
    assert all(a.end_frame <= b.start_frame for a, b in itertools.pairwise(spans))
    # A quarter of a second of silence before, and one behind.
    assert 15 <= spans[0].start_frame <= 40
    assert spans[-1].end_frame >= len(frames.log_posteriors) - 50
    wrong = [pronunciations("seven"), pronunciations("apples")]
    assert log_likelihood_ratio(frames, right) > log_likelihood_ratio(frames, wrong) + 0.5


@pytest.mark.parametrize("gain", [0.02, 5.0])
def test_how_loud_it_is_hardly_matters(ears: SpeechEars, gain: float) -> None:
    sound = said("open the door")
    plain = ears.frames(sound).log_posteriors.argmax(axis=1)
    changed = ears.frames(np.clip(sound * gain, -1.0, 1.0)).log_posteriors.argmax(axis=1)
    assert (plain == changed).mean() > 0.8


def test_the_same_sound_is_heard_once(ears: SpeechEars) -> None:
    sound = said("hello")
    assert ears.frames(sound) is ears.frames(sound.copy())
    assert ears.frames(sound) is not ears.frames(sound[:-1])


def test_rows_are_read_between_their_middles() -> None:
    # Row n lies at 447 + 384 n samples, window t at 200 + 160 t.
    rows = np.arange(5, dtype=np.float32)[:, None]
    read = every_10_ms(rows, 14)[:, 0]
    assert read[0] == 0.0
    assert read[3] == pytest.approx((200 + 3 * 160 - 447) / 384)
    assert read[13] == 4.0


def test_all_that_hears_and_scores_stays_below_20_mb() -> None:
    """The model of meaning belongs to the safety rules."""
    files = [path for path in MODEL_PATH.parent.rglob("*") if path.is_file()]
    hearing = [path for path in files if path.name != "meaning.npz"]
    assert {"ears.onnx", "scorer.onnx", "final.mdl", "HCLr.fst"} <= {p.name for p in hearing}
    assert sum(path.stat().st_size for path in hearing) < 20_000_000


def test_a_missing_or_broken_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is missing or broken; install Myna again"):
        SpeechEars(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match="is missing or broken"):
        SpeechEars(tmp_path / "bad.onnx")


GROWTH = """
from pathlib import Path
import numpy as np
from dialog.speech_ears import shared

def resident_kb():
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0])

ears = shared()
noise = np.random.default_rng(1).normal(0, 0.01, 32_000).astype(np.float32)
for length in range(16_000, 32_000, 160):
    ears.frames(noise[:length])
    if length == 20_000:
        before_kb = resident_kb()
print(resident_kb() - before_kb)
"""


def test_every_new_length_of_utterance_costs_no_memory_for_ever() -> None:
    grown = subprocess.run(
        [sys.executable, "-c", GROWTH], capture_output=True, text=True, check=True
    )
    assert int(grown.stdout) < 5_000  # kB; with its plans for each length kept, 12,000
