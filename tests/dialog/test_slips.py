"""Which word of an answer was left out, added or replaced, on posteriors made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from dialog.ports import Hints, Slip, SlipKind
from dialog.recognizer_vosk import VoskRecognizer
from dialog.slips import slip_in
from tests.audio.speech import espeak
from tests.dialog.test_answers import frames_of

EXPECTED = ("i", "have", "two", "red", "apples")


@pytest.mark.parametrize(
    ("said", "slip"),
    [
        ("i have two red apples", None),
        ("i have red apples", Slip(SlipKind.MISSING, 2, "two")),
        ("have two red apples", Slip(SlipKind.MISSING, 0, "i")),
        ("i have two red", Slip(SlipKind.MISSING, 4, "apples")),
        ("i have two green apples", Slip(SlipKind.REPLACED, 3, "red")),
        ("i have two red chairs", Slip(SlipKind.REPLACED, 4, "apples")),
        ("i have two very red apples", Slip(SlipKind.ADDED, 3, "two")),
        ("i have two red apples please", Slip(SlipKind.ADDED, 5, "apples")),
        ("where is the elephant now", None),
        ("good morning teacher", None),
    ],
)
def test_the_word_that_went_wrong_is_named(said: str, slip: Slip | None) -> None:
    assert slip_in(frames_of(said), EXPECTED) == slip


def test_an_answer_of_two_words_has_no_word_to_spare() -> None:
    assert slip_in(frames_of("good evening"), ("good", "morning")) is None


def test_silence_holds_no_slip() -> None:
    assert slip_in(frames_of(""), EXPECTED) is None


@pytest.mark.parametrize(
    ("said", "slip"),
    [
        ("i have two red apples", None),
        ("i have red apples", Slip(SlipKind.MISSING, 2, "two", candidate=1)),
        ("i have two green apples", Slip(SlipKind.REPLACED, 3, "red", candidate=1)),
        ("where is the elephant", None),
    ],
)
def test_the_recogniser_names_it_from_sound(said: str, slip: Slip | None) -> None:
    """By a voice that the ears never heard; a word beside the answers is no slip of one."""
    answers = ("my name is lily", " ".join(EXPECTED), "wait a minute please")
    sound = np.pad(espeak(said, "-v", "en-us+f4", "-s", "130"), 4800)
    heard = VoskRecognizer().recognize(sound, Hints(answers, scored=2))
    assert heard.slip == slip
    assert heard.matched == (1 if said == answers[1] else None)
