"""What Myna says of herself, and what a child may say to her at any time."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialog.commands import ALSO_UNDERSTOOD, LISTENED_FOR, Command, command_in, listened_for
from dialog.packs.pronunciations import known_words
from dialog.packs.speech import near_wake_phrase, sentences, speech_faults
from dialog.packs.wording import plain
from dialog.phrases import Speech, phrases, wording
from dialog.ports import Language, Line

ALL = [(key, tag, text) for key, tags in phrases().items() for tag in tags for text in tags[tag]]
SCOLDING = re.compile(
    r"\b(wrong|bad|mistake|error|fail|incorrect|no!|stupid|again\?)\b|(?<!不)错|笨|不对"
)


@pytest.mark.parametrize(("key", "tag", "text"), ALL)
def test_a_phrase_is_short_kind_and_sayable(key: str, tag: str, text: str) -> None:
    bare = re.sub(r"\{(model|slow|other)\}", "", text)
    assert list(speech_faults(bare, tag)) == []
    assert sentences(bare) <= 3
    assert near_wake_phrase(text) == ""
    assert not SCOLDING.search(text.lower())


def test_every_phrase_has_variants_in_both_languages() -> None:
    for key, tags in phrases().items():
        assert set(tags) == {"en", "zh"}, key
        for wordings in tags.values():
            assert len(set(wordings)) == len(wordings) >= 3, key
        places = {tuple(re.findall(r"\{\w+\}", text)) for texts in tags.values() for text in texts}
        assert len(places) == 1, f"{key}: English has to be in every wording or in none"


@given(st.sampled_from(sorted(phrases())), st.sampled_from(Language), st.integers(0, 2**63))
def test_no_wording_comes_twice_in_a_row_and_all_are_heard(
    key: str, language: Language, seed: int
) -> None:
    size = len(phrases()[key][language.value])
    said = [wording(key, language, seed=seed, count=n) for n in range(3 * size)]
    assert all(a != b for a, b in pairwise(said))
    assert set(said[:size]) == set(phrases()[key][language.value])


def test_english_in_a_chinese_phrase_is_said_by_the_english_voice() -> None:
    speech = Speech(Language.CHINESE, seed=0, counts=(), rate=1.0)
    speech.text("听：{slow}你来说。", "A cat.")
    assert speech.lines == [
        Line("听：", Language.CHINESE),
        Line("A cat.", Language.ENGLISH, 0.75),
        Line("你来说。", Language.CHINESE),
    ]


def test_english_at_its_own_rate_stays_in_the_sentence() -> None:
    speech = Speech(Language.ENGLISH, seed=0, counts=(), rate=0.85)
    speech.text("You said {model} well.", "A cat.")
    assert speech.lines == [Line("You said A cat well.", Language.ENGLISH, 0.85)]


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ("again", Command.REPEAT),
        ("Please say again!", Command.REPEAT),
        ("one more time please", Command.REPEAT),
        ("more slow please", Command.SLOWER),
        ("i no know", Command.HELP),
        ("oh, I don't know", Command.HELP),
        ("next", Command.SKIP),
        ("Bye bye, Myna", Command.STOP),
        ("how am i doing", Command.PROGRESS),
        ("louder please", Command.LOUDER),
        ("small voice", Command.QUIETER),
        ("go on", Command.GO_ON),
        ("wait a minute", Command.WAIT),
        ("a red apple", None),
        ("", None),
        ("please", None),
        ("stop the car", None),
    ],
)
def test_commands_are_understood(said: str, command: Command | None) -> None:
    assert command_in(said) is command


def test_no_wording_means_two_things() -> None:
    wordings = [w for t in (LISTENED_FOR, ALSO_UNDERSTOOD) for ws in t.values() for w in ws]
    assert len(wordings) == len(set(wordings))
    assert all(w == plain(w) for w in wordings)
    assert set(LISTENED_FOR) == set(Command)


def test_the_recogniser_can_hear_every_command() -> None:
    words = {word for ws in LISTENED_FOR.values() for w in ws for word in w.split()}
    assert words - known_words() == set()


def test_an_answer_is_never_taken_for_a_command() -> None:
    heard = listened_for(("goodbye", "bye bye", "wait for me"))
    assert "bye bye" not in heard
    assert "wait" not in heard
    assert "stop" in heard
