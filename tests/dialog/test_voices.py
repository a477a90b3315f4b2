"""One contract for every voice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from audio.chime import EARCON_LUFS, Earcon, earcon
from audio.ports import SAMPLE_RATE_HZ, Samples
from core.errors import ModelError
from core.loudness import SPEECH_LUFS, measure
from dialog import voice_choice
from dialog.espeak_library import ipa_of, use_voice
from dialog.factory import build_chosen, build_voice, voice_name
from dialog.fakes import FakeVoice
from dialog.levelling import CEILING_DB, levelled
from dialog.ports import Language, Line, SpeechModels, Synthesizer
from dialog.settings import VoiceSettings
from dialog.speech_text import sanitised, sentences
from dialog.voice_espeak import QUOTE_PAUSE_S, VOICES, EspeakVoice
from dialog.voice_piper import PiperSynthesizer

HOP = 256


def test_voices_to_choose_are_those_that_are_there(tmp_path: Path) -> None:
    for name in ("f1", "m3", "croak"):
        (tmp_path / name).touch()
    models = SpeechModels(
        voices={
            "en_US-lessac-medium": Path("a"),
            "zh_CN-huayan-medium": Path("b"),
            "english-teacher": Path("c"),
        }
    )
    found = ("piper:en_US-lessac-medium", "espeak:f1", "espeak:m3")
    assert voice_choice.choices(models, (str(tmp_path),)) == found
    assert voice_choice.choices(SpeechModels(), ()) == ()


@pytest.mark.parametrize("name", ["espeak:croak", "piper:en_US-gone-low", "f3", "", "piper:"])
def test_a_voice_that_is_not_there_is_not_built(name: str) -> None:
    with pytest.raises(ModelError, match="parents' page"):
        build_chosen(SpeechModels(), name)


def write_piper_voice(path: Path) -> Path:
    """A voice of Piper's format that hums: as long as the phonemes times the length scale ask."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("piper")
    make, types = onnx.helper.make_node, onnx.TensorProto
    constants = {
        "one": np.array([1], np.int64),
        "hop": np.array([float(HOP)], np.float32),
        "start": np.array(0.0, np.float32),
        "step": np.array(1.0, np.float32),
        "turn": np.array([0.1], np.float32),
        "quiet": np.array([0.2], np.float32),
        "shape": np.array([1, 1, -1], np.int64),
    }
    nodes = [
        make("Cast", ["input_lengths"], ["count"], to=types.FLOAT),
        make("Gather", ["scales", "one"], ["length_scale"]),
        make("Mul", ["count", "length_scale"], ["stretched"]),
        make("Mul", ["stretched", "hop"], ["many"]),
        make("Squeeze", ["many"], ["total"]),
        make("Range", ["start", "total", "step"], ["at"]),
        make("Mul", ["at", "turn"], ["phase"]),
        make("Sin", ["phase"], ["hum"]),
        make("Mul", ["hum", "quiet"], ["soft"]),
        make("Reshape", ["soft", "shape"], ["output"]),
    ]
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "hum",
        [
            value("input", types.INT64, [1, None]),
            value("input_lengths", types.INT64, [1]),
            value("scales", types.FLOAT, [3]),
        ],
        [value("output", types.FLOAT, [1, 1, None])],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, path)
    letters = " ^$_abcdefghijklmnopqrstuvwxyz.,!?'"
    config = {
        "audio": {"sample_rate": 22_050},
        "espeak": {"voice": "en-us"},
        "phoneme_type": "text",
        "phoneme_id_map": {letter: [number] for number, letter in enumerate(letters)},
        "num_symbols": len(letters),
        "num_speakers": 1,
        "inference": {"length_scale": 1.0},
    }
    Path(f"{path}.json").write_text(json.dumps(config))
    return path


def _piper(folder: Path) -> Synthesizer:
    path = write_piper_voice(folder / "en_US-hum-low.onnx")
    return PiperSynthesizer({Language.ENGLISH: path}, otherwise=EspeakVoice)


ENGINES: dict[str, Callable[[Path], Synthesizer]] = {
    "fake": lambda _: FakeVoice(),
    "espeak": lambda _: EspeakVoice(),
    "piper": _piper,
}


@pytest.fixture(scope="module", params=ENGINES)
def voice(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Synthesizer]:
    made = ENGINES[request.param](tmp_path_factory.mktemp("voice"))
    yield made
    made.close()


def spoken(voice: Synthesizer, line: Line) -> Samples:
    return np.concatenate([np.zeros(0, np.int16), *voice.speak(line)])


