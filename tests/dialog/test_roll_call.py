"""Who is there: by name, by the button, by the parents' choice; never by the voice."""

from __future__ import annotations

import itertools

import pytest

from dialog import roll_call
from dialog.phrases import phrases
from dialog.ports import (
    Begin,
    DialogEvent,
    Failed,
    Heard,
    HeardNothing,
    Language,
    Line,
    Recognition,
    Resume,
    StepOn,
    Trouble,
)
from dialog.roll_call import Asking, Chosen, Left, Outcome, RollCall

LILY, TOM, MING = range(3)
NAMES = ("Lily", "Tom", "小明")
ENGLISH, CHINESE = Language.ENGLISH, Language.CHINESE


def said(text: str, matched: int | None = None) -> Heard:
    return Heard(Recognition(text, matched, 0.9, complete=True), 0.8)


def hold(
    *events: DialogEvent, usual: int = TOM, language: Language = ENGLISH
) -> tuple[Outcome, list[Asking]]:
    """Go through events from the beginning on; the outcome, and all that was asked."""
    outcome: Outcome = roll_call.step(RollCall(NAMES, usual, seed=3), Begin(), language)
    asked = []
    for event in events:
        assert isinstance(outcome, Asking)
        asked.append(outcome)
        outcome = roll_call.step(outcome.call, event, language)
    return outcome, asked


def test_it_asks_for_all_names_each_in_the_voice_that_can_say_it() -> None:
    outcome, _ = hold()
    assert isinstance(outcome, Asking)
    assert outcome.expect.by_button
    texts = [(each.text, each.language) for each in outcome.lines]
    assert texts[0][0] in phrases()["who_is_there"]["en"]
    assert texts[1:] == [("Lily, Tom, or", ENGLISH), ("小明", CHINESE)]
    chinese = roll_call.step(RollCall(NAMES, TOM), Begin(), CHINESE)
    assert isinstance(chinese, Asking)
    assert chinese.lines[-1] == Line("Lily、Tom，还是小明？", CHINESE)


@pytest.mark.parametrize("form", ["lily", "i am lily", "it's lily", "my name is lily"])
def test_a_name_is_enough(form: str) -> None:
    outcome, _ = hold()
    assert isinstance(outcome, Asking)
    at = outcome.expect.answers.index(form)
    assert hold(said("something like it", at))[0] == Chosen(LILY)
    assert hold(said(form))[0] == Chosen(LILY)


def test_each_press_brings_the_next_name_and_after_the_last_the_first() -> None:
    outcome, asked = hold(*[StepOn()] * 4)
    assert isinstance(outcome, Asking)
    offered = [each.call.offered for each in (*asked, outcome)]
    assert offered == [None, LILY, TOM, MING, LILY]
    named = [" ".join(line.text for line in each.lines) for each in (*asked[1:], outcome)]
    assert [name in text for name, text in zip((*NAMES, "Lily"), named, strict=True)] == [True] * 4


def test_whoever_stays_silent_after_its_name_is_that_child() -> None:
    for presses, who in ((1, LILY), (2, TOM), (3, MING), (5, TOM)):
        assert hold(*[StepOn()] * presses, HeardNothing())[0] == Chosen(who)


def test_yes_and_no_answer_a_name_that_was_offered() -> None:
    assert hold(StepOn(), said("yes"))[0] == Chosen(LILY)
    after_no, _ = hold(StepOn(), said("no"))
    assert isinstance(after_no, Asking)
    assert after_no.call.offered == TOM
    assert hold(StepOn(), said("tom"))[0] == Chosen(TOM)
    # Nobody was offered: a yes names nobody.
    assert isinstance(hold(said("yes"))[0], Asking)


def test_silence_and_what_is_not_understood_end_with_whom_the_parents_named() -> None:
    assert hold(HeardNothing(), HeardNothing(), usual=MING)[0] == Chosen(MING)
    outcome, asked = hold(*[said("banana")] * 3, usual=LILY)
    assert outcome == Chosen(LILY)
    button = phrases()["who_button"]["en"]
    assert [any(line.text in button for line in each.lines) for each in asked] == [
        False,
        False,
        True,
    ]
    assert hold(*[Failed(Trouble.NOT_UNDERSTOOD)] * 3, usual=TOM)[0] == Chosen(TOM)


def test_a_child_may_leave_ask_again_and_come_back() -> None:
    left, _ = hold(said("goodbye"))
    assert isinstance(left, Left)
    assert left.lines
    again, _ = hold(StepOn(), said("again"))
    assert isinstance(again, Asking)
    assert (again.call.offered, len(again.lines)) == (None, 3)
    resumed, _ = hold(StepOn(), Resume())
    assert isinstance(resumed, Asking)
    assert resumed.call.offered is None


def test_it_always_ends() -> None:
    """Silence and misunderstandings do; who presses or asks is there, and may go on."""
    for events in itertools.product((HeardNothing(), said("banana")), repeat=6):
        outcome: Outcome = roll_call.step(RollCall(NAMES, TOM), Begin(), ENGLISH)
        for event in events:
            if isinstance(outcome, Asking):
                outcome = roll_call.step(outcome.call, event, ENGLISH)
        assert outcome == Chosen(TOM)
