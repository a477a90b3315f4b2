"""Beside the lesson: a question is noticed, answered line by line, cut, and the lesson goes on."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from audio import ports as audio
from device import effects as fx
from device import events as ev
from device.aside import BEDTIME, Questions
from device.conversation import Conversation
from device.settings import DeviceSettings
from device.states import State
from dialog.cloud.ports import Learner
from dialog.ports import (
    DialogEvent,
    DialogState,
    Expectation,
    Heard,
    Hints,
    History,
    Line,
    Recognition,
    Resume,
    Step,
    Then,
)

NOW = datetime(2026, 1, 5, tzinfo=UTC)
QUESTION = "why is the sky blue"
LISTED = Hints((QUESTION, "what time is it"))
NOTHING = Recognition("", None, 0.0, False)
LESSON = Expectation(("a red apple",), ("stop", "again", "skip"), patience_s=7.0)
OPEN = Expectation((), open_speech=True, patience_s=3.0)
LEARNER = Learner(lesson="Food")


class Lesson:
    """Asks for an apple, whatever happens."""

    name = "lesson"

    def __init__(self) -> None:
        self.asked: list[DialogEvent] = []

    def start(self, *, history: History, seed: int) -> DialogState:
        return DialogState(self.name)

    def step(self, state: DialogState, event: DialogEvent, now: datetime) -> Step:
        self.asked.append(event)
        return Step(state, (Line("Say: a red apple."),), Then.LISTEN, LESSON)


class Stage:
    def __init__(self, hints: Hints = LISTED) -> None:
        self.lesson = Lesson()
        self.conversation = Conversation(
            self.lesson,
            DeviceSettings(),
            history=History,
            recognition_timeout_s=8.0,
            questions=Questions(hints, lambda _: LEARNER),
        )
        self.done: list[fx.Effect] = self.conversation.start()
        self.utterances = 0
        self.tags = 0
        self.post(ev.Pressed())
        self.play()
        self.play()

    @property
    def state(self) -> State:
        return self.conversation.state

    def post(self, *events: ev.Event) -> None:
        for event in events:
            self.done = self.conversation.handle(event, NOW)

    def of(self, kind: type[fx.Effect]) -> list[fx.Effect]:
        return [effect for effect in self.done if isinstance(effect, kind)]

    def play(self) -> None:
        """The next chime or line has been played to its end."""
        self.tags += 1
        self.post(audio.Played(1.0, self.tags, 100, False))

    def hear(
        self, heard: Recognition, freely: Recognition = NOTHING, *, seconds: float = 1.5
    ) -> None:
        """A turn of the child's, from its first sound to what was made of it."""
        self.utterances += 1
        number = self.utterances
        said = audio.Utterance(number, 1, np.zeros(160, np.int16), 4.0, 4.0 + seconds)
        self.post(audio.SpeechStarted(4.0))
        self.post(audio.SpeechEnded(6.0, said, audio.EndReason.SILENCE))
        self.post(ev.Recognised(number, 1, heard))
        if any(isinstance(e, fx.Recognise) and e.freely for e in self.done):
            self.post(ev.Recognised(number, 1, freely, freely=True))

    def ask(self) -> None:
        self.hear(NOTHING, Recognition(QUESTION, 0, 0.9, True))
        assert self.state is State.THINKING
        assert self.of(fx.Ask) == [fx.Ask(QUESTION, LEARNER)]


@pytest.fixture
def stage() -> Stage:
    found = Stage()
    assert found.state is State.LISTENING
    return found


def test_a_question_is_answered_line_by_line_and_the_lesson_goes_on(stage: Stage) -> None:
    stage.ask()
    stage.post(ev.Answered((Line("It is the light."),)))
    assert stage.state is State.SPEAKING
    stage.play()
    assert stage.state is State.SPEAKING  # more may come
    stage.post(ev.Answered((Line("Nice, is it not?"),)), ev.Answered(over=True, expect=OPEN))
    assert stage.state is State.SPEAKING
    stage.play()
    assert stage.state is State.LISTENING
    assert stage.of(fx.AnswerSaid)
    assert stage.of(fx.SetTimer) == [fx.SetTimer("patience", 3.0)]
    stage.post(ev.TimerFired("patience"))
    assert stage.lesson.asked[-1] == Resume()
    assert stage.of(fx.ForgetAnswers)
    assert stage.state is State.SPEAKING


