"""Which questions are listened for, what sounds like one, and who is asking."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dialog.cloud.learner import learner_of
from dialog.cloud.play import plays_by_wording, steps_with
from dialog.cloud.ports import Learner
from dialog.cloud.questions import (
    asks_for_teacher,
    listened_for,
    question_in,
    sounds_like_question,
)
from dialog.packs import choose_pack
from dialog.ports import (
    Begin,
    Child,
    DialogState,
    Hints,
    History,
    Language,
    Recognition,
    SoundMemory,
)
from dialog.safety.lists import topic_of
from dialog.settings import LessonSettings
from dialog.tutor import Tutor

PACK = choose_pack("starter", ())
LISTED = listened_for(PACK)
NOW = datetime(2026, 3, 2, tzinfo=UTC)
VOCABULARY = Path(__file__).parents[3] / "dialog/models/vosk/graph/words.txt"


def test_every_listed_question_can_be_heard_and_asked() -> None:
    lines = VOCABULARY.read_text("utf-8").splitlines()
    known = {line.split()[0] for line in lines}
    unknown = {word for question in LISTED for word in question.split()} - known
    # Titles and words of the pack may be beyond the recogniser's own vocabulary, and are few.
    asked = {word for question in LISTED[:100] for word in question.split()}
    assert asked <= known
    assert len(unknown) <= 10
    assert [question for question in LISTED if topic_of(question) is not None] == []


def test_questions_of_the_packs_words_numbers_and_plays_are_listed_once() -> None:
    for question in (
        "what does apple mean",
        "how do you spell apple",
        "what is two plus three",
        "let's play at the fruit shop",
        "can we play fruit shop",
        "what did my teacher say",
    ):
        assert LISTED.count(question) == 1


def test_stories_are_the_tutors_to_tell() -> None:
    plays = plays_by_wording(PACK)
    assert "let's play fruit shop" in plays
    assert all("robot" not in wording for wording in plays)
    assert plays["let's play fruit shop"].opening.startswith("Welcome")


def test_the_steps_whose_language_was_used_are_named() -> None:
    used = ("an apple please",)
    assert steps_with(PACK, "food/fruit-shop", used) == ("food/fruit-shop/welcome",)
    assert steps_with(PACK, "food/fruit-shop", ()) == ()


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("why do zebras have stripes", True),
        ("is it big", True),
        ("can penguins fly", True),
        ("tell me about trains", True),
        ("let's play shop", True),
        ("斑马为什么有条纹", True),
        ("你喜欢苹果吗", True),
        ("it is a dog", False),
        ("a red apple", False),
        ("what", False),
        ("how", False),
        ("good morning", False),
        ("是苹果", False),
    ],
)
def test_what_sounds_like_a_question(text: str, question: bool) -> None:
    assert sounds_like_question(text) is question


def test_hardly_an_answer_of_the_lessons_sounds_like_a_question() -> None:
    """Said a little wrong, it would be taken for one: "Can I have some water?" is not to help."""
    taken = {
        item.id
        for item in PACK.items()
        for answer in item.answers
        if sounds_like_question(answer) and not item.model.endswith("?")
    }
    assert len(taken) <= 2


def test_a_question_is_the_listed_one_or_in_open_speech_what_sounds_like_one() -> None:
    hints = Hints(("can fish sleep",))
    assert question_in(Recognition("can fish sleep", 0, 0.9, True), hints) == "can fish sleep"
    assert question_in(Recognition("can it be", None, 0.3, False), hints) == ""
    assert question_in(Recognition("can it be", None, 0.3, False), Hints()) == "can it be"
    assert question_in(Recognition("red apple", None, 0.9, False), Hints()) == ""


@pytest.mark.parametrize("text", ["what did my teacher say", "老师说了什么", "老师回答了吗"])
def test_who_asks_for_the_teacher_is_understood(text: str) -> None:
    assert asks_for_teacher(text)
    assert not asks_for_teacher("my teacher says hello")


def test_a_learner_is_known_by_its_lesson_and_not_by_its_name() -> None:
    tutor = Tutor(PACK, LessonSettings(session_items=3))
    weak = SoundMemory("TH", 0.6, 0.2, 9.0, NOW)
    strong = SoundMemory("M", 1.9, 0.2, 9.0, NOW)
    seldom = SoundMemory("R", 0.2, 0.9, 1.0, NOW)
    child = Child(id="c1", nickname="Amanda", sounds=(weak, strong, seldom))
    state = tutor.start(history=History((child,)), seed=1)
    before = learner_of(state, PACK, age_band="6-8", language=Language.CHINESE)
    assert before == Learner("6-8", "pre-a1", Language.CHINESE)
    step = tutor.step(state, Begin(), NOW)
    learner = learner_of(step.state, PACK, age_band="6-8", language=Language.ENGLISH)
    assert learner.lesson in {unit.title.en for unit in PACK.units}
    assert learner.sounds == ("TH",)
    assert 1 <= len(learner.words) <= 4
    assert "Amanda" not in repr(learner)
    # The house's rules and the lessons wrap the tutor's state in theirs.
    wrapped = DialogState("house", Inner(DialogState("lessons", Inner(step.state))))
    assert learner_of(wrapped, PACK, age_band="6-8", language=Language.ENGLISH) == learner
    other = DialogState("other")
    unknown = learner_of(other, PACK, age_band="6-8", language=Language.ENGLISH)
    assert unknown == replace(before, language=Language.ENGLISH)


class Inner:
    def __init__(self, inner: DialogState) -> None:
        self.inner = inner
