"""A child teaches Myna its voice in a talk: what is said, kept, skipped and given up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path

import numpy as np
import pytest

from audio.ports import WakeWord
from audio.settings import WakeSettings
from device.house_rules import HouseRules
from device.lessons import Lessons, Rules
from device.store import Store
from device.wake_examples import WakeExamples
from device.wake_lesson import MOST_MISSES, MOST_SILENCES, WakeLesson
from device.wake_lesson_words import Saying, line, model
from device.wake_voices import WakeVoices
from dialog.packs import starter_pack
from dialog.ports import (
    Begin,
    DialogEvent,
    Failed,
    Heard,
    HeardNothing,
    Hints,
    Language,
    Recognition,
    Resume,
    Step,
    Then,
    Trouble,
)
from dialog.settings import LessonSettings
from dialog.wake.question import Lesson, Taught, WakeExample, WakeQuestion

NOON = datetime(2026, 1, 5, 12, 0).astimezone()
WAY = (("HH", "AA", "L", "OW"),)
TAUGHT = Taught("hello myna", (WAY, ()), 0.5)


class Teaching:
    """A waking of a child, stepped by hand."""

    def __init__(self, folder: Path | None = None, prompts: str = "en") -> None:
        self.store = Store(folder)
        self.lessons = Lessons(starter_pack(), LessonSettings(prompts=prompts), self.store, "en")
        self.voices = WakeVoices(WakeSettings(), folder)
        rules = HouseRules(self.lessons)
        self.engine = WakeLesson(rules, self.voices, child=lambda: self.store.child)
        self.state = self.engine.start(history=self.store.history(), seed=1)
        self.now = NOON

    def step(self, event: DialogEvent) -> Step:
        self.now += timedelta(seconds=5)
        step = self.engine.step(self.state, event, self.now)
        self.state = step.state
        return step

    def say(self, text: str, lesson: Lesson | None = None) -> Step:
        return self.step(Heard(Recognition(text, 0, 0.9, True, lesson=lesson), 1.0))

    def learn(self, lesson: Lesson | None) -> Step:
        """Five examples; what comes after the last of them."""
        self.step(Begin())
        for _ in range(4):
            self.say("hello myna")
        return self.say("hello myna", lesson)


@pytest.fixture
def teaching() -> Iterator[Teaching]:
    made = Teaching()
    made.voices.ask()
    yield made
    made.store.close()


def said(step: Step) -> list[str]:
    return [each.text for each in step.lines]


def english(saying: Saying, number: int = 0) -> str:
    return line(saying, Language.ENGLISH, number).text


def asks_for_an_item(step: Step) -> bool:
    return step.then is Then.LISTEN and step.expect is not None and step.expect.example is None


def test_nobody_is_taught_unasked() -> None:
    talk = Teaching()
    assert asks_for_an_item(talk.step(Begin()))
    talk.store.close()


def test_five_examples_are_asked_for_and_the_lesson_follows(teaching: Teaching) -> None:
    first = teaching.step(Begin())
    assert said(first) == [english(Saying.OPENING), "Hello myna.", english(Saying.NOW_YOU)]
    asked = []
    step = first
    for number in range(5):
        assert step.expect is not None
        assert step.expect.answers == ("hello myna",)
        assert step.expect.hints().scored == 0
        asked.append(step.expect.example)
        lesson = Lesson(TAUGHT, 5, 2, 5) if number == 4 else None
        step = teaching.say("hello myna", lesson)
    assert asked == [WakeExample("hello myna", number, 5) for number in range(5)]
    assert said(step)[0] == english(Saying.ALL_HEARD, 5)
    assert len(step.lines) > 1
    assert asks_for_an_item(step)
    assert teaching.voices.taught("hello myna") == TAUGHT
    assert not teaching.voices.asked()


def test_how_well_it_is_heard_is_said_as_it_is(teaching: Teaching) -> None:
    step = teaching.learn(Lesson(TAUGHT, 5, 1, 3))
    assert said(step)[0] == english(Saying.SOME_HEARD, 3)
    assert "3 times" in said(step)[0]


@pytest.mark.parametrize("lesson", [None, Lesson(TAUGHT, 5, 0, 0)])
def test_what_was_not_learnt_is_not_kept(teaching: Teaching, lesson: Lesson | None) -> None:
    step = teaching.learn(lesson)
    assert said(step)[0] == english(Saying.NOT_LEARNT)
    assert asks_for_an_item(step)
    assert teaching.voices.taught("hello myna") is None


@pytest.mark.parametrize("words", ["no", "skip", "i want to stop", "bu wan le", "huan yi ge"])
def test_it_can_be_skipped(teaching: Teaching, words: str) -> None:
    teaching.step(Begin())
    step = teaching.say(words)
    assert said(step)[0] == english(Saying.LATER)
    assert asks_for_an_item(step)
    assert not teaching.voices.asked()


def test_other_words_are_asked_again_and_then_let_be(teaching: Teaching) -> None:
    teaching.step(Begin())
    teaching.say("hello myna")
    for _ in range(MOST_MISSES - 1):
        step = teaching.say("a red apple")
        assert said(step) == [english(Saying.ONCE_MORE), "Hello myna."]
        assert step.expect is not None
        assert step.expect.example == WakeExample("hello myna", 1, 5)
    step = teaching.step(Failed(Trouble.NOT_UNDERSTOOD))
    assert said(step)[0] == english(Saying.NOT_LEARNT)
    assert asks_for_an_item(step)


def test_a_saying_forgives_what_was_missed_before(teaching: Teaching) -> None:
    teaching.step(Begin())
    for _ in range(3):
        teaching.say("a red apple")
        teaching.step(Failed(Trouble.NOT_UNDERSTOOD))
        assert teaching.say("hello myna").expect is not None
    step = teaching.say("a red apple")
    assert step.expect is not None
    assert step.expect.example == WakeExample("hello myna", 3, 5)


def test_silence_ends_it_but_it_stays_wanted(teaching: Teaching) -> None:
    teaching.step(Begin())
    for _ in range(MOST_SILENCES - 1):
        assert said(teaching.step(HeardNothing())) == [english(Saying.STILL_THERE), "Hello myna."]
    step = teaching.step(HeardNothing())
    assert said(step)[0] == english(Saying.LATER)
    assert asks_for_an_item(step)
    assert teaching.voices.asked()


def test_after_a_pause_the_same_example_is_asked_for(teaching: Teaching) -> None:
    teaching.step(Begin())
    teaching.say("hello myna")
    step = teaching.step(Resume())
    assert said(step) == [english(Saying.ONCE_MORE), "Hello myna."]
    assert step.expect is not None
    assert step.expect.example == WakeExample("hello myna", 1, 5)


def test_no_lesson_and_no_teaching_in_quiet_time(teaching: Teaching) -> None:
    teaching.step(Begin())
    teaching.lessons.parents = Rules(quiet_from=time(0, 0), quiet_until=time(23, 59))
    step = teaching.say("hello myna")
    assert (step.then, step.expect) == (Then.SLEEP, None)
    assert teaching.voices.asked()


def test_a_chinese_family_is_taught_in_chinese() -> None:
    talk = Teaching(prompts="zh")
    talk.voices.ask()
    first = talk.step(Begin())
    chinese, phrase, now_you = first.lines
    assert {chinese.language, now_you.language} == {Language.CHINESE}
    assert phrase == model("hello myna")
    last = talk.learn(Lesson(TAUGHT, 5, 0, 2))
    assert last.lines[0] == line(Saying.SOME_HEARD, Language.CHINESE, 2)
    assert "两遍" in last.lines[0].text
    talk.store.close()


def test_other_engines_learn_nothing() -> None:
    talk = Teaching()
    talk.voices = WakeVoices(WakeSettings(engine="openwakeword"), None)
    talk.engine = WakeLesson(HouseRules(talk.lessons), talk.voices, child=lambda: "a")
    talk.state = talk.engine.start(history=talk.store.history(), seed=1)
    talk.voices.ask()
    assert asks_for_an_item(talk.step(Begin()))
    talk.store.close()


def test_it_is_wanted_until_it_was_held_also_after_a_restart(tmp_path: Path) -> None:
    WakeVoices(WakeSettings(), tmp_path).ask()
    talk = Teaching(tmp_path)
    assert talk.voices.asked()
    talk.learn(Lesson(TAUGHT, 5, 2, 4))
    again = WakeVoices(WakeSettings(), tmp_path)
    assert not again.asked()
    assert again.taught("hello myna") == TAUGHT
    assert again.taught("hey little bird") is None
    talk.store.close()


def test_it_holds_at_once_and_is_forgotten_at_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    voices = WakeVoices(WakeSettings(), tmp_path)
    voices.detectors("hello myna")
    heard: list[tuple[WakeWord, WakeWord | None]] = []
    voices.hear = lambda near, far: heard.append((near, far))
    assert voices.question("hello myna") == WakeQuestion("hello myna")
    assert heard == []
    assert voices.keep(store.child, Lesson(TAUGHT, 5, 2, 4))
    assert [near.phrases for near, _ in heard] == [("hello myna",)]
    assert voices.question("hello myna") == WakeQuestion("hello myna", TAUGHT.further, 0.5)
    assert len(heard) == 1
    store.forget(store.child)
    assert voices.question("hello myna") == WakeQuestion("hello myna")
    assert len(heard) == 2  # the detectors no longer know what that child taught
    store.close()


def test_examples_come_with_those_before_them_and_go_with_the_child() -> None:
    examples = WakeExamples()
    one, again, two = (np.full(3, value, np.int16) for value in (1, 2, 3))

    def earlier(number: int, sound: np.ndarray) -> list[int]:
        hints = Hints(("hello myna",), example=WakeExample("hello myna", number, 5))
        example = examples.with_earlier(hints, sound).example
        assert example is not None
        return [int(each[0]) for each in example.earlier]

    assert earlier(0, one) == []
    assert earlier(0, again) == []  # listened to again
    assert earlier(1, two) == [2]
    assert earlier(2, one) == [2, 3]
    plain = Hints(("an apple",))
    assert examples.with_earlier(plain, two) is plain
    assert earlier(2, one) == []