def test_an_answer_to_the_lesson_is_the_tutors_and_nobody_listens_twice(stage: Stage) -> None:
    right = Recognition("a red apple", 0, 0.9, True)
    stage.hear(right)
    assert isinstance(stage.lesson.asked[-1], Heard)
    assert stage.of(fx.Recognise) == []


def test_a_wrong_answer_that_is_no_question_is_the_tutors(stage: Stage) -> None:
    wrong = Recognition("a green", None, 0.3, False)
    stage.hear(wrong)
    assert stage.lesson.asked[-1] == Heard(wrong, pytest.approx(1.5), pytest.approx(3.0))


def test_a_cough_is_not_listened_to_twice(stage: Stage) -> None:
    stage.hear(NOTHING, seconds=0.2)
    assert stage.state is State.LISTENING
    assert stage.of(fx.Recognise) == []


def test_a_recogniser_that_writes_everything_down_hears_questions_by_their_form() -> None:
    stage = Stage(Hints())
    stage.hear(NOTHING, Recognition("why do zebras have stripes", None, 0.9, False))
    assert stage.of(fx.Ask) == [fx.Ask("why do zebras have stripes", LEARNER)]
    stage = Stage(Hints())
    stage.hear(NOTHING, Recognition("the apple red", None, 0.9, False))
    assert len(stage.lesson.asked) == 2
    assert stage.of(fx.Ask) == []


def test_a_question_is_looked_for_while_the_silence_still_runs(stage: Stage) -> None:
    said = audio.Utterance(7, 1, np.zeros(160, np.int16), 4.0, 5.5)
    stage.post(audio.SpeechStarted(4.0), audio.SpeechPaused(5.7, said))
    stage.post(ev.Recognised(7, 1, NOTHING))
    assert stage.of(fx.Recognise) == [fx.Recognise(said, LISTED, freely=True)]
    stage.post(ev.Recognised(7, 1, Recognition(QUESTION, 0, 0.9, True), freely=True))
    assert stage.of(fx.MarkComplete) == [fx.MarkComplete(7, 1)]
    stage.post(audio.SpeechEnded(6.0, said, audio.EndReason.COMPLETE))
    assert stage.of(fx.Ask) == [fx.Ask(QUESTION, LEARNER)]


def test_interrupting_an_answer_cuts_it_after_what_was_heard_and_go_on_goes_on(
    stage: Stage,
) -> None:
    stage.ask()
    stage.post(ev.Answered((Line("One."), Line("Two."))))
    stage.play()
    stage.post(audio.Interrupted(3.0))
    assert stage.state is State.LISTENING
    assert stage.of(fx.AnswerCut) == [fx.AnswerCut(1)]
    stage.tags += 1  # the line that was cut
    hints = stage.conversation._expect.hints()
    stage.hear(Recognition("go on", hints.candidates.index("go on"), 0.9, True))
    assert stage.of(fx.Ask) == [fx.Ask("go on", LEARNER)]


def test_a_cough_over_an_answer_lets_it_go_on(stage: Stage) -> None:
    stage.ask()
    stage.post(ev.Answered((Line("One."),)), audio.Interrupted(3.0))
    stage.hear(NOTHING, seconds=0.2)
    assert stage.of(fx.Ask) == [fx.Ask("go on", LEARNER)]


@pytest.mark.parametrize("said", ["yes please", "again"])
def test_what_belongs_to_the_answer_goes_to_it(stage: Stage, said: str) -> None:
    stage.ask()
    stage.post(ev.Answered((Line("Shall I?"),), over=True, expect=OPEN))
    stage.play()
    hints = stage.conversation._expect.hints()
    stage.hear(Recognition(said, hints.candidates.index(said), 0.9, True))
    assert stage.of(fx.Ask) == [fx.Ask(said, LEARNER)]


