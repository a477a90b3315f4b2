"""Sentences out of tokens."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialog.cloud.sentences import LONGEST, SentenceSplitter

TEXT = "Mr. Fox has 3.5 apples, e.g. red. Do you like it? Yes!  “I do.” 苹果是红色的。你喜欢吗？好"
SENTENCES = [
    "Mr. Fox has 3.5 apples, e.g. red.",
    "Do you like it?",
    "Yes!",
    "“I do.”",
    "苹果是红色的。",
    "你喜欢吗？",
    "好",
]


def split(*parts: str) -> list[str]:
    splitter = SentenceSplitter()
    return [sentence for part in parts for sentence in splitter.feed(part)] + splitter.finish()


def test_a_text_becomes_its_sentences() -> None:
    assert split(TEXT) == SENTENCES


@given(st.lists(st.integers(0, len(TEXT)), max_size=12))
def test_where_tokens_end_does_not_matter(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(TEXT)]
    parts = [TEXT[a:b] for a, b in itertools.pairwise(edges)]
    assert split(*parts) == SENTENCES


@given(st.text(max_size=600))
def test_any_text_ends_and_nothing_sayable_is_empty(text: str) -> None:
    for sentence in split(*text):
        assert sentence.strip() == sentence != ""
        assert len(sentence) <= LONGEST * 2


def test_the_first_sentence_is_there_before_the_second() -> None:
    splitter = SentenceSplitter()
    assert splitter.feed("It is blue.") == []  # "blue.5" may yet come
    assert splitter.feed(" Do") == ["It is blue."]


def test_a_sentence_without_end_is_cut_at_a_word() -> None:
    found = split("and on " * 100)
    assert len(found) > 1
    assert all(sentence.split()[-1] in ("and", "on") for sentence in found)


@pytest.mark.parametrize("text", ["", "   ", "...", "😀 * #", "。。。"])
def test_what_cannot_be_said_is_no_sentence(text: str) -> None:
    assert split(text) == []
