"""At which level a word is met, and what the check says about words that are too hard."""

from __future__ import annotations

import importlib.resources
from collections import Counter
from pathlib import Path

import pytest

from dialog.packs.check import check_pack
from dialog.packs.levels import FREQUENT, level_of, unsuitable_words
from dialog.packs.model import Level
from dialog.packs.pronunciations import known_words

PACK = """\
format: 1
id: hard
version: 1.0.0
licence: CC-BY-SA-4.0
title: {en: "Hard words", zh: "难词"}
units: [unit.yaml]
"""
UNIT = """\
id: space
title: {en: "Space", zh: "太空"}
intro: {en: "Up we go.", zh: "出发。"}
items:
  - id: comet
    kind: word
    level: a1
    prompt: {en: "Say:", zh: "跟我说："}
    english: "A comet."
"""


def words_of(name: str) -> list[str]:
    text = (importlib.resources.files("dialog.packs") / "words" / f"{name}.txt").read_text("utf-8")
    lines = [line for line in text.splitlines() if line[:1] not in ("#", "[")]
    return " ".join(lines).split()


@pytest.mark.parametrize(
    ("word", "level"),
    [
        ("banana", Level.PRE_A1),
        ("bananas", Level.PRE_A1),
        ("the", Level.PRE_A1),
        ("isn't", Level.PRE_A1),
        ("running", Level.PRE_A1),
        ("puppies", Level.PRE_A1),
        ("leaves", Level.PRE_A1),
        ("dog's", Level.PRE_A1),
        ("b", Level.PRE_A1),
        ("breakfast", Level.A1),
        ("happily", Level.PRE_A1),
        ("treasure", Level.A2),
        ("photosynthesis", None),
        ("ping", None),
    ],
)
def test_a_word_has_its_lowest_level(word: str, level: Level | None) -> None:
    assert level_of(word) is level


def test_a_pack_can_declare_words() -> None:
    assert level_of("comet") is None
    assert level_of("comets", {"comet": Level.A1}) is Level.A1
    assert level_of("dog", {"dog": Level.A2}) is Level.PRE_A1


def test_the_lists_are_clean() -> None:
    frequent, everyday = words_of("frequent"), words_of("everyday")
    assert len(frequent) == max(FREQUENT.values())
    for words in (frequent, everyday):
        assert [word for word, count in Counter(words).items() if count > 1] == []
        assert set(words) - known_words() - {"o'clock"} == set()
        assert set(words) & unsuitable_words() == set()


def test_a_word_above_its_level_is_told_and_can_be_declared(tmp_path: Path) -> None:
    (tmp_path / "unit.yaml").write_text(UNIT, encoding="utf-8")
    (tmp_path / "pack.yaml").write_text(PACK, encoding="utf-8")
    assert [str(problem) for problem in check_pack(tmp_path)] == [
        "unit.yaml:5: the word 'comet' is not one of a1;"
        " use an easier word, raise the level, or list it in pack.yaml under words:"
    ]
    (tmp_path / "pack.yaml").write_text(PACK + "words: {a1: [comet]}\n", encoding="utf-8")
    assert check_pack(tmp_path) == []


def test_a_word_that_is_not_for_children_is_told(tmp_path: Path) -> None:
    (tmp_path / "pack.yaml").write_text(PACK, encoding="utf-8")
    unit = UNIT.replace("A comet", "A gun").replace('"Up we go."', '"Up we go, you idiot."')
    (tmp_path / "unit.yaml").write_text(unit, encoding="utf-8")
    told = [(problem.line, problem.message) for problem in check_pack(tmp_path)]
    assert (3, "'idiot' is no word for a child's lesson") in told
    assert (9, "'gun' is no word for a child's lesson") in told
