"""The pronunciation scorer: one contract for the real one and the fake; what the real one hears."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from audio.ports import SAMPLE_RATE_HZ, Samples
from dialog.fakes import FakeVoice
from dialog.phone_set import PHONES
from dialog.ports import Language, Line, Synthesizer
from dialog.scoring.factory import build_scorer
from dialog.scoring.fakes import FakeScorer
from dialog.scoring.history import Past, VoiceHistory
from dialog.scoring.ports import Scorer
from dialog.scoring.result import Outcome, Score, kind_sentences
from dialog.voice_espeak import EspeakVoice
from tests.dialog.sounds import music, noise

PAUSE = np.zeros(SAMPLE_RATE_HZ * 3 // 10, np.int16)
REAL = functools.cache(build_scorer)
"""Loading takes a few tenths of a second."""


@dataclass(frozen=True)
class Pair:
    """A scorer and a voice that it understands."""

    scorer: Scorer
    voice: Synthesizer

    def said(self, text: str) -> Samples:
        pause = PAUSE if isinstance(self.voice, EspeakVoice) else PAUSE[:0]
        return np.concatenate([pause, *self.voice.speak(Line(text)), pause])

    def score(self, said: str, text: str) -> Score:
        return self.scorer.score(self.said(said), text)


@pytest.fixture(params=["real", "fake"])
def pair(request: pytest.FixtureRequest) -> Pair:
    if request.param == "real":
        return Pair(REAL(), EspeakVoice())
    return Pair(FakeScorer(), FakeVoice())


@pytest.fixture
def real() -> Pair:
    return Pair(REAL(), EspeakVoice())


# ------------------------------------------------------------------- contract


def test_every_phone_of_every_word_gets_a_score(pair: Pair) -> None:
    score = pair.score("It is a red apple.", "It is a red apple!")
    assert score.outcome is Outcome.SCORED
    assert [word.word for word in score.words] == ["it", "is", "a", "red", "apple"]
    assert [phone.phone for phone in score.words[3].phones] == ["R", "EH", "D"]
    for phone in score.phones():
        assert phone.phone in PHONES
        assert 0.0 <= phone.score_0_2 <= 2.0
        assert 0.0 <= phone.sure <= 1.0
        assert 0.0 <= phone.wrong <= 1.0
        assert 0.0 <= phone.start_s < phone.end_s
    for share in (score.sure, score.completeness):
        assert share is not None
        assert 0.0 <= share <= 1.0
    assert score.accuracy_0_2 is not None
    assert score.accuracy_0_2 > 1.2
    starts = [word.phones[0].start_s for word in score.words]
    assert starts == sorted(starts)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("", Outcome.NO_WORDS),
        ("?! …", Outcome.NO_WORDS),
        ("苹果", Outcome.OTHER_SCRIPT),
        ("an apple, 苹果", Outcome.OTHER_SCRIPT),
    ],
)
def test_a_text_that_cannot_be_said_is_an_outcome(pair: Pair, text: str, outcome: Outcome) -> None:
    assert pair.score("an apple", text) == Score(outcome)


@pytest.mark.parametrize("count", [0, 1, SAMPLE_RATE_HZ])
def test_silence_of_any_length_is_an_outcome(pair: Pair, count: int) -> None:
    score = pair.scorer.score(np.zeros(count, np.int16), "hello")
    assert score == Score(Outcome.SILENCE)
    assert score.pronunciation is None


def test_other_words_get_no_scores(pair: Pair) -> None:
    score = pair.score("Seven purple monkeys jump over the fence.", "good night")
    assert score.outcome in {Outcome.OTHER_SOUND, Outcome.TOO_LONG}
    assert score.phones() == ()
    assert score.accuracy_0_2 is None


def test_numbers_are_said_as_words(pair: Pair) -> None:
    score = pair.score("I have ten toys.", "I have 10 toys")
    assert [word.word for word in score.words] == ["i", "have", "ten", "toys"]


def test_the_tutor_gets_the_same_scores(pair: Pair) -> None:
    score = pair.score("thank you", "thank you")
    pronunciation = score.pronunciation
    assert pronunciation is not None
    assert [p.score_0_2 for p in pronunciation.phones()] == [p.score_0_2 for p in score.phones()]
    assert [word.word for word in pronunciation.words] == ["thank", "you"]


def test_the_same_sound_scores_the_same_again(pair: Pair) -> None:
    sound = pair.said("good morning")
    assert pair.scorer.score(sound, "good morning") == pair.scorer.score(sound, "good morning")


def test_json_has_each_phone_with_its_word(pair: Pair) -> None:
    plain = pair.score("thank you", "thank you").as_json()
    assert [phone["phone"] for phone in plain["phones"]] == ["TH", "AE", "NG", "K", "Y", "UW"]
    assert [phone["word"] for phone in plain["phones"]] == [0, 0, 0, 0, 1, 1]
    assert {"score_0_2", "start_s", "end_s", "heard"} <= set(plain["phones"][0])
    assert plain["phones"][0]["ipa"] == "θ"


# -------------------------------------------------------------- the real scorer


@pytest.mark.parametrize(
    ("wanted", "other", "phone"),
    [("thin", "tin", "TH"), ("hat", "hot", "AE"), ("red", "led", "R"), ("fish", "fist", "SH")],
)
def test_a_sound_scores_lower_where_another_was_said(
    real: Pair, wanted: str, other: str, phone: str
) -> None:
    """A fluent voice is believed much, so the difference is small; see ``docs/scoring.md``."""
    text = f"I say {wanted} to you"
    right, wrong = real.score(text, text), real.score(f"I say {other} to you", text)
    scores = [
        next(p.score_0_2 for p in score.words[2].phones if p.phone == phone)
        for score in (right, wrong)
    ]
    assert scores[0] > scores[1] + 0.02


def test_a_word_that_is_in_no_dictionary_is_marked(real: Pair) -> None:
    words = real.score("I see a snorblefox.", "I see a snorblefox").words
    assert [word.guessed for word in words] == [False, False, False, True]


def spoken(text: str, language: Language = Language.ENGLISH) -> Samples:
    return np.concatenate(list(EspeakVoice().speak(Line(text, language=language))))


def shouted(text: str) -> Samples:
    """Twenty times as loud as the microphone can bear."""
    return np.clip(spoken(text).astype(np.int32) * 60, -32768, 32767).astype(np.int16)


@pytest.mark.parametrize(
    "sound",
    [
        lambda: noise(2.0, 300.0),
        lambda: noise(2.0, 5000.0),
        lambda: noise(2.0, 3.0),
        lambda: music(2.0),
        lambda: np.where(noise(2.0, 9000.0) > 0, 32767, -32768).astype(np.int16),
        lambda: shouted("red apple"),
        lambda: spoken("今天我们一起去公园玩吧", Language.CHINESE),
        lambda: spoken("Seven green frogs sing a song. " * 5),
        lambda: np.resize(spoken("A red apple is a good thing to eat."), 30 * SAMPLE_RATE_HZ),
        lambda: noise(90.0, 500.0),
        lambda: noise(0.02, 2000.0),
    ],
    ids=[
        *("hiss", "roar", "whisper of noise", "music", "clipped", "shout", "another language"),
        *("long talk", "half a minute for two words", "minutes", "click"),
    ],
)
def test_what_is_no_answer_invents_no_score(real: Pair, sound: Callable[[], Samples]) -> None:
    score = real.scorer.score(sound(), "red apple")
    assert score.outcome is not Outcome.SCORED
    assert score.words == ()
    said = kind_sentences()[score.outcome]
    assert said["en"]
    assert said["zh"]


def test_level_hardly_matters(real: Pair) -> None:
    sound = real.said("I like red apples.")
    whole = [
        real.scorer.score((sound * gain).astype(np.int16), "I like red apples").accuracy_0_2
        for gain in (1.0, 0.25)
    ]
    assert whole[1] == pytest.approx(whole[0], rel=0.1)


def test_slow_speech_with_pauses_is_less_fluent(real: Pair) -> None:
    flowing = real.said("I like red apples.")
    halting = np.concatenate([real.said("I like"), PAUSE, PAUSE, real.said("red apples.")])
    quick = real.scorer.score(flowing, "I like red apples").fluency
    slow = real.scorer.score(halting, "I like red apples").fluency
    assert quick is not None
    assert slow is not None
    assert (quick.pauses, slow.pauses) == (0, 1)
    assert slow.score_0_2 < quick.score_0_2


# ------------------------------------------------------------- a child's history


def test_a_history_is_kept_as_text_and_survives_bad_text() -> None:
    history = VoiceHistory().joined(Past(4, 7.0, tuple(map(float, range(22)))))
    assert VoiceHistory.from_json(history.to_json()) == history
    for bad in ("", "{}", "[1]", '{"version": 1}', history.to_json().replace("7.0", "NaN")):
        assert VoiceHistory.from_json(bad) == VoiceHistory()


def test_a_past_of_good_scores_raises_a_score_and_a_past_of_bad_ones_lowers_it(real: Pair) -> None:
    sound = real.said("I like red apples.")
    text = "I like red apples"
    once = real.scorer.score(sound, text)
    assert once.past is not None
    assert once.past.phones == len(once.phones())
    better, worse = VoiceHistory(), VoiceHistory()
    for _ in range(10):
        n = once.past.phones
        better = better.joined(Past(n, 2.0 * n, once.past.figure_sums))
        worse = worse.joined(Past(n, 1.0 * n, once.past.figure_sums))
    up, down = (real.scorer.score(sound, text, history) for history in (better, worse))
    assert up.accuracy_0_2 is not None
    assert down.accuracy_0_2 is not None
    assert up.accuracy_0_2 > down.accuracy_0_2
    assert not math.isnan(up.accuracy_0_2)
