"""In noise the ears that leave fainter sounds out listen, in quiet the plain ones."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples
from audio.virtual_room.noise import fan, television
from dialog import answers, matching
from dialog.answers import Answer, WordFit
from dialog.commands import listened_for
from dialog.ears_in_noise import NOISE_WITHIN_DB, EarsInNoise, is_noisy
from dialog.phone_features import Waveform
from dialog.phone_frames import Ears, Frames
from dialog.phone_set import SILENCE
from dialog.ports import Hints
from dialog.recognition_service import RecognitionService
from dialog.recognizer_vosk import DOUBTFUL_FROM, VoskRecognizer
from dialog.settings import RecognitionSettings
from dialog.speech_ears import shared as plain_ears
from dialog.speech_ears import shared_near as near_ears
from tests.audio.speech import espeak, silence
from tests.dialog.test_recognizer_vosk import Script

ANSWERS = ("good morning teacher", "she can swim and run", "i like apples")
HINTS = Hints((*ANSWERS, *listened_for(())), scored=len(ANSWERS))
SAID = ANSWERS[0]
OTHER = "it is a big dog"
UNHEARD_DB = 3.0
"""With a television so far below them, the plain ears hear none of these."""


@pytest.fixture(scope="module")
def recogniser() -> Iterator[VoskRecognizer]:
    made = VoskRecognizer()
    yield made
    made.close()


@functools.cache
def spoken(text: str) -> Samples:
    """By a voice that the ears never heard, with a pause before and after it."""
    return np.pad(espeak(text, "-v", "en-us+f4", "-s", "140"), 6400)


@functools.cache
def beside_a_television(text: str, below_db: float) -> Samples:
    voice = spoken(text) / 32768.0
    voice *= 0.05 / np.sqrt(np.mean(np.square(voice[np.abs(voice) > 0.01])))
    noise = _television()[: voice.size]
    mixed = voice + 0.05 * 10.0 ** (-below_db / 20.0) * noise
    return np.clip(np.rint(mixed * 32768.0), -32768, 32767).astype(np.int16)


@functools.cache
def _television() -> NDArray[np.float64]:
    return television(6.0, 2, np.random.default_rng(1))


def waveform(samples: Samples) -> Waveform:
    return (samples / np.float32(32768.0)).astype(np.float32)


def confidence(ears: Ears, samples: Samples, text: str) -> float:
    found = answers.best_answer(ears.frames(waveform(samples)), [matching.words(text)])
    return 0.0 if found is None or not found.whole else found.confidence


@pytest.mark.parametrize("said", ANSWERS)
def test_an_answer_that_a_television_drowns_is_heard(recogniser: VoskRecognizer, said: str) -> None:
    sound = beside_a_television(said, UNHEARD_DB)
    assert confidence(plain_ears(), sound, said) < answers.ACCEPT_FROM
    heard = recogniser.recognize(sound, HINTS)
    assert (heard.text, heard.matched, heard.complete) == (said, ANSWERS.index(said), True)


@pytest.mark.parametrize("candidates", [ANSWERS, ANSWERS[:1]])
def test_another_sentence_is_refused_in_noise(
    recogniser: VoskRecognizer, candidates: tuple[str, ...]
) -> None:
    sound = beside_a_television(OTHER, 6.0)
    assert is_noisy(waveform(sound))
    assert recogniser.recognize(sound, Hints(candidates, scored=1)).matched is None


def test_a_television_alone_answers_nothing_whole(recogniser: VoskRecognizer) -> None:
    expected = Hints((OTHER, "he is reading a book", "we live in a small town"), scored=3)
    for at in range(3):
        talk = 0.05 * np.roll(_television(), at * SAMPLE_RATE_HZ)[: 3 * SAMPLE_RATE_HZ]
        sound = np.rint(talk * 32768.0).astype(np.int16)
        assert is_noisy(waveform(sound))
        assert not recogniser.recognize(sound, expected).complete
        commands = recogniser.recognize(sound, Hints(listened_for(())))
        assert commands.matched is None


def test_near_ears_take_a_fainter_voice_for_silence() -> None:
    near = waveform(spoken(OTHER))
    fainter = 0.2 * waveform(spoken("good morning"))
    sound = np.concatenate([near, fainter])
    later = slice(near.size // FRAME_SAMPLES + 5, None)

    def silent_share(ears: Ears) -> float:
        return float((ears.frames(sound).log_posteriors[later].argmax(axis=1) == SILENCE).mean())

    assert silent_share(near_ears()) > silent_share(plain_ears()) + 0.2


def test_the_process_scores_what_it_heard_in_noise() -> None:
    sound = beside_a_television(SAID, UNHEARD_DB)
    settings = RecognitionSettings(engine="vosk", timeout_s=60.0)
    with RecognitionService(settings) as service:
        heard = service.recognize_sync(sound, HINTS)
    assert heard.matched == 0
    assert heard.pronunciation is not None
    assert [word.word for word in heard.pronunciation.words] == SAID.split()


class Listening:
    """Ears that note what they were given."""

    def __init__(self) -> None:
        self.heard: list[Waveform] = []

    def frames(self, samples: Waveform) -> Frames:
        self.heard.append(samples)
        return plain_ears().frames(samples)


def test_each_sound_is_heard_once_by_the_ears_that_suit_it() -> None:
    plain, near = Listening(), Listening()
    asked: list[None] = []

    def needed() -> Ears:
        asked.append(None)
        return near

    ears = EarsInNoise(plain, needed)
    quiet, noisy = waveform(spoken(SAID)), waveform(beside_a_television(SAID, 8.0))
    ears.frames(quiet)
    assert (len(plain.heard), len(asked)) == (1, 0)
    ears.frames(noisy)
    assert [len(plain.heard), len(near.heard)] == [1, 1]
    assert plain.heard[0] is quiet
    assert near.heard[0] is noisy


@pytest.mark.parametrize("noisy", [True, False])
def test_in_noise_vosk_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, recogniser: VoskRecognizer, *, noisy: bool
) -> None:
    words = tuple(WordFit(word, 0.0, 1.0, 0, 1) for word in SAID.split())
    doubtful = Answer(0, words, True, 0.0, DOUBTFUL_FROM + 0.1)
    script = Script([(word, 1.0) for word in SAID.split()])
    monkeypatch.setattr(recogniser, "_vosk", SimpleNamespace(KaldiRecognizer=script.make))
    monkeypatch.setattr("dialog.answers.best_answer", lambda *_, **__: doubtful)
    sound = beside_a_television(SAID, 8.0) if noisy else spoken(SAID)
    said = recogniser.recognize(sound, HINTS)
    assert (script.received > 0) is not noisy
    assert (said.matched is None) is noisy


@pytest.mark.parametrize(("below_db", "noisy"), [(5.0, True), (10.0, True), (45.0, False)])
def test_a_fan_makes_a_sound_noisy(below_db: float, noisy: bool) -> None:
    voice = waveform(spoken(ANSWERS[2])).astype(np.float64)
    loud = np.sqrt(np.mean(np.square(voice[np.abs(voice) > 0.01])))
    air = fan(6.0, np.random.default_rng(4))[: voice.size] * loud * 10.0 ** (-below_db / 20.0)
    assert is_noisy((voice + air).astype(np.float32)) is noisy


def test_a_voice_alone_and_no_sound_at_all_are_not_noisy() -> None:
    assert NOISE_WITHIN_DB > 0.0
    assert not is_noisy(waveform(spoken(ANSWERS[0])))
    assert not is_noisy(np.zeros(0, np.float32))
    assert not is_noisy(np.ones(159, np.float32))
    assert is_noisy(waveform(silence(1.0)))  # of one level: its pauses are as loud as all else
