"""Talking with a tutor in tests: what a child says, and sessions kept as their steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from dialog.packs import starter_pack
from dialog.ports import (
    Attempt,
    Begin,
    Child,
    DialogEvent,
    Expectation,
    Failed,
    Heard,
    History,
    Recognition,
    Resume,
    Step,
    Then,
    Trouble,
)
from dialog.settings import LessonSettings
from dialog.teaching.course import Course
from dialog.teaching.planner import Planned, Why
from dialog.tutor import Tutor
from dialog.tutor_state import TutorState

NOW = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)
PACK = starter_pack()
ENGLISH = Tutor(PACK, LessonSettings(session_items=8))
CHINESE = Tutor(PACK, LessonSettings(prompts="zh", session_items=8))
DIED, NOT_UNDERSTOOD = Failed(Trouble.RECOGNISER_DIED), Failed(Trouble.NOT_UNDERSTOOD)

Learner = Callable[[Expectation], DialogEvent]


def says(text: str, matched: int | None = None, *, sure: float = 0.8) -> Heard:
    return Heard(Recognition(text, matched, sure, matched is not None), 1.2)


def right(expect: Expectation) -> Heard:
    return says(expect.answers[0], 0)


def wrong(_: Expectation) -> Heard:
    return says("purple umbrella")


def asking(*items: str, **changes: str) -> Tutor:
    """A tutor whose sessions are these items."""

    def planner(
        child: Child, course: Course, *, now: datetime, minutes: float, seed: int
    ) -> tuple[Planned, ...]:
        return tuple(Planned(item, Why.NEW) for item in items)

    return Tutor(PACK, replace(LessonSettings(), **changes), planner=planner)  # type: ignore[arg-type]


class Talk:
    """A dialog under way."""

    def __init__(
        self, tutor: Tutor = ENGLISH, *, seed: int = 1, children: tuple[Child, ...] = (Child(),)
    ) -> None:
        self.tutor = tutor
        self.now = NOW
        state = tutor.start(history=History(children), seed=seed)
        self.step = tutor.step(state, Begin(), NOW)

    def tell(self, event: DialogEvent, *, after_s: float = 5.0) -> Step:
        self.now += timedelta(seconds=after_s)
        self.step = self.tutor.step(self.step.state, event, self.now)
        return self.step

    @property
    def state(self) -> TutorState:
        assert isinstance(self.step.state.data, TutorState)
        return self.step.state.data

    @property
    def expect(self) -> Expectation:
        assert self.step.expect is not None
        return self.step.expect

    @property
    def text(self) -> str:
        return " ".join(line.text for line in self.step.lines)


def session(
    tutor: Tutor,
    learner: Learner,
    *,
    seed: int = 1,
    child: Child = Child(),  # noqa: B008 - frozen
    now: datetime = NOW,
    limit: int = 1500,
) -> list[Step]:
    """All steps of a session to its end, one every five seconds."""
    state = tutor.start(history=History((child,)), seed=seed)
    steps = [tutor.step(state, Begin(), now)]
    while steps[-1].then is not Then.SLEEP:
        assert len(steps) < limit, "a session that does not end"
        last = steps[-1]
        event = Resume() if last.expect is None else learner(last.expect)
        now += timedelta(seconds=5)
        steps.append(tutor.step(last.state, event, now))
    return steps


def child_after(steps: list[Step]) -> Child:
    state = steps[-1].state.data
    assert isinstance(state, TutorState)
    return state.child


def attempts(steps: list[Step]) -> list[Attempt]:
    return [attempt for step in steps for attempt in step.attempts]
