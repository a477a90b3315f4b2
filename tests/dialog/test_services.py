"""The recogniser and the voice in their processes."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from audio.ports import Samples
from core.errors import ModelError, WorkerDied
from dialog.fakes import FakeRecognizer, FakeVoice
from dialog.ports import Hints, Language, Line, Recognition
from dialog.recognition_service import RecognitionReply, RecognitionService
from dialog.scoring.fakes import FakeScorer
from dialog.settings import RecognitionSettings, VoiceSettings
from dialog.voice_service import VoiceReply, VoiceService
from tests.dialog.voice_likeness import same_voice

LONG_S = 60.0
HINTS = Hints(("it is a cat", "it is a dog"))


@pytest.fixture
def recognition() -> Iterator[RecognitionService]:
    with RecognitionService(RecognitionSettings(), build=FakeRecognizer) as service:
        yield service


@pytest.fixture
def voice() -> Iterator[VoiceService]:
    with VoiceService(VoiceSettings(rate=1.0), build=FakeVoice) as service:
        yield service


def test_one_reply_comes_and_it_is_the_last(
    voice: VoiceService, recognition: RecognitionService
) -> None:
    speech = voice.speak_sync(Line("It's a dog."), timeout_s=LONG_S)
    replies: queue.SimpleQueue[RecognitionReply] = queue.SimpleQueue()
    job = recognition.submit(speech, HINTS, replies.put)
    reply = replies.get(timeout=LONG_S)
    assert (reply.job, reply.last, reply.error) == (job, True, None)
    assert reply.value == Recognition("it is a dog", 1, 1.0, complete=True)
    assert reply.busy_s > 0.0


def test_a_line_comes_sentence_by_sentence(voice: VoiceService) -> None:
    replies: queue.SimpleQueue[VoiceReply] = queue.SimpleQueue()
    voice.submit(Line("One. Two. Three."), replies.put)
    seen = [replies.get(timeout=LONG_S) for _ in range(4)]
    assert [reply.last for reply in seen] == [False, False, False, True]
    assert all(reply.value is not None and reply.value.size for reply in seen[:3])
    assert seen[3].value is None


def test_a_killed_recogniser_says_so_and_answers_again(recognition: RecognitionService) -> None:
    recognition.worker.wait_ready(timeout_s=LONG_S)
    assert recognition.worker.pid is not None
    os.kill(recognition.worker.pid, signal.SIGSTOP)  # so that it surely owes the answer
    replies: queue.SimpleQueue[RecognitionReply] = queue.SimpleQueue()
    recognition.submit(np.zeros(1600, np.int16), HINTS, replies.put)
    os.kill(recognition.worker.pid, signal.SIGKILL)
    dead = replies.get(timeout=LONG_S)
    assert isinstance(dead.error, WorkerDied)
    assert dead.error.retryable
    again = recognition.recognize_sync(np.zeros(1600, np.int16), HINTS, timeout_s=LONG_S)
    assert again == Recognition("", None, 0.0, complete=False)
    assert recognition.worker.restarts == 1


def test_a_recogniser_that_hangs_is_started_again() -> None:
    settings = RecognitionSettings(timeout_s=0.2)
    with RecognitionService(settings, build=FakeRecognizer) as service:
        service.worker.wait_ready(timeout_s=LONG_S)
        assert service.worker.pid is not None
        os.kill(service.worker.pid, signal.SIGSTOP)
        with pytest.raises(WorkerDied) as caught:
            service.recognize_sync(np.zeros(1600, np.int16), HINTS, timeout_s=LONG_S)
        assert caught.value.code == "worker.timeout"
        service.worker.wait_ready(timeout_s=LONG_S)
        assert service.worker.restarts == 1


def test_asyncio_can_use_both(voice: VoiceService, recognition: RecognitionService) -> None:
    async def talk() -> Recognition:
        chunks = [chunk async for chunk in voice.speak(Line("It is. A cat."))]
        assert len(chunks) == 2
        return await recognition.recognize(np.concatenate(chunks), HINTS)

    assert asyncio.run(talk()) == Recognition("it is a cat", 0, 1.0, complete=True)


def test_a_missing_model_is_told_to_whoever_asks() -> None:
    with RecognitionService(RecognitionSettings(engine="vosk", vosk_model="/none")) as service:
        with pytest.raises(ModelError, match="there is no Vosk model at /none"):
            service.worker.wait_ready(timeout_s=LONG_S)
        with pytest.raises(ModelError, match="there is no Vosk model at /none"):
            service.recognize_sync(np.zeros(1600, np.int16), HINTS, timeout_s=LONG_S)


def test_the_real_voice_is_understood_by_the_real_recogniser() -> None:
    with (
        VoiceService(VoiceSettings(engine="espeak")) as voice,
        RecognitionService(RecognitionSettings(engine="pocketsphinx")) as recognition,
    ):
        speech = voice.speak_sync(Line("It is a cat."), timeout_s=LONG_S)
        pause = np.zeros(4800, np.int16)
        heard = recognition.recognize_sync(
            np.concatenate([pause, speech, pause]), HINTS, timeout_s=LONG_S
        )
        assert (heard.text, heard.matched, heard.complete) == ("it is a cat", 0, True)
        chinese = voice.speak_sync(Line("你好，小朋友！", Language.CHINESE), timeout_s=LONG_S)
        assert chinese.size > 8000


def test_a_chosen_voice_says_every_line_and_the_usual_one_comes_back() -> None:
    line = Line("I can see a bird.")

    with VoiceService(VoiceSettings(engine="espeak")) as voice:
        assert {"espeak:f3", "espeak:m2"} <= set(voice.choices())

        def said(**changes: str) -> Samples:
            return voice.speak_sync(replace(line, **changes), timeout_s=LONG_S)

        usual = said()
        voice.check("espeak:m2")
        assert same_voice(said(), usual)  # not in use yet
        voice.use("espeak:m2")
        chosen = said()
        assert not same_voice(chosen, usual)
        assert same_voice(said(voice="espeak:f3"), usual)  # f3 is the usual one
        voice.worker.kill()  # what was chosen outlives the process
        with suppress(WorkerDied):  # or the next one is there already
            said()
        assert same_voice(said(), chosen)
        with pytest.raises(ModelError, match="not installed"):
            voice.check("espeak:whisper")
        voice.use("")
        assert same_voice(said(), usual)


def test_the_settings_rate_slows_every_line() -> None:
    line = Line("I can see a little bird")
    lengths = []
    for rate in (0.7, 1.4):
        with VoiceService(VoiceSettings(engine="espeak", rate=rate)) as voice:
            lengths.append(voice.speak_sync(line, timeout_s=LONG_S).size)
    assert 1.5 < lengths[0] / lengths[1] < 2.5


def test_an_answer_brings_how_it_was_said(voice: VoiceService) -> None:
    hints = Hints(("it is a cat", "help me"), scored=1)
    with RecognitionService(
        RecognitionSettings(), build=FakeRecognizer, scorer=FakeScorer
    ) as service:

        def heard(text: str, hints: Hints = hints) -> Recognition:
            speech = voice.speak_sync(Line(text), timeout_s=LONG_S)
            return service.recognize_sync(speech, hints, timeout_s=LONG_S)

        answer = heard("It's a cat.")
        assert answer.pronunciation is not None
        assert [word.word for word in answer.pronunciation.words] == ["it", "is", "a", "cat"]
        assert answer.pronunciation.voice is not None
        assert answer.pronunciation.voice.phones == 8
        assert heard("Help me!").matched == 1
        assert heard("Help me!").pronunciation is None
        assert heard("A blue umbrella.").pronunciation is None
        assert heard("It's a cat.", Hints()).pronunciation is None
