"""Each kind of item: how it is asked, and what is made of right, half and wrong answers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialog.kinds import Judgement, Outcome, asks, judge
from dialog.kinds.chant import in_time
from dialog.kinds.spell import letters_of
from dialog.packs import starter_pack
from dialog.packs.model import Chant, Kind
from dialog.packs.said import jumbled, mixed_up

ITEMS = {item.id: item for item in starter_pack().items()}
WORDS = sorted(
    {word for item in ITEMS.values() for answer in item.answers for word in answer.split()}
)


def verdict(item_id: str, said: str, stage: int = 0, duration_s: float = 0.0) -> Judgement:
    item = ITEMS[item_id]
    return judge(item, asks(item)[stage], said, duration_s)


def test_every_answer_of_every_item_is_right() -> None:
    for item in ITEMS.values():
        for ask in asks(item):
            assert ask.answers or ask.open_speech
            for answer in ask.answers:
                assert judge(item, ask, answer) == Judgement(Outcome.RIGHT), (item.id, answer)


def test_no_known_wrong_answer_is_right() -> None:
    for item in ITEMS.values():
        if item.kind is Kind.DESCRIBE:
            continue  # its others are ideas: one of them may be enough
        for ask in asks(item):
            for other in ask.others:
                assert judge(item, ask, other).outcome is not Outcome.RIGHT, (item.id, other)


def test_help_after_a_wrong_answer_is_something_to_say() -> None:
    for item in ITEMS.values():
        if item.open_speech:
            continue
        for ask in asks(item):
            judged = judge(item, ask, "purple umbrella stairs")
            assert judged.outcome is Outcome.WRONG
            assert judged.model


@given(st.sampled_from(sorted(ITEMS)), st.lists(st.sampled_from(WORDS), min_size=1, max_size=9))
@settings(max_examples=300, deadline=None)
def test_any_words_are_judged(item_id: str, words: list[str]) -> None:
    item = ITEMS[item_id]
    for ask in asks(item, turn=len(words)):
        judged = judge(item, ask, " ".join(words), 1.0)
        assert (judged.outcome is Outcome.RIGHT) == (judged.model == "")


def test_what_is_to_be_heard_of_a_pair_changes_each_turn_and_cannot_be_guessed() -> None:
    pairs = [item for item in ITEMS.values() if item.kind is Kind.PAIR]
    first = [asks(item, 0)[0].answers[0] for item in pairs]
    assert [asks(item, 1)[0].answers[0] == one for item, one in zip(pairs, first, strict=True)] == [
        False
    ] * len(pairs)
    assert 0.35 < first.count("one") / len(first) < 0.65


def test_a_pair_is_heard_and_then_said_both_ways() -> None:
    item = ITEMS["sounds-th/think-sink"]
    hear, say, say_other = asks(item)
    assert hear.english in (
        "One: think. Two: sink. Now: think.",
        "One: think. Two: sink. Now: sink.",
    )
    assert (say.answers, say.others) == (("think",), ("sink",))
    assert (say_other.answers, say_other.others) == (("sink",), ("think",))
    judged = judge(item, say, "sink")
    assert (judged.outcome, judged.model, judged.instead) == (Outcome.WRONG, "Think.", "sink")
    assert "tongue" in judged.remark.en
    assert judge(item, say, "umbrella").instead == ""


def test_a_description_is_judged_by_its_ideas_and_asks_for_the_next_one() -> None:
    banana = "market/describe-banana"
    assert verdict(banana, "well a banana is yellow and it is long").outcome is Outcome.RIGHT
    half = verdict(banana, "monkeys eat it")
    assert (half.outcome, half.model) == (Outcome.NEARLY, "It is long.")
    assert half.remark.en == "Is it long or short?"
    assert verdict(banana, "i do not know").outcome is Outcome.WRONG
    assert verdict(banana, "along yellowish").outcome is Outcome.WRONG, (
        "parts of words are no words"
    )


def test_a_sentence_has_to_be_in_order() -> None:
    toes = "body/i-have-ten-toes"
    assert ITEMS[toes].english == "Toes, I have, ten."
    assert verdict(toes, "i have ten toes").outcome is Outcome.RIGHT
    mixed = verdict(toes, "ten toes i have")
    assert (mixed.outcome, mixed.model) == (Outcome.NEARLY, "I have ten toes.")
    assert "order" in mixed.remark.en
    assert "missing" in verdict(toes, "i have toes").remark.en
    assert verdict(toes, "toes").outcome is Outcome.WRONG


@given(st.lists(st.text("abc", min_size=1, max_size=3), min_size=2, max_size=6, unique=True))
def test_the_parts_of_a_sentence_are_never_given_in_order(parts: list[str]) -> None:
    assert jumbled(parts) != parts
    assert sorted(jumbled(parts)) == sorted(parts)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("c a t", Outcome.RIGHT),
        ("see a tea", Outcome.RIGHT),
        ("cat", Outcome.WRONG),
        ("k a t", Outcome.WRONG),
        ("c e t", Outcome.NEARLY),
        ("c a", Outcome.NEARLY),
        ("c a t s", Outcome.NEARLY),
        ("umbrella", Outcome.WRONG),
    ],
)
def test_spelling_wants_every_letter(said: str, outcome: Outcome) -> None:
    judged = verdict("letters/spell-cat", said)
    assert judged.outcome is outcome
    assert judged.model == ("" if outcome is Outcome.RIGHT else "C, A, T.")


def test_double_letters_can_be_said_as_such() -> None:
    assert letters_of("a double p l e") == "apple"
    assert verdict("letters/spell-apple", "a double p l e").outcome is Outcome.RIGHT


def test_teen_and_ty_are_told_apart() -> None:
    judged = verdict("numbers/thirteen", "thirty")
    assert (judged.outcome, judged.instead) == (Outcome.WRONG, "thirty")
    assert "end" in judged.remark.en
    assert ITEMS["numbers/after-nine"].confusions == ()
    assert [mixed_up(value) for value in (12, 13, 20, 30, 90, 95)] == [
        (), (30,), (), (13,), (19,), ()
    ]  # fmt: skip


def test_a_line_of_a_chant_wants_its_words_and_its_beat() -> None:
    item = ITEMS["body/body-beat"]
    assert isinstance(item.detail, Chant)
    line = item.detail.lines[0]
    length_s = item.detail.length_s(line)
    assert length_s == pytest.approx(4 * 60 / 84)
    said = asks(item)[0].answers[0]
    assert verdict(item.id, said, 0, length_s).outcome is Outcome.RIGHT
    assert verdict(item.id, said, 0, 0.0).outcome is Outcome.RIGHT, "no length, no verdict on it"
    assert "slower" in verdict(item.id, said, 0, 0.3 * length_s).remark.en
    assert "faster" in verdict(item.id, said, 0, 2.0 * length_s).remark.en
    assert verdict(item.id, "clap your hands", 0, length_s).outcome is Outcome.WRONG
    assert [in_time(item.detail, line, part * length_s) for part in (0.49, 0.51, 1.59, 1.61)] == [
        1, 0, 0, -1
    ]  # fmt: skip


def test_an_open_question_takes_anything() -> None:
    assert verdict("greetings/whats-your-name", "purple umbrella").outcome is Outcome.RIGHT


def test_a_story_is_one_way_of_gaps() -> None:
    story = next(play for play in starter_pack().plays() if play.id == "garden/little-seed")
    assert story.story
    ways = [[branch.next for branch in step.branches] for step in story.steps]
    assert ways == [["rain"], ["sun"], ["leaf"], ["tree"], ["end"], []]
    assert story.steps[-1].says.endswith("I do!")
