"""The wake phrase by the real detectors, on speech made for the test: one suite for all engines."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from audio.files import write_wav
from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples, WakeHit, WakeWord
from audio.settings import WakeSettings
from audio.wake_gate import LevelGate
from audio.wake_heads import HEAD_EMBEDDINGS, OnnxHead, ReadyHead, ready_phrases
from audio.wake_livekit import LivekitFeatures
from audio.wake_openwakeword import (
    CHUNK_FRAMES,
    OVERLAP_SAMPLES,
    Features,
    OpenWakeWord,
    SharedFeatures,
)
from core.errors import ModelError
from device.cli import main
from device.wake_words import SUGGESTED, choices, wake_words, whole_wake_word
from dialog.wake.detector import LEAD_FRAMES, PhoneWakeWord, WakeModels
from dialog.wake.phrase import phrase as states_of
from tests.audio.speech import espeak, pink_noise, silence

VOICES = ["en-us", "en-gb", "en-us+f3", "en-us+f5", "en-us+m3"]
ANY_HEAD = Path(__file__).parent / "any_head.onnx"
"""Weights drawn by chance (normal, 0.004) over 16 embeddings, then a sigmoid: it hears nothing."""
WINDOW_SAMPLES = (76 + 15 * 8) * FRAME_SAMPLES + OVERLAP_SAMPLES
"""What 16 embeddings are made of: 196 rows of the spectrogram, 10 ms apart."""
HELLO_MYNA = "[[h@l'oU m'aIn@]]"


@dataclass(frozen=True)
class Engine:
    """An engine with a phrase of its, as espeak-ng says it."""

    phrase: str
    spelling: str
    make: Callable[[float], WakeWord]
    work: Callable[[WakeWord], int]
    """How much a detector has computed."""

    def said(self, voice: str, *options: str) -> Samples:
        return espeak(self.spelling, "-v", voice, *options)


FEATURES: dict[type[Features], Features] = {}
MODELS: list[WakeModels] = []


def ready_made(threshold: float, kind: type[Features] = SharedFeatures) -> OpenWakeWord:
    head = ReadyHead("hey jarvis")
    return OpenWakeWord("hey jarvis", head, threshold=threshold, features=features(kind))


def livekit(threshold: float) -> OpenWakeWord:
    return ready_made(threshold, LivekitFeatures)


def features(kind: type[Features]) -> Features:
    if kind not in FEATURES:
        FEATURES[kind] = kind()
    return FEATURES[kind]


def own(threshold: float) -> PhoneWakeWord:
    if not MODELS:
        MODELS.append(WakeModels.load())
    return PhoneWakeWord("hello myna", threshold=threshold, gate=LevelGate(), models=MODELS[0])


ENGINES = {
    "openwakeword": Engine(
        "hey jarvis", "hey jarvis", ready_made, lambda wake: wake.embeddings  # type: ignore[attr-defined]
    ),
    "livekit": Engine(
        "hey jarvis", "hey jarvis", livekit, lambda wake: wake.embeddings  # type: ignore[attr-defined]
    ),
    "phones": Engine(
        "hello myna", HELLO_MYNA, own, lambda wake: wake.chunks  # type: ignore[attr-defined]
    ),
}  # fmt: skip


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    return ENGINES[request.param]


@pytest.fixture
def wake(engine: Engine) -> WakeWord:
    return engine.make(0.5)


def hits(wake: WakeWord, sounds: Samples | Sequence[Samples]) -> list[WakeHit]:
    sound = sounds if isinstance(sounds, np.ndarray) else np.concatenate(sounds)
    frames = sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return [hit for frame in frames if (hit := wake.process(frame)) is not None]


@pytest.mark.parametrize("voice", VOICES)
def test_the_phrase_is_heard_once_near_its_end(engine: Engine, wake: WakeWord, voice: str) -> None:
    phrase = engine.said(voice, "-s", "150")
    (hit,) = hits(wake, [silence(2.0), phrase, silence(1.0)])
    assert hit.phrase == engine.phrase
    assert hit.score >= 0.5
    assert 2.0 + len(phrase) / 16_000 - 0.3 < hit.at_s < 2.0 + len(phrase) / 16_000 + 0.6


def test_it_is_heard_again_after_a_pause(engine: Engine, wake: WakeWord) -> None:
    once = [silence(1.5), engine.said("en-us"), silence(1.0)]
    assert len(hits(wake, [*once, *once])) == 2


def test_other_speech_and_noise_are_not_the_phrase(wake: WakeWord) -> None:
    other = espeak("The elephant eats a banana. Hey, where is my green umbrella?", "-v", "en-us+f3")
    assert hits(wake, [pink_noise(2.0, -30), other, silence(1.0)]) == []


def test_silence_costs_nothing(engine: Engine, wake: WakeWord) -> None:
    before = engine.work(wake)
    assert hits(wake, silence(20.0)) == []
    assert engine.work(wake) == before
    assert len(hits(wake, [engine.said("en-gb"), silence(1.0)])) == 1
    assert engine.work(wake) > before


def test_what_never_speaks_never_wakes(engine: Engine, wake: WakeWord) -> None:
    loud = np.random.default_rng(1).integers(-32768, 32767, 16_000 * 3, dtype=np.int16)
    square = np.where(np.arange(16_000) // 40 % 2, 32767, -32768).astype(np.int16)
    standing = np.full(16_000 * 2, 32767, np.int16)
    assert hits(wake, [loud, silence(0.5), square, standing, -standing, silence(1.0)]) == []
    # And it still hears.
    assert len(hits(wake, [silence(3.0), engine.said("en-us"), silence(1.0)])) == 1


def test_hours_of_zeros_leave_it_as_it_was(engine: Engine, wake: WakeWord) -> None:
    before, zeros = engine.work(wake), np.zeros(FRAME_SAMPLES, np.int16)
    for _ in range(30_000):
        assert wake.process(zeros) is None
    assert engine.work(wake) == before
    hit, *_ = hits(wake, [engine.said("en-us"), silence(1.0)])
    assert hit.at_s > 300.0


def test_after_a_reset_half_a_phrase_counts_for_nothing(engine: Engine, wake: WakeWord) -> None:
    phrase = engine.said("en-us")
    half = len(phrase) // 2
    hits(wake, [silence(1.0), phrase[:half]])
    wake.reset()
    assert hits(wake, [phrase[half:], silence(1.0)]) == []
    assert len(hits(wake, [silence(1.0), phrase, silence(1.0)])) == 1


def test_the_gate_changes_no_score_of_openwakeword() -> None:
    wake = ready_made(0.5)
    before = wake.embeddings
    hits(wake, silence(10.0))
    phrase = np.concatenate([ENGINES["openwakeword"].said("en-gb"), silence(1.0)])
    (gated,) = hits(wake, phrase)
    assert wake.embeddings - before >= HEAD_EMBEDDINGS
    ungated = ready_made(0.5)
    ungated._gate.open = lambda frame: True  # type: ignore[method-assign]
    (reference,) = hits(ungated, np.concatenate([silence(10.0), phrase]))
    assert (gated.score, gated.at_s) == (reference.score, reference.at_s)


def test_the_gate_loses_the_own_detector_nothing() -> None:
    """Faint first sounds are kept; the score may differ by what silence before it leaves."""
    phrase = np.concatenate([ENGINES["phones"].said("en-gb"), silence(1.0)])
    wake = own(0.5)
    (gated,) = hits(wake, np.concatenate([silence(10.0), phrase]))
    assert wake.chunks <= (len(phrase) // FRAME_SAMPLES + LEAD_FRAMES) // 8
    ungated = own(0.5)
    ungated._gate.open = lambda frame: True  # type: ignore[method-assign]
    (reference,) = hits(ungated, np.concatenate([silence(10.0), phrase]))
    assert abs(gated.score - reference.score) < 0.25
    assert abs(gated.at_s - reference.at_s) <= 0.16


def scores(wake: OpenWakeWord, sound: Samples) -> list[float]:
    """What the head said of every 80 ms, with the gate open."""
    wake._gate.open = lambda frame: True  # type: ignore[method-assign]
    found, seen = [], wake.embeddings
    for frame in sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES):
        wake.process(frame)
        if wake.embeddings > seen:
            found.append(wake.score)
            seen = wake.embeddings
    return found


def said_by_many() -> Samples:
    """In a room that is never digitally silent: the spectrogram's floor hangs on its loudest part,
    80 dB above, and that is another one in two seconds than in a tenth of them."""
    said = [espeak("hey jarvis, good morning", "-v", voice) for voice in VOICES]
    sound = np.concatenate([silence(1.0), *said, silence(1.0)])
    return sound + pink_noise(len(sound) / SAMPLE_RATE_HZ, -50)[: len(sound)]


@pytest.mark.parametrize("phrase", ["hey jarvis", "any"])
def test_both_libraries_give_the_same_scores(phrase: str) -> None:
    """On the ready head, which hears the phrase, and on a head with weights drawn by chance."""

    def made(kind: type[Features]) -> list[float]:
        head = OnnxHead(ANY_HEAD) if phrase == "any" else ReadyHead(phrase)
        wake = OpenWakeWord(phrase, head, threshold=0.5, features=features(kind))
        return scores(wake, said_by_many())

    first, second = made(SharedFeatures), made(LivekitFeatures)
    assert len(first) == len(second) > 100
    assert np.ptp(first) > 0.3  # they do differ from one another
    assert np.abs(np.subtract(first, second)).max() < 0.001


@pytest.mark.parametrize("kind", [SharedFeatures, LivekitFeatures])
def test_scores_are_those_of_livekits_own_model_on_the_whole_window(kind: type[Features]) -> None:
    from livekit.wakeword import WakeWordModel

    sound = said_by_many()
    wake = OpenWakeWord("any", OnnxHead(ANY_HEAD), threshold=0.5, features=features(kind))
    stepwise = scores(wake, sound)
    model = WakeWordModel(models=[ANY_HEAD])
    chunk = CHUNK_FRAMES * FRAME_SAMPLES
    whole = []
    for end in range(30, len(stepwise), 15):
        window = sound[max(end * chunk - WINDOW_SAMPLES, 0) : end * chunk].astype(np.float32)
        whole.append(model.predict(window)[ANY_HEAD.stem])
    assert len(whole) > 5
    assert np.abs(np.subtract(whole, stepwise[29::15][: len(whole)])).max() < 0.001


def test_every_ready_head_can_judge() -> None:
    silent = np.tile(features(SharedFeatures).silent_embedding, (HEAD_EMBEDDINGS, 1))
    assert len(ready_phrases()) > 2
    assert max(ReadyHead(phrase).score(silent) for phrase in ready_phrases()) < 0.1


def test_a_head_of_ones_own_listens_by_either_engine(tmp_path: Path) -> None:
    for engine in ("openwakeword", "livekit"):
        settings = WakeSettings(engine=engine, phrase="good morning", head=str(ANY_HEAD))
        near, far = wake_words(settings)
        assert (near.phrases, far.phrases) == (("good morning",), ("good morning",))
        assert choices(settings) == ("good morning",)
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"nothing")
    with pytest.raises(ModelError, match="no head of a wake phrase") as caught:
        wake_words(WakeSettings(engine="livekit", head=str(broken)))
    assert str(broken) in str(caught.value)


def test_an_unknown_phrase_names_the_known_ones() -> None:
    with pytest.raises(ModelError, match="hey jarvis"):
        ReadyHead("hello nobody")


@pytest.mark.parametrize(
    ("text", "said"),
    [("hello kitty", "hello kitty"), ("good morning robot", "good morning robot")],
)
def test_any_phrase_that_can_be_written_is_heard(text: str, said: str) -> None:
    wake = whole_wake_word(WakeSettings(phrase=text))
    found = hits(wake, [silence(1.0), espeak(said, "-v", "en-us", "-s", "140"), silence(1.0)])
    assert {hit.phrase for hit in found} == {text}
    assert found[-1].at_s - found[0].at_s < WakeSettings().refractory_s  # one waking
    assert hits(wake, [espeak("hello mother, good evening", "-v", "en-us"), silence(1.0)]) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("hi", "too short"),
        ("hello", "too short"),
        ("", "cannot|nothing"),
        ("你好", "nothing that can be said"),
        ("1234", "nothing that can be said"),
        ("supercalifragilistic expialidocious friend", "too long"),
    ],
)
def test_a_phrase_that_cannot_wake_is_refused_in_one_sentence(text: str, why: str) -> None:
    with pytest.raises(ModelError, match=why) as caught:
        wake_words(WakeSettings(phrase=text))
    assert "\n" not in str(caught.value)


def test_what_parents_are_offered_can_be_listened_for() -> None:
    assert [states_of(text).text for text in SUGGESTED] == list(SUGGESTED)
    assert choices(WakeSettings()) == SUGGESTED
    assert choices(WakeSettings(phrase="hello robin bird"))[-1] == "hello robin bird"
    assert "hey jarvis" in choices(WakeSettings(engine="openwakeword", phrase="hey jarvis"))


def test_the_command_prints_a_line_per_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    woken, other = tmp_path / "woken.wav", tmp_path / "other.wav"
    write_wav(woken, np.concatenate([silence(1.0), espeak(HELLO_MYNA, "-v", "en-us")]))
    write_wav(other, silence(1.0))
    missing = tmp_path / "missing.wav"
    assert main(["wake", str(woken), str(other), str(missing), "--json"]) == 1
    captured = capsys.readouterr()
    first, second = [json.loads(line) for line in captured.out.splitlines()]
    assert first["file"] == str(woken)
    assert [hit["phrase"] for hit in first["hits"]] == ["hello myna"]
    assert set(first["hits"][0]) == {"phrase", "at_s", "score"}
    assert second == {"file": str(other), "hits": []}
    assert captured.err.count("\n") == 1
    assert "missing.wav" in captured.err
