from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialog.matching import match, sentence_likeness, word_likeness, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, Myna!", "hello myna"),
        ("It's a cat.", "it is a cat"),
        ("I don’t know", "i do not know"),
        ("I can't; I won't", "i can not i will not"),
        ("they're we've she'll I'm", "they are we have she will i am"),
        ("Tom's ice-cream", "tom's ice cream"),
        ("I am 7", "i am seven"),
        ("25 apples", "twenty five apples"),
        ("100 and 342", "one hundred and three hundred forty two"),
        ("in 2026", "in two zero two six"),
        ("30", "thirty"),
        ("", ""),
        ("… 你好 ?!", ""),
    ],
)
def test_words_are_written_out(text: str, expected: str) -> None:
    assert words(text) == tuple(expected.split())


def best(heard: str, *candidates: str) -> tuple[int | None, bool]:
    found = match(words(heard), [words(candidate) for candidate in candidates])
    return found.index, found.complete


@pytest.mark.parametrize(
    ("heard", "candidates", "expected"),
    [
        ("it is a cat", ("it's a dog", "it's a cat"), (1, True)),
        ("it is cat", ("it's a dog", "it's a cat"), (1, True)),  # an article missing
        ("it is a", ("it's a cat",), (None, False)),  # still talking
        ("i have two red", ("I have two red apples",), (0, False)),
        ("have two red apples", ("I have two red apples",), (0, False)),
        ("have a two big red apples", ("have two big red apples",), (0, True)),
        ("it", ("it's a cat",), (None, False)),
        ("elephant", ("it's a cat",), (None, False)),
        ("cat", ("cut", "cat"), (1, True)),  # the very word wins over one that sounds alike
        ("bare", ("bear",), (0, True)),
        ("no", ("yes", "no"), (1, True)),
        ("yes", ("no",), (None, False)),
        ("", ("yes",), (None, False)),
        ("yes", (), (None, False)),
        ("yes", ("",), (None, False)),
        ("yes", ("yes", "yes"), (0, True)),  # the earlier of two equals
        ("good morning mister brown", ("good morning", "good morning mister brown"), (1, True)),
    ],
)
def test_the_nearest_answer_is_found(
    heard: str, candidates: tuple[str, ...], expected: tuple[int | None, bool]
) -> None:
    assert best(heard, *candidates) == expected


def test_likeness_of_words() -> None:
    assert word_likeness("cat", "cat") == 1.0
    assert word_likeness("night", "knight") == pytest.approx(0.9)
    assert word_likeness("cat", "hat") == 0.0  # one consonant is another word
    assert word_likeness("three", "free") == 0.0
    assert 0.0 < word_likeness("elephants", "elephant") < 0.9


SENTENCE = st.lists(
    st.sampled_from(["a", "the", "cat", "dog", "is", "big", "night", "knight", "i"]), max_size=6
)


@given(SENTENCE, SENTENCE)
def test_likeness_is_symmetric_and_bounded(one: list[str], other: list[str]) -> None:
    likeness = sentence_likeness(one, other)
    assert 0.0 <= likeness <= 1.0
    assert likeness == pytest.approx(sentence_likeness(other, one))
    assert sentence_likeness(one, one) == 1.0
    if likeness == 1.0:
        assert one == other
