"""What a sentence of a reply has to be like."""

from __future__ import annotations

import pytest

from device.bench.safety_cases import shipped
from dialog.ports import Language
from dialog.safety.lists import topic_of
from dialog.safety.ports import Flaw
from dialog.safety.screen import Wanted, common_words, flaw_in, screen, share_known

ENGLISH = Wanted()
CHINESE = Wanted(Language.CHINESE)


@pytest.mark.parametrize(
    ("sentence", "wanted", "flaw"),
    [
        ("A penguin is a bird, but it cannot fly.", ENGLISH, None),
        ("Do you like red apples?", ENGLISH, None),
        ("企鹅是一种鸟，可是它不会飞。", CHINESE, None),
        ("企鹅的英语是 penguin。", CHINESE, None),
        ("Photosynthesis converts electromagnetic radiation.", ENGLISH, Flaw.LEVEL),
        ("The cat sat " + "and sat " * 8 + "down.", ENGLISH, Flaw.TOO_LONG),
        ("企鹅" * 21 + "。", CHINESE, Flaw.TOO_LONG),
        ("企鹅是一种鸟。", ENGLISH, Flaw.LANGUAGE),
        ("A penguin is a bird.", CHINESE, Flaw.LANGUAGE),
        ("Пингвин is a bird.", ENGLISH, Flaw.LANGUAGE),
        ("What is your name?", ENGLISH, Flaw.GROOMING),
        ("Go to www.birds.example now.", ENGLISH, Flaw.NOT_FOR_SPEECH),
        ("You can kill it.", ENGLISH, Flaw.UNSAFE),
        # The graver reason comes first.
        ("You should kill photosynthesis.", ENGLISH, Flaw.UNSAFE),
    ],
)
def test_a_sentence_is_fit_to_be_said_or_not(
    sentence: str, wanted: Wanted, flaw: Flaw | None
) -> None:
    assert flaw_in(sentence, wanted) is flaw


def test_the_lesson_words_count_as_known() -> None:
    sentence = "A quokka hops."
    assert share_known(sentence, ENGLISH) < share_known(
        sentence, Wanted(known=frozenset({"quokka", "hops"}))
    )


def test_inflected_forms_of_known_words_are_known() -> None:
    sentence = "Babies liked running, bigger boxes and the happiest wolves."
    assert share_known(sentence, ENGLISH) > 0.8


def test_a_higher_level_knows_more() -> None:
    assert common_words("pre-a1") < common_words("a1")


@pytest.mark.parametrize("part", ["tuned", "heldout_2"])
def test_what_is_on_a_list_never_gets_through_whatever_the_model_says(part: str) -> None:
    cases = [case for case in shipped(part).cases if not case.harmless]
    asked = [case.text for case in cases if not case.replied and topic_of(case.text)]
    assert len(asked) > 200
    sent = [text for text in asked if not ((found := screen(text)).topic or found.doubt)]
    assert sent == []
    replied = [case.text for case in cases if case.replied and topic_of(case.text)]
    assert [text for text in replied if flaw_in(text, ENGLISH) is None] == []
