"""The tutor, single steps by script."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dialog.ports import (
    Attempt,
    Begin,
    DialogState,
    HeardNothing,
    Language,
    Line,
    Resume,
    Then,
    Verdict,
)
from tests.dialog.tutor_talk import (
    CHINESE,
    DIED,
    ENGLISH,
    NOT_UNDERSTOOD,
    NOW,
    Talk,
    asking,
    right,
    says,
    wrong,
)


def test_the_first_step_greets_shortly_and_asks_at_once() -> None:
    talk = Talk()
    assert len(talk.step.lines[0].text.split()) <= 5
    assert talk.step.lines[-1] == Line("Say: Hello.")
    assert talk.step.then is Then.LISTEN
    assert talk.expect.answers == ("hello",)
    assert talk.step.attempts == ()


def test_instructions_come_in_chinese_and_models_in_english() -> None:
    talk = Talk(CHINESE)
    assert talk.step.lines[-2:] == (
        Line("“你好”用英语这样说：", Language.CHINESE),
        Line("Hello.", Language.ENGLISH),
    )


def test_a_right_answer_is_praised_and_the_next_item_follows_in_the_same_step() -> None:
    talk = Talk()
    step = talk.tell(right(talk.expect))
    assert step.attempts == (Attempt("starter", "greetings/hello", Verdict.RIGHT, 1, 0.8, 1.2),)
    assert len(step.lines[0].text.split()) <= 5
    assert step.lines[-1].text.endswith("Say: Good morning.")
    assert talk.expect.answers == ("good morning",)


def test_a_wrong_answer_brings_the_model_slowly_and_a_second_try() -> None:
    talk = Talk()
    step = talk.tell(wrong(talk.expect))
    assert step.attempts[0].verdict is Verdict.WRONG
    assert Line("Hello.", Language.ENGLISH, 0.75) in step.lines
    assert talk.expect.answers == ("hello",)
    step = talk.tell(right(talk.expect))
    assert [(a.verdict, a.try_number) for a in step.attempts] == [(Verdict.RIGHT, 2)]


def test_after_two_wrong_answers_anything_is_enough_to_go_on() -> None:
    talk = Talk()
    talk.tell(right(talk.expect))
    talk.tell(wrong(talk.expect))
    step = talk.tell(wrong(talk.expect))
    assert step.lines[-1] == Line("Morning.", Language.ENGLISH, 0.75)
    assert talk.expect.answers == ("morning", "good morning")
    assert talk.expect.open_speech
    step = talk.tell(wrong(talk.expect))
    assert [a.verdict for a in step.attempts] == [Verdict.PARTLY]
    assert talk.expect.answers != ("morning", "good morning")


def test_the_key_word_is_praised_and_the_item_stays_to_be_practised() -> None:
    talk = Talk()
    talk.tell(right(talk.expect))
    talk.tell(wrong(talk.expect))
    talk.tell(wrong(talk.expect))
    step = talk.tell(says("morning", 0))
    assert [a.verdict for a in step.attempts] == [Verdict.PARTLY]
    assert step.learned is not None
    (memory,) = step.learned.memories
    assert (memory.item, memory.reviews, memory.lapses) == ("greetings/good-morning", 1, 1)
    assert memory.due < NOW + timedelta(days=2)


def test_silence_is_met_with_patience_then_help_then_a_goodbye() -> None:
    talk = Talk()
    first = talk.tell(HeardNothing())
    assert (first.then, first.lines[-1]) == (Then.LISTEN, Line("Say: Hello."))
    second = talk.tell(HeardNothing())
    assert Line("Hello.", Language.ENGLISH, 0.75) in second.lines
    third = talk.tell(HeardNothing())
    assert (third.then, third.expect, third.attempts) == (Then.SLEEP, None, ())


def test_what_was_not_understood_is_no_wrong_answer() -> None:
    talk = Talk()
    step = talk.tell(NOT_UNDERSTOOD)
    assert (step.attempts, step.lines[-1]) == ((), Line("Say: Hello."))
    assert talk.tell(says("")).attempts == ()
    step = talk.tell(NOT_UNDERSTOOD)
    assert step.attempts == ()
    assert talk.expect.answers == ("good morning",)


def test_a_dead_recogniser_is_heard_as_lets_try_that_again() -> None:
    talk = Talk()
    step = talk.tell(DIED)
    assert "et's try that again" in talk.text
    assert step.lines[-1] == Line("Say: Hello.")
    talk.tell(DIED)
    assert talk.tell(DIED).then is Then.SLEEP


@pytest.mark.parametrize(
    ("said", "then", "volume"),
    [
        ("again", Then.LISTEN, 0),
        ("too fast", Then.LISTEN, 0),
        ("help", Then.LISTEN, 0),
        ("how am i doing", Then.LISTEN, 0),
        ("louder", Then.LISTEN, 1),
        ("quieter", Then.LISTEN, -1),
        ("go on", Then.LISTEN, 0),
        ("wait", Then.PAUSE, 0),
        ("stop", Then.SLEEP, 0),
    ],
)
def test_commands_are_obeyed_without_counting_as_answers(
    said: str, then: Then, volume: int
) -> None:
    talk = Talk()
    index = talk.expect.hints().candidates.index(said)
    step = talk.tell(says(said, index))
    assert (step.then, step.volume_step, step.attempts) == (then, volume, ())
    if then is Then.LISTEN:
        assert talk.expect.answers == ("hello",)
        assert "Hello." in talk.text


@pytest.mark.parametrize("said", ["stop", "goodbye"])
def test_leaving_takes_more_than_a_doubtful_word(said: str) -> None:
    talk = Talk()
    doubtful = talk.tell(says(said, sure=0.5))
    assert (doubtful.then, doubtful.attempts) == (Then.LISTEN, ())
    assert talk.expect.answers == ("hello",)
    assert talk.tell(says(said, sure=0.8)).then is Then.SLEEP


def test_an_answer_to_another_item_of_the_unit_is_a_wrong_answer() -> None:
    talk = Talk()
    assert {"good morning", "good night"} <= set(talk.expect.hints().candidates)
    step = talk.tell(says("good night"))
    assert (step.then, step.attempts[0].verdict) == (Then.LISTEN, Verdict.WRONG)


def test_skip_goes_on_and_is_remembered() -> None:
    talk = Talk()
    step = talk.tell(says("skip it"))
    assert [(a.item, a.verdict) for a in step.attempts] == [("greetings/hello", Verdict.SKIPPED)]
    assert talk.expect.answers == ("good morning",)


def test_slower_lasts_for_the_session() -> None:
    talk = Talk()
    talk.tell(says("slow down"))
    step = talk.tell(right(talk.expect))
    assert {line.rate for line in step.lines} == {0.85}


def test_after_a_pause_the_same_is_asked_again() -> None:
    talk = Talk()
    assert talk.tell(says("wait a minute")).expect is None
    step = talk.tell(Resume())
    assert (step.then, step.lines[-1]) == (Then.LISTEN, Line("Say: Hello."))


def test_waking_her_in_the_middle_goes_on_where_it_was() -> None:
    talk = Talk()
    talk.tell(right(talk.expect))
    step = talk.tell(Begin())
    assert step.lines[-1].text.endswith("Say: Good morning.")


@pytest.mark.parametrize(
    "said", ["i am seven", "um i'm seven", "seven", "well i am seven years old", "ah seven"]
)
def test_every_wording_of_a_right_answer_counts_even_unmatched(said: str) -> None:
    talk = Talk(asking("greetings/how-old-are-you"))
    assert talk.tell(says(said)).attempts[0].verdict is Verdict.RIGHT


def test_a_word_inside_other_words_is_no_answer() -> None:
    talk = Talk()
    assert talk.tell(says("blue hello green")).attempts[0].verdict is Verdict.WRONG


def test_an_answer_that_is_also_a_command_is_an_answer() -> None:
    talk = Talk(asking("greetings/goodbye", "greetings/hello"))
    assert talk.expect.answers[0] == "goodbye"
    step = talk.tell(says("bye bye", 1))
    assert (step.then, step.attempts[0].verdict) == (Then.LISTEN, Verdict.RIGHT)


def test_a_late_event_after_the_goodbye_is_silence() -> None:
    talk = Talk()
    talk.tell(says("stop"))
    step = talk.tell(HeardNothing())
    assert (step.lines, step.then, step.attempts) == ((), Then.SLEEP, ())


def test_a_new_session_begins_after_the_goodbye() -> None:
    talk = Talk()
    talk.tell(right(talk.expect))
    talk.tell(says("stop"))
    talk.tell(Begin())
    assert talk.expect.answers == ("good morning",)


def test_a_foreign_state_is_refused() -> None:
    with pytest.raises(ValueError, match="'cloud'"):
        ENGLISH.step(DialogState("cloud"), Begin(), NOW)
