"""What was refused in noise is heard once more behind a suppressor; in quiet nothing is."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from audio.noise_gain import for_recognition
from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples
from audio.virtual_room.noise import fan, television
from dialog import matching
from dialog.answers import Answer, WordFit
from dialog.commands import listened_for
from dialog.phone_features import Waveform
from dialog.phone_frames import Frames
from dialog.ports import Hints, Slip, SlipKind
from dialog.recognition_service import Question, RecognitionHandler, RecognitionService
from dialog.recognizer_vosk import VoskRecognizer
from dialog.scoring.factory import build_scorer
from dialog.scoring.history import VoiceHistory
from dialog.scoring.ports import Score
from dialog.second_hearing import (
    NOISE_WITHIN_DB,
    SURE_FROM,
    HeardAgain,
    SecondHearing,
    is_noisy,
)
from dialog.settings import RecognitionSettings
from dialog.speech_ears import SpeechEars, shared
from tests.audio.speech import espeak, silence
from tests.dialog.test_recognizer_vosk import Script

ANSWERS = ("my name is lily", "it is a big dog", "he is reading a book")
HINTS = Hints((*ANSWERS, *listened_for(())), scored=len(ANSWERS))
SAID = ANSWERS[0]
UNHEARD_DB = 4.0, 5.0
"""With a television so far below it, this is heard only behind a suppressor: without, the ears are
in no doubt that it was something else, so Vosk is not asked."""


class Watched:
    """A suppressor that notes what is asked of it."""

    def __init__(self) -> None:
        self._inner = for_recognition()
        self.asked: list[str] = []

    def process(self, frame: Samples, out: Samples) -> None:
        self.asked.append("frame")
        self._inner.process(frame, out)

    def reset(self) -> None:
        self.asked.append("reset")
        self._inner.reset()


@pytest.fixture(scope="module")
def suppressor() -> Watched:
    return Watched()


@pytest.fixture(scope="module")
def recogniser(suppressor: Watched) -> Iterator[VoskRecognizer]:
    made = VoskRecognizer(suppressor=suppressor)
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


@pytest.mark.parametrize("below_db", UNHEARD_DB)
def test_an_answer_that_noise_drowns_is_heard_behind_the_suppressor(
    recogniser: VoskRecognizer, below_db: float
) -> None:
    sound = beside_a_television(SAID, below_db)
    once = VoskRecognizer()
    assert once.recognize(sound, HINTS).matched is None
    once.close()
    heard = recogniser.recognize(sound, HINTS)
    assert (heard.text, heard.matched, heard.complete) == (SAID, 0, True)
    assert heard.confidence >= SURE_FROM


@pytest.mark.parametrize("candidates", [ANSWERS, ANSWERS[:1]])
def test_another_sentence_is_refused_twice(
    recogniser: VoskRecognizer, suppressor: Watched, candidates: tuple[str, ...]
) -> None:
    sound = beside_a_television("good morning teacher", 6.0)
    suppressor.asked.clear()
    assert recogniser.recognize(sound, Hints(candidates, scored=1)).matched is None
    assert suppressor.asked == ["reset", *("frame",) * -(-sound.size // FRAME_SAMPLES)]


@pytest.mark.parametrize("said", ["we can play in the park tomorrow", ANSWERS[0]])
def test_in_quiet_nothing_is_heard_twice(
    recogniser: VoskRecognizer, suppressor: Watched, said: str
) -> None:
    suppressor.asked.clear()
    hints = Hints(ANSWERS[1:], scored=2)
    heard = recogniser.recognize(spoken(said), hints)
    assert (heard.matched, suppressor.asked) == (None, [])


def test_what_is_accepted_at_once_is_not_heard_again(
    recogniser: VoskRecognizer, suppressor: Watched
) -> None:
    sound = beside_a_television(SAID, 8.0)
    suppressor.asked.clear()
    assert is_noisy(sound)
    assert recogniser.recognize(sound, HINTS).matched == 0
    assert suppressor.asked == []


def test_the_process_hears_again_and_scores_what_it_took() -> None:
    sound = beside_a_television(SAID, 5.0)
    settings = RecognitionSettings(engine="vosk", timeout_s=60.0)
    with RecognitionService(settings, suppressor=for_recognition) as service:
        heard = service.recognize_sync(sound, HINTS)
    assert heard.matched == 0
    assert heard.pronunciation is not None
    assert [word.word for word in heard.pronunciation.words] == SAID.split()


NOISY = np.random.default_rng(3).integers(-900, 900, SAMPLE_RATE_HZ).astype(np.int16)
CANDIDATES = [matching.words(text) for text in ("red apple", "stop", "man yi dian")]


@pytest.mark.parametrize(
    ("found", "slip", "taken"),
    [
        ((0, True, SURE_FROM), None, True),
        ((0, True, SURE_FROM - 0.01), None, False),  # at the first hearing it would be enough
        ((0, False, 0.99), None, False),  # a beginning
        ((1, True, 0.99), None, False),  # a command
        ((2, True, 0.99), None, False),  # a Chinese one
        ((0, True, 0.99), Slip(SlipKind.REPLACED, 0, "red"), False),
        ((0, True, 0.99), Slip(SlipKind.ADDED, 1, "red"), True),  # as noise may sound
        ((0, True, 0.99), Slip(SlipKind.MISSING, 1, "apple"), True),
    ],
)
def test_it_takes_more_to_be_believed_at_a_second_hearing(
    monkeypatch: pytest.MonkeyPatch,
    found: tuple[int, bool, float],
    slip: Slip | None,
    taken: bool,
) -> None:
    word = WordFit("red", 0.0, 1.0, 0, 1)
    index, whole, sure = found
    answer = Answer(index, (word,), whole, 0.0, sure)
    monkeypatch.setattr("dialog.answers.best_answer", lambda *_, **__: answer)
    monkeypatch.setattr("dialog.second_hearing.slip_in", lambda *_: slip)
    second = SecondHearing(shared(), Watched())
    believed = second.answer(NOISY, CANDIDATES, frozenset({1}))
    assert (believed is not None) is taken
    assert believed is None or believed.answer == answer


def test_what_is_scored_is_what_was_heard() -> None:
    scored: list[Samples] = []

    class Noting:
        def __init__(self) -> None:
            self._scorer = build_scorer()

        def score(self, samples: Samples, text: str, history: VoiceHistory | None = None) -> Score:
            scored.append(samples)
            return self._scorer.score(samples, text, history)

    handler = RecognitionHandler(lambda: VoskRecognizer(suppressor=for_recognition()), Noting)
    noisy, clean = beside_a_television(SAID, 5.0), spoken(SAID)
    scored.clear()
    for sound in (noisy, clean):
        with pytest.raises(StopIteration) as end:
            next(handler(Question(sound, HINTS)))
        said = end.value.value
        assert (said.matched, said.clearer) == (0, None)
        assert said.pronunciation is not None
    assert not np.array_equal(scored[0][: noisy.size], noisy)
    assert np.array_equal(scored[1], clean)
    handler.close()


@pytest.mark.parametrize(
    ("again", "by_vosk", "matched", "asked"),
    [
        (0, "", 0, False),  # what was in doubt is certain now: Vosk is not asked
        (None, "red apple", 0, True),
        (None, "[unk]", None, True),
        (1, "red apple", 0, True),  # Vosk agrees with the first hearing
        (1, "[unk]", 1, True),
    ],
)
def test_a_second_hearing_comes_before_vosk_is_asked(
    monkeypatch: pytest.MonkeyPatch,
    again: int | None,
    by_vosk: str,
    matched: int | None,
    *,
    asked: bool,
) -> None:
    texts = ("red apple", "blue apple")

    def heard(index: int, sure: float) -> Answer:
        words = tuple(WordFit(word, 0.0, 1.0, 0, 1) for word in texts[index].split())
        return Answer(index, words, True, 0.0, sure)

    clearly = None if again is None else HeardAgain(heard(again, 0.9), NOISY)
    recogniser = VoskRecognizer(suppressor=Watched())
    script = Script([(word, 1.0) for word in by_vosk.split()])
    monkeypatch.setattr(recogniser, "_vosk", SimpleNamespace(KaldiRecognizer=script.make))
    monkeypatch.setattr("dialog.answers.best_answer", lambda *_, **__: heard(0, 0.4))
    monkeypatch.setattr(SecondHearing, "answer", lambda *_: clearly)
    said = recogniser.recognize(NOISY, Hints(texts))
    assert (said.matched, script.received > 0) == (matched, asked)


def test_the_suppressor_has_forgotten_what_came_before() -> None:
    sound = beside_a_television(SAID, 5.0)
    heard: list[bytes] = []

    class Listening(SpeechEars):
        def frames(self, samples: Waveform) -> Frames:
            heard.append(samples.tobytes())
            return super().frames(samples)

    second = SecondHearing(Listening(), for_recognition())
    candidates = [matching.words(text) for text in ANSWERS]
    for sample in (sound, NOISY, sound):
        second.answer(sample, candidates, frozenset())
    first, between, last = heard
    assert first == last != between
    assert first != (sound / np.float32(32768.0)).astype(np.float32).tobytes()


@pytest.mark.parametrize(("below_db", "noisy"), [(5.0, True), (10.0, True), (45.0, False)])
def test_a_fan_makes_a_sound_noisy(below_db: float, noisy: bool) -> None:
    voice = spoken(ANSWERS[2]).astype(np.float64)
    loud = np.sqrt(np.mean(np.square(voice[np.abs(voice) > 300])))
    air = fan(6.0, np.random.default_rng(4))[: voice.size] * loud * 10.0 ** (-below_db / 20.0)
    mixed = np.clip(np.rint(voice + air), -32768, 32767).astype(np.int16)
    assert is_noisy(mixed) is noisy


def test_a_voice_alone_and_no_sound_at_all_are_not_noisy() -> None:
    assert NOISE_WITHIN_DB > 0.0
    assert not is_noisy(spoken(ANSWERS[0]))
    assert not is_noisy(np.zeros(0, np.int16))
    assert not is_noisy(np.ones(159, np.int16))
    steady: Samples = silence(1.0)
    assert is_noisy(steady)  # of one level throughout: its pauses are as loud as all else
