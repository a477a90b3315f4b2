"""What a child can say at any time, from sound: said, heard by the real recogniser, obeyed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from audio.ports import SAMPLE_RATE_HZ, Samples
from dialog.commands import (
    CHINESE_LISTENED_FOR,
    CHINESE_UNDERSTOOD,
    LISTENED_FOR,
    Command,
    command_in,
)
from dialog.lexicon import pronunciations, ways_of
from dialog.pinyin import is_pinyin
from dialog.ports import Heard, Language, Line, Recognition, Then
from dialog.recognizer_vosk import CHINESE_FROM, VoskRecognizer
from dialog.tutor import Tutor
from dialog.voice_espeak import EspeakVoice
from tests.dialog.tutor_talk import CHINESE, ENGLISH, Talk

CHARACTERS = {
    Command.REPEAT: "再说一遍", Command.SLOWER: "慢一点", Command.SKIP: "下一个",
    Command.OTHER: "换一个", Command.STOP: "不玩了", Command.HELP: "我不会",
    Command.PROGRESS: "我说得怎么样", Command.LOUDER: "大声一点", Command.QUIETER: "小声一点",
    Command.GO_ON: "继续", Command.WAIT: "等一下",
}  # fmt: skip
"""What is listened for as a child says it."""
AFTER = {Command.STOP: Then.SLEEP, Command.WAIT: Then.PAUSE}


@pytest.fixture(scope="module")
def recogniser() -> Iterator[VoskRecognizer]:
    real = VoskRecognizer()
    yield real
    real.close()


@functools.cache
def voice(variant: str) -> EspeakVoice:
    return EspeakVoice(variant)


def said(text: str, language: Language, variant: str) -> Samples:
    pause = np.zeros(SAMPLE_RATE_HZ * 3 // 10, np.int16)
    return np.concatenate([pause, *voice(variant).speak(Line(text, language, 0.9)), pause])


Hear = Callable[[Talk, str, Language, str], Recognition]


@pytest.fixture
def heard(recogniser: VoskRecognizer) -> Hear:
    """As the recogniser hears it while the tutor waits for an answer."""

    def hear(talk: Talk, text: str, language: Language, variant: str) -> Recognition:
        return recogniser.recognize(said(text, language, variant), talk.expect.hints())

    return hear


def test_every_chinese_command_is_listened_for_and_written_so() -> None:
    assert set(CHARACTERS) == set(Command)
    for command, characters in CHARACTERS.items():
        assert characters in CHINESE_UNDERSTOOD[command]


@pytest.mark.parametrize("command", Command)
@pytest.mark.parametrize("variant", ["f3", "m3"])
def test_a_chinese_command_is_heard_and_obeyed(heard: Hear, command: Command, variant: str) -> None:
    talk = Talk(CHINESE)
    found = heard(talk, CHARACTERS[command], Language.CHINESE, variant)
    assert found.matched is not None
    assert found.complete
    assert found.confidence >= CHINESE_FROM
    assert found.text == CHINESE_LISTENED_FOR[command][0]
    assert command_in(found.text) is command
    step = talk.tell(Heard(found, 1.0))
    assert step.attempts == () or command is Command.SKIP
    assert step.then is AFTER.get(command, Then.LISTEN)


@pytest.mark.parametrize("command", Command)
@pytest.mark.parametrize("tutor", [ENGLISH, CHINESE], ids=["english lesson", "chinese lesson"])
def test_an_english_command_is_heard_and_obeyed(
    heard: Hear, command: Command, tutor: Tutor
) -> None:
    for wording in LISTENED_FOR[command]:
        talk = Talk(tutor)
        found = heard(talk, wording, Language.ENGLISH, "m3")
        assert found.matched is not None, wording
        assert command_in(talk.expect.hints().candidates[found.matched]) is command, wording
        assert talk.tell(Heard(found, 1.0)).then is AFTER.get(command, Then.LISTEN), wording


@pytest.mark.parametrize("text", ["今天我们去公园", "老师来了", "妈妈在做饭", "我想吃苹果"])
def test_other_chinese_is_no_chinese_command(heard: Hear, text: str) -> None:
    found = heard(Talk(CHINESE), text, Language.CHINESE, "f3")
    assert not is_pinyin(found.text.split())


def test_an_english_lesson_does_not_listen_for_chinese(heard: Hear) -> None:
    found = heard(Talk(ENGLISH), "再说一遍", Language.CHINESE, "f3")
    assert not is_pinyin(found.text.split())


def test_a_syllable_is_an_english_word_outside_a_chinese_phrase() -> None:
    assert ways_of(("man", "yi", "dian"))[0] != pronunciations("man")
    assert ways_of(("the", "man")) == [pronunciations("the"), pronunciations("man")]
    assert ways_of(("man",)) == [pronunciations("man")]
    assert not any(is_pinyin(w.split()) for ws in LISTENED_FOR.values() for w in ws)
    assert all(is_pinyin(w.split()) for ws in CHINESE_LISTENED_FOR.values() for w in ws)