def likeness(one: Samples, other: Samples) -> float:
    """Correlation of two spectrograms; espeak-ng's breath is noise that differs every time."""
    assert one.size == other.size
    spectra = [
        np.log1p(np.abs(np.fft.rfft(x[: x.size // 320 * 320].reshape(-1, 320) * np.hanning(320))))
        for x in (one, other)
    ]
    return float(np.corrcoef(spectra[0].ravel(), spectra[1].ravel())[0, 1])


def test_chunks_are_int16_of_one_dimension_and_hold_sound(voice: Synthesizer) -> None:
    chunks = list(voice.speak(Line("Hello. I am Myna! How are you?")))
    assert len(chunks) == 3
    for chunk in chunks:
        assert (chunk.dtype, chunk.ndim) == (np.int16, 1)
        assert np.abs(chunk).max() > 1000
        assert chunk.size > SAMPLE_RATE_HZ // 20


def test_sound_begins_at_once(voice: Synthesizer) -> None:
    first = next(iter(voice.speak(Line("Good morning."))))
    audible = np.flatnonzero(np.abs(first.astype(np.int32)) > 300)
    assert audible[0] < 0.05 * SAMPLE_RATE_HZ


def test_a_lower_rate_is_slower(voice: Synthesizer) -> None:
    if voice.name == "fake":
        pytest.skip("its tones are counted in frames")
    slow, fast = (
        spoken(voice, Line("I have a little yellow bird", rate=rate)).size for rate in (0.6, 1.2)
    )
    assert 1.5 < slow / fast < 2.5


def test_nothing_to_say_gives_nothing(voice: Synthesizer) -> None:
    for text in ("", "   ", "…", "?!", "<b></b>", "🐦"):
        assert list(voice.speak(Line(text))) == []


def test_markup_is_neither_read_nor_obeyed(voice: Synthesizer) -> None:
    plain = spoken(voice, Line("hello there"))
    for marked in ("<b>hello</b> **there**", "hello <break time='9s'/> there", "[[hello]] {there}"):
        assert likeness(spoken(voice, Line(marked)), plain) > 0.9, marked


def test_the_same_line_sounds_the_same_after_another(voice: Synthesizer) -> None:
    first = spoken(voice, Line("see you soon"))
    spoken(voice, Line("你好", Language.CHINESE, rate=0.5))
    assert likeness(spoken(voice, Line("see you soon")), first) > 0.9


def test_leaving_a_line_early_does_no_harm(voice: Synthesizer) -> None:
    line = voice.speak(Line("One. Two. Three."))
    next(iter(line))
    del line
    assert spoken(voice, Line("Four.")).size > 0


@pytest.mark.parametrize(
    "line",
    [
        Line("Cat."),
        Line("A big brown bear is in the garden."),
        Line("你好！", Language.CHINESE),
        Line("我们休息一小会儿，看看窗外吧", Language.CHINESE, rate=0.7),
    ],
    ids=["word", "sentence", "greeting", "slow"],
)
def test_everything_that_sounds_is_equally_loud(voice: Synthesizer, line: Line) -> None:
    if voice.name == "fake":
        pytest.skip("its level is part of its code")
    found = measure((spoken(voice, line) / 32768.0).astype(np.float32), SAMPLE_RATE_HZ)
    assert found.lufs == pytest.approx(SPEECH_LUFS, abs=1.0)
    assert found.true_peak_db <= CEILING_DB + 0.1


def test_signals_are_equally_loud_and_softer_than_speech() -> None:
    for each in Earcon:
        found = measure((earcon(each) / 32768.0).astype(np.float32), SAMPLE_RATE_HZ)
        assert found.lufs == pytest.approx(EARCON_LUFS, abs=0.2), each
        assert EARCON_LUFS < SPEECH_LUFS


def test_espeak_speaks_chinese_with_english_in_it() -> None:
    voice = EspeakVoice()
    mixed = list(voice.speak(Line("请跟我说：good morning。很好！", Language.CHINESE)))
    assert len(mixed) == 3
    english = spoken(voice, Line("good morning"))
    # The quoted part is what the English voice says, after a pause; how long its faint end is
    # depends on what espeak-ng said before.
    quoted = mixed[1][round(QUOTE_PAUSE_S * SAMPLE_RATE_HZ) :]
    assert abs(quoted.size - english.size) <= SAMPLE_RATE_HZ // 10 + 1
    same = min(quoted.size, english.size)
    assert likeness(quoted[:same], english[:same]) > 0.9


@pytest.mark.parametrize("characters", ["继续", "再说一遍", "小朋友，你好"])
def test_espeak_says_characters_in_chinese(characters: str) -> None:
    """One of its Mandarin voices says their pinyin by English rules, "jee four" for 继续."""
    use_voice(VOICES[Language.CHINESE])
    said = ipa_of(characters)
    assert said
    assert "(en)" not in said
    assert not set("ɔɹɪʌ") & set(said)


def test_espeak_says_the_birds_name_as_people_do() -> None:
    voice = EspeakVoice()
    ours, wrong = spoken(voice, Line("Myna")), spoken(voice, Line("meena"))
    assert ours.size == wrong.size
    assert likeness(ours, spoken(voice, Line("MYNA"))) > 0.9
    assert likeness(ours, wrong) < 0.8


def test_piper_leaves_languages_without_a_voice_to_the_other(tmp_path: Path) -> None:
    piper = _piper(tmp_path)
    line = Line("你好", Language.CHINESE)
    assert likeness(spoken(piper, line), spoken(EspeakVoice(), line)) > 0.9


def test_piper_says_what_is_wrong_with_a_voice(tmp_path: Path) -> None:
    pytest.importorskip("piper")
    path = tmp_path / "en_US-x-low.onnx"
    with pytest.raises(ModelError, match=r"en_US-x-low\.onnx is missing"):
        PiperSynthesizer({Language.ENGLISH: path}, otherwise=EspeakVoice)
    path.write_bytes(b"not a network")
    with pytest.raises(ModelError, match=r"en_US-x-low\.onnx\.json is missing"):
        PiperSynthesizer({Language.ENGLISH: path}, otherwise=EspeakVoice)
    Path(f"{path}.json").write_text("{}")
    with pytest.raises(ModelError, match="is broken; install it again"):
        PiperSynthesizer({Language.ENGLISH: path}, otherwise=EspeakVoice)


def test_the_factory_names_what_auto_comes_to(tmp_path: Path) -> None:
    path = write_piper_voice(tmp_path / "en_US-hum-low.onnx")
    piper = SpeechModels(piper={Language.ENGLISH: path})
    assert voice_name(VoiceSettings(), SpeechModels()) == "espeak"
    assert voice_name(VoiceSettings(), piper) == "piper"
    assert voice_name(VoiceSettings(engine="espeak"), piper) == "espeak"
    assert build_voice(VoiceSettings(), SpeechModels()).name == "espeak-ng"
    assert build_voice(VoiceSettings(), piper).name == "piper"
    assert build_voice(VoiceSettings(piper_voice=str(path)), SpeechModels()).name == "piper"


def test_the_factory_says_what_to_do_about_what_is_missing() -> None:
    with pytest.raises(ModelError, match=r"no voice named siri; set voice\.engine to one of"):
        build_voice(VoiceSettings(engine="siri"), SpeechModels())
    with pytest.raises(ModelError, match="no English Piper voice is installed; put"):
        build_voice(VoiceSettings(engine="piper"), SpeechModels())


def test_levelling_trims_silence_and_keeps_the_pause_asked_for() -> None:
    time_s = np.arange(SAMPLE_RATE_HZ // 2) / SAMPLE_RATE_HZ
    tone = 0.01 * np.sin(2 * np.pi * 300 * time_s)
    silence = np.zeros(SAMPLE_RATE_HZ)
    speech = np.concatenate([silence, tone, silence]).astype(np.float32)
    made = levelled(speech, pause_s=0.25)
    assert made.size == SAMPLE_RATE_HZ // 4 + tone.size + int(0.07 * SAMPLE_RATE_HZ)
    assert not made[: SAMPLE_RATE_HZ // 4].any()
    # 0.01 is -43 dBFS; the most gain is 18 dB.
    assert np.abs(made).max() == pytest.approx(0.01 * 10 ** (18 / 20) * 32767, rel=0.01)
    assert levelled(np.zeros(0, np.float32)).size == 0
    assert levelled(np.zeros(4000, np.float32), pause_s=1.0).size == 0


def test_sentences_are_cut_where_people_pause() -> None:
    assert list(sentences("Hello! It is 3.5 km.  Why?\nBye")) == [
        "Hello!",
        "It is 3.5 km.",
        "Why?",
        "Bye",
    ]
    assert list(sentences("你好！很好。")) == ["你好！", "很好。"]
    assert list(sentences("I am Li. Lie down.")) == ["I am Lee.", "Lie down."]
    assert sanitised("a\u0000b <i>c</i> `d` 🐦 5€") == "a b c d 5€"
    assert len(sanitised("word " * 5000)) <= 2000