@pytest.mark.parametrize("said", ["a red apple", "skip"])
def test_what_belongs_to_the_lesson_ends_the_aside(stage: Stage, said: str) -> None:
    stage.ask()
    stage.post(ev.Answered((Line("There."),), over=True, expect=OPEN))
    stage.play()
    hints = stage.conversation._expect.hints()
    stage.hear(Recognition(said, hints.candidates.index(said), 0.9, True))
    heard = stage.lesson.asked[-1]
    assert isinstance(heard, Heard)
    assert heard.recognition.text == said
    assert stage.of(fx.ForgetAnswers)


def test_stop_ends_the_answer_and_not_the_lesson(stage: Stage) -> None:
    stage.ask()
    stage.post(ev.Answered((Line("One."), Line("Two."))), audio.Interrupted(3.0))
    hints = stage.conversation._expect.hints()
    stage.hear(Recognition("stop", hints.candidates.index("stop"), 0.9, True))
    assert stage.lesson.asked[-1] == Resume()


def test_a_role_plays_replies_stand_for_the_lessons(stage: Stage) -> None:
    stage.ask()
    play = Expectation(("a banana please",), open_speech=True, patience_s=10.0)
    stage.post(ev.Answered((Line("Welcome!"),), over=True, expect=play))
    stage.play()
    hints = stage.conversation._expect.hints()
    assert "a red apple" not in hints.candidates
    stage.hear(Recognition("a banana please", 0, 0.9, True))
    assert stage.of(fx.Ask) == [fx.Ask("a banana please", LEARNER)]


def test_tools_of_an_answer(stage: Stage) -> None:
    stage.ask()
    stage.post(ev.ToolAsked("set_volume", {"step": -1}))
    assert stage.done == [fx.ChangeVolume(-1)]
    stage.post(ev.ToolAsked("sleep_timer", {"minutes": 10}))
    assert stage.done == [fx.SetTimer(BEDTIME, 600.0)]
    stage.post(ev.ToolAsked("start_lesson", {}), ev.Answered((Line("Sure."),), over=True))
    stage.play()
    assert stage.lesson.asked[-1] == Resume()


@pytest.mark.parametrize("listening", [True, False])
def test_the_sleep_timer_ends_the_talk_kindly(stage: Stage, listening: bool) -> None:
    if not listening:
        stage.ask()
        stage.post(ev.Answered((Line("One."),)))
    stage.post(ev.TimerFired(BEDTIME))
    assert stage.state is State.ASLEEP
    assert [e.name for e in stage.of(fx.Chime)] == ["sleep"]  # type: ignore[union-attr]


def test_a_sleep_timer_does_not_cut_a_thought(stage: Stage) -> None:
    stage.ask()
    stage.post(ev.TimerFired(BEDTIME))
    assert stage.state is State.THINKING
    assert [e.name for e in stage.of(fx.SetTimer)] == [BEDTIME]  # type: ignore[union-attr]


@pytest.mark.parametrize("event", [ev.MuteSet(True), audio.CardLost(9.0)])
def test_who_goes_is_forgotten(stage: Stage, event: ev.Event) -> None:
    stage.ask()
    stage.post(event)
    assert stage.of(fx.ForgetAnswers)
    stage.post(ev.Answered((Line("Late."),)))
    assert stage.done == []


def test_a_dead_voice_within_an_answer_brings_the_lesson_back(stage: Stage) -> None:
    stage.ask()
    stage.post(ev.Answered((Line("One."),)))
    (speak,) = stage.of(fx.Speak)
    assert isinstance(speak, fx.Speak)
    stage.post(ev.VoiceFailed(speak.first_tag))
    assert stage.lesson.asked[-1] == Resume()
    assert stage.state is State.SPEAKING


@pytest.mark.parametrize(
    ("command_sure", "question_sure", "asks"),
    [(0.65, 0.9, True), (0.65, 0.5, False), (0.9, 0.95, False)],
)
def test_a_command_that_is_hardly_heard_is_held_against_a_question(
    stage: Stage, command_sure: float, question_sure: float, asks: bool
) -> None:
    skip = Recognition("skip", 3, command_sure, True)
    stage.hear(skip, Recognition(QUESTION, 0, question_sure, True))
    if asks:
        assert stage.of(fx.Ask) == [fx.Ask(QUESTION, LEARNER)]
    else:
        assert stage.of(fx.Ask) == []
        last = stage.lesson.asked[-1]
        assert isinstance(last, Heard)
        assert last.recognition == skip
