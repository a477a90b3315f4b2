"""A talk beside the lesson: a child's question, its answer, and the way back to the lesson."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from device import effects as fx
from device import events as ev
from device.turn import Turn
from dialog.cloud.ports import Learner
from dialog.cloud.questions import question_in
from dialog.commands import Command, command_in
from dialog.ports import DialogState, Expectation, Hints, Recognition

FOLLOW_UPS = ("yes", "yes please", "no", "no thank you", "go on")
"""What is said to an answer that offers or asks something, whatever the lesson waits for."""
GO_ON = "go on"
BEDTIME = "bedtime"
"""The timer after which Myna goes to sleep because a child asked for it."""
_TO_THE_ANSWER = frozenset({Command.GO_ON, Command.REPEAT, Command.SLOWER})
_ENOUGH = frozenset({"stop", "no more", "停", "停止"})
_OPEN = Expectation((), open_speech=True)


@dataclass(frozen=True, slots=True)
class Questions:
    """How a question beside the lesson is noticed.

    Attributes:
        hints: What the second listening may expect; nothing where the recogniser writes down
            whatever is said.
        learner: What an answer is fitted to.
    """

    hints: Hints
    learner: Callable[[DialogState], Learner]


class Meaning(Enum):
    """What a child's turn within an aside is."""

    ANSWER_ME = "answer_me"
    """Something to be answered."""
    LESSON = "lesson"
    """Something for the tutor: an answer to the lesson, a command."""
    ENOUGH = "enough"
    """The child wants no more of it."""
    NOTHING = "nothing"
    """No words."""


class Aside:
    """Whether an aside goes on, where it stands, and what its steps have done.

    Args:
        questions: How one begins; None where nobody answers any.
    """

    def __init__(self, questions: Questions | None) -> None:
        self._questions = questions
        self._said = 0
        self._expect = _OPEN
        self.active = False
        self.over = False
        """Nothing more of the answer will come."""
        self.back = False
        """The lesson goes on when the answer has been said."""

    # ---------------------------------------------------------------- listening

    def expectation(self, lesson: Expectation) -> Expectation:
        """What to listen for: replies to the answer, and what the lesson waits for besides.

        A role play's replies stand in the place of the lesson's.
        """
        if not self.active:
            return lesson
        first = self._expect.answers or lesson.answers
        others = (*FOLLOW_UPS, *lesson.others)
        return replace(
            self._expect,
            answers=first,
            others=tuple(each for each in dict.fromkeys(others) if each not in first),
        )

    def listen_again(self, turn: Turn, lesson: Expectation) -> list[fx.Effect]:
        """Listen once more, for a question; nothing where what was said is explained."""
        if self._questions is None or (lesson.open_speech and not self.active):
            return []
        utterance = turn.unexplained(len(self.expectation(lesson).answers))
        if utterance is None:
            return []
        return [fx.Recognise(utterance, self._questions.hints, freely=True)]

    def question(self, freely: Recognition | None) -> str:
        """The question that the second listening came to; empty for none."""
        if self._questions is None or freely is None:
            return ""
        return question_in(freely, self._questions.hints)

    def doubted(self, heard: Recognition, freely: Recognition | None) -> Recognition:
        """What the lesson's listening heard, or nothing where a question fits better than it."""
        if not self.question(freely) or freely is None or freely.confidence <= heard.confidence:
            return heard
        return replace(heard, text="", matched=None, complete=False)

    def meaning(
        self, heard: Recognition, freely: Recognition | None, lesson: Expectation
    ) -> tuple[Meaning, str]:
        """What was said within an aside, and its text.

        Args:
            heard: Recognised with `expectation(lesson)`.
            freely: By the second listening; None where there was none.
        """
        if heard.matched is None:
            text = freely.text if freely is not None else ""
            return (Meaning.ANSWER_ME if text else Meaning.NOTHING), text
        text = self.expectation(lesson).hints().candidates[heard.matched]
        if text in _ENOUGH:
            return Meaning.ENOUGH, text
        playing = text in self._expect.answers
        if playing or text in FOLLOW_UPS or command_in(text) in _TO_THE_ANSWER:
            return Meaning.ANSWER_ME, text
        return Meaning.LESSON, text

    # ---------------------------------------------------------------- answering

    def put(self, question: str, dialog: DialogState) -> list[fx.Effect]:
        """Have a question answered.

        Raises:
            RuntimeError: Nobody answers any.
        """
        if self._questions is None:
            raise RuntimeError("a question was heard although nobody listens for any")
        self._begin_answer(over=False)
        self._expect = _OPEN
        self.active = True
        return [fx.ForgetRecognitions(), fx.Ask(question, self._questions.learner(dialog))]

    def answered(self, event: ev.Answered) -> None:
        """A part of the answer has come."""
        self.over = event.over
        self._expect = event.expect or _OPEN

    def line_said(self) -> None:
        """A line of the answer was said to its end."""
        self._said += 1

    def cut(self) -> list[fx.Effect]:
        """The child spoke up: what has not come yet is not coming, and what it says decides."""
        if not self.active:
            return []
        said = self._said
        self._begin_answer(over=True)
        return [fx.AnswerCut(said)]

    def leave(self) -> list[fx.Effect]:
        """The lesson goes on, or the child has gone."""
        if not self.active:
            return []
        self.active = False
        return [fx.ForgetAnswers()]

    def tool(self, event: ev.ToolAsked) -> list[fx.Effect]:
        """What a tool that an answer asked for has done."""
        match event.tool:
            case "start_lesson":
                self.back = True
            case "set_volume":
                return [fx.ChangeVolume(int(str(event.arguments["step"])))]
            case "sleep_timer":
                return [fx.SetTimer(BEDTIME, 60.0 * float(str(event.arguments["minutes"])))]
        return []

    def _begin_answer(self, *, over: bool) -> None:
        self._said = 0
        self.over = over
        self.back = False
