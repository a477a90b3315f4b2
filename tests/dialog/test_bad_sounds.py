"""What is no answer, by sound: recogniser, scorer and tutor as they work together in a lesson."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from audio.ports import SAMPLE_RATE_HZ, Samples
from dialog.ports import Heard, Language, Line, Recognition, Then
from dialog.recognition_service import Question, RecognitionHandler
from dialog.recognizer_vosk import VoskRecognizer
from dialog.scoring.factory import build_scorer
from dialog.tutor import Tutor
from dialog.voice_espeak import EspeakVoice
from tests.dialog.sounds import music, noise
from tests.dialog.tutor_talk import CHINESE, ENGLISH, Talk

PHRASES = Path(__file__).parents[2] / "dialog" / "phrases.yaml"


@pytest.fixture(scope="module")
def handler() -> Iterator[RecognitionHandler]:
    made = RecognitionHandler(VoskRecognizer, build_scorer)
    yield made
    made.close()


def understood(handler: RecognitionHandler, talk: Talk, sound: Samples) -> Recognition:
    """What the recogniser's process answers while the tutor waits."""
    run = handler(Question(sound, talk.expect.hints()))
    while True:
        try:
            next(run)
        except StopIteration as end:
            found: Recognition = end.value
            return found


def spoken(text: str, language: Language = Language.ENGLISH, variant: str = "f1") -> Samples:
    pause = np.zeros(SAMPLE_RATE_HZ * 3 // 10, np.int16)
    return np.concatenate([pause, *EspeakVoice(variant).speak(Line(text, language)), pause])


def a_shout() -> Samples:
    """Of other words, over what the microphone bears."""
    loud = spoken("look at that enormous elephant").astype(np.int32) * 8
    assert (np.abs(loud) > 32767).mean() > 0.02
    return np.clip(loud, -32768, 32767).astype(np.int16)


SOUNDS: dict[str, Callable[[], Samples]] = {
    "nothing": lambda: np.zeros(0, np.int16),
    "silence": lambda: np.zeros(2 * SAMPLE_RATE_HZ, np.int16),
    "hiss": lambda: noise(2.0, 300.0),
    "roar": lambda: noise(2.0, 6000.0),
    "music": lambda: music(3.0),
    "a shout": a_shout,
    "another language": lambda: spoken("今天天气很好", Language.CHINESE),
    "half a minute for one word": lambda: np.resize(
        spoken("We went to the market and bought a lot of vegetables."), 30 * SAMPLE_RATE_HZ
    ),
}


@pytest.mark.parametrize("name", SOUNDS)
@pytest.mark.parametrize("tutor", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_it_gets_no_score_no_mark_and_a_kind_sentence(
    handler: RecognitionHandler, tutor: Tutor, name: str
) -> None:
    talk = Talk(tutor)
    asked = talk.expect.answers
    found = understood(handler, talk, SOUNDS[name]())
    assert (found.matched, found.text, found.pronunciation) == (None, "", None)
    step = talk.tell(Heard(found, 1.0))
    assert step.attempts == ()
    assert step.then is Then.LISTEN
    assert talk.expect.answers == asked
    kind = yaml.safe_load(PHRASES.read_text(encoding="utf-8"))["misheard"]
    language = "zh" if tutor is CHINESE else "en"
    assert any(step.lines[0].text in wording for wording in kind[language])


@pytest.mark.parametrize("variant", ["f1", "f4", "m3"])
def test_a_right_answer_gets_a_score_all_the_same(
    handler: RecognitionHandler, variant: str
) -> None:
    """It is "hello", which comes near a hesitating "no", of "no more"."""
    talk = Talk(ENGLISH)
    assert talk.expect.answers == ("hello",)
    found = understood(handler, talk, spoken(talk.expect.answers[0], variant=variant))
    assert found.matched == 0
    assert found.pronunciation is not None
    assert len(talk.tell(Heard(found, 1.0, 0.0, found.pronunciation)).attempts) == 1
