"""The pack that every speaker carries, held to what was promised about it."""

from __future__ import annotations

from collections import Counter

import pytest

from dialog.commands import listened_for
from dialog.packs import starter_pack, starter_path
from dialog.packs.check import check_pack
from dialog.packs.model import Item, Kind, Level, Text
from dialog.packs.speech import near_wake_phrase, sentences
from dialog.packs.wording import plain

PACK = starter_pack()
ITEMS = tuple(PACK.items())


def every_text() -> list[Text]:
    texts = [PACK.title]
    for unit in PACK.units:
        texts += [unit.title, unit.intro, *(item.prompt for item in unit.items)]
        for play in unit.plays:
            texts += [play.title, play.scene, *(step.cue for step in play.steps if step.branches)]
    return texts


def every_english() -> list[str]:
    said = [part for item in ITEMS for part in (item.english, item.model, item.reply) if part]
    for play in PACK.plays():
        for step in play.steps:
            said += [step.says, *(branch.model for branch in step.branches)]
    return said + [text.en for text in every_text()]


def test_the_check_finds_nothing() -> None:
    assert check_pack(starter_path()) == []


def test_it_is_as_large_and_varied_as_promised() -> None:
    assert len(PACK.units) >= 5
    assert len(ITEMS) >= 60
    assert len(list(PACK.plays())) >= 2
    kinds = Counter(item.kind for item in ITEMS)
    assert min(kinds[kind] for kind in Kind) >= 15
    assert {item.level for item in ITEMS} == {Level.PRE_A1, Level.A1}
    assert PACK.licence == "CC-BY-SA-4.0"


def test_every_role_play_has_a_choice_that_changes_what_follows() -> None:
    for play in PACK.plays():
        assert any(len({branch.next for branch in step.branches}) > 1 for step in play.steps)


def test_everything_has_both_languages() -> None:
    for text in every_text():
        assert text.en.strip()
        assert any("\u4e00" <= letter <= "\u9fff" for letter in text.zh), text


def test_no_prompt_is_used_twice_in_chinese() -> None:
    counts = Counter(item.prompt.zh for item in ITEMS)
    assert [prompt for prompt, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("text", every_english())
def test_nothing_wakes_a_speaker_and_all_is_sayable(text: str) -> None:
    assert near_wake_phrase(text) == ""
    assert sentences(text) <= 3
    assert not any(letter.isdigit() for letter in text)


@pytest.mark.parametrize(
    "text", ["Hey Jarvis.", "Say hey, Jarvis!", "Jarvis", "Hello Myna!", "hey, Mynah", "Hello mina"]
)
def test_a_wake_phrase_would_be_found(text: str) -> None:
    assert near_wake_phrase(text)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.id)
def test_an_item_is_fair(item: Item) -> None:
    assert item.answers[0] == plain(item.model)
    assert all(answer == plain(answer) for answer in item.answers)
    if item.kind is not Kind.QUESTION:
        assert plain(item.english) == item.answers[0]
    if item.key:
        assert item.key in " ".join(item.answers) or item.key == "yes"
    assert len(item.answers) <= 60


def test_commands_stay_within_reach_of_every_item() -> None:
    for item in ITEMS:
        heard = listened_for(item.answers)
        assert {"repeat", "skip", "help", "wait"} <= set(heard)


def test_the_model_of_an_item_is_rarely_one_to_wait_for() -> None:
    """Only where a child may well go on does Myna wait a second after the model answer."""
    slow = [
        item.id
        for item in ITEMS
        if any(other.startswith(item.answers[0] + " ") for other in item.answers)
    ]
    assert slow == []
