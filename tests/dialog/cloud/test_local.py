"""What Myna knows by herself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from dialog.cloud.arithmetic import sum_in
from dialog.cloud.local import LocalAnswers
from dialog.packs import choose_pack
from dialog.ports import Language

NOW = datetime(2026, 11, 23, 16, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAnswers]:
    answers = LocalAnswers(choose_pack("starter", ()))
    yield answers
    answers.close()


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("what is two plus three", "5"),
        ("twenty one minus four", "17"),
        ("how much is six times seven", "42"),
        ("what is 7 x 8", "56"),
        ("one hundred and five plus five", "110"),
        ("what is ten divided by three", "3, and 1 left over"),
        ("what is seven divided by two", "3.5"),
        ("what is half of ten", "5"),
        ("七乘八等于几", "56"),
        ("二十三加十七是多少", "40"),
        ("一百零五减五", "100"),
        ("what is five divided by zero", None),
        ("cats and dogs", None),
        ("what is love", None),
        ("one thousand thousand times one thousand", None),
        ("", None),
    ],
)
def test_sums(question: str, answer: str | None) -> None:
    assert sum_in(question) == answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("how do you spell elephant", "E, L, E, P, H, A, N, T: elephant."),
        ("What time is it?", "It is 4:05."),
        ("现在几点了", "It is 4:05."),
        ("what day is it today", "Today is Monday."),
        ("what does rabbit mean", "A rabbit. It has long ears."),
        ("兔子用英语怎么说", "A rabbit."),
        ("what does quokka mean", None),
        ("why is the sky blue", None),
        ("", None),
    ],
)
def test_certain(local: LocalAnswers, question: str, answer: str | None) -> None:
    assert local.certain(question, NOW, Language.ENGLISH) == answer


def test_the_word_of_the_day_is_the_same_all_day_and_another_tomorrow(local: LocalAnswers) -> None:
    def word(day: int, hour: int) -> str | None:
        now = datetime(2026, 11, day, hour, tzinfo=UTC)
        return local.certain("what is the word of the day", now, Language.ENGLISH)

    assert word(23, 8) == word(23, 20) != word(24, 8)


def test_the_lesson_answers_its_own_questions_and_no_others(local: LocalAnswers) -> None:
    assert local.retrieved("what colour is the sky") == "It is blue."
    assert local.retrieved("which colour is the sky please") is None  # not how it was asked
    for other in ("why is the sky blue", "what is a volcano", "", "?!", '" OR NOT (', "colour"):
        assert local.retrieved(other) is None
