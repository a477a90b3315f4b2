"""A child teaches Myna its voice: five times the wake phrase, in a talk of its own before a lesson.

A `dialog.ports.DialogEngine` around the lessons, so that the conversation's one state table drives
it like any lesson: it can be interrupted, paused, and skipped. It begins with the next waking after
somebody asked for it, and only where a lesson might begin. The sounds themselves are kept by
`device.wake_examples` while it lasts, and judged in the recogniser's process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from device.house_rules import HouseRules
from device.wake_lesson_words import Saying, left, line, model
from device.wake_voices import WakeVoices
from dialog.commands import Command, command_in
from dialog.ports import (
    Begin,
    DialogEvent,
    DialogState,
    Expectation,
    Failed,
    Heard,
    History,
    Language,
    Line,
    Resume,
    Step,
    Then,
)
from dialog.wake.question import Lesson, WakeExample
from dialog.wake.teaching import EXAMPLES

MOST_MISSES = 3
"""Sayings in a row that were none, after which Myna lets it be."""
MOST_SILENCES = 2
WELL_HEARD = 4
"""Of five: so many, and Myna says that she knows the voice."""
PATIENCE_S = 6.0
REFUSALS = ("no", "no thank you", "not now", "later", "skip", "stop", "bu yao")
_REFUSED = frozenset(REFUSALS)
_ENOUGH = frozenset({Command.STOP, Command.SKIP, Command.OTHER})


@dataclass(frozen=True, slots=True)
class _Waking:
    """A waking: where the lessons stand, and the teaching, while it goes on.

    Attributes:
        inner: Of the lessons; they have not begun while the teaching goes on.
        phrase: What is taught; empty when nothing is, or no longer.
        heard: Examples so far.
        misses: In a row.
        silences: In a row.
    """

    inner: DialogState
    phrase: str = ""
    heard: int = 0
    misses: int = 0
    silences: int = 0


class WakeLesson:
    """The lessons, and before them the teaching where it is wanted. In the conversation's thread.

    Args:
        lessons: What a waking goes on with.
        voices: Know the phrase, keep what was taught, and who has asked for a lesson.
        child: The id of the child who practises.
    """

    name = "wake-lesson"

    def __init__(
        self,
        lessons: HouseRules,
        voices: WakeVoices,
        *,
        child: Callable[[], str],
    ) -> None:
        self._lessons = lessons
        self._voices = voices
        self._child = child

    def start(self, *, history: History, seed: int) -> DialogState:
        return DialogState(self.name, _Waking(self._lessons.start(history=history, seed=seed)))

    def step(self, state: DialogState, event: DialogEvent, now: datetime) -> Step:
        """What to do about an event.

        Raises:
            ValueError: The state belongs to another engine.
        """
        waking = state.data
        if not isinstance(waking, _Waking):
            raise ValueError(f"a state of {state.engine!r} was given to {self.name!r}")
        if isinstance(event, Begin) and self._voices.asked() and self._lessons.may_begin(now):
            phrase = self._voices.teachable()
            if phrase:
                opening = (self._line(Saying.OPENING), model(phrase), self._line(Saying.NOW_YOU))
                return self._listen(replace(waking, phrase=phrase), opening)
        if not waking.phrase:
            return self._lesson(waking, event, now)
        if not self._lessons.may_begin(now):
            return self._lesson(replace(waking, phrase=""), Begin(), now)  # it says why
        return self._taught(waking, event, now)

    def _taught(self, waking: _Waking, event: DialogEvent, now: datetime) -> Step:
        """A step of the teaching."""
        if isinstance(event, Heard):
            return self._heard(waking, event, now)
        if isinstance(event, Resume):
            return self._again(waking, Saying.ONCE_MORE)
        if isinstance(event, Failed):
            return self._missed(waking, now)
        waking = replace(waking, silences=waking.silences + 1)
        if waking.silences >= MOST_SILENCES:
            return self._go_on(waking, (self._line(Saying.LATER),), now)
        return self._again(waking, Saying.STILL_THERE)

    def _heard(self, waking: _Waking, event: Heard, now: datetime) -> Step:
        said = event.recognition
        if said.text == waking.phrase:
            waking = replace(waking, heard=waking.heard + 1, misses=0, silences=0)
            if waking.heard < EXAMPLES:
                return self._listen(waking, (left(EXAMPLES - waking.heard, self._language),))
            self._voices.answered()
            return self._go_on(waking, (self._result(said.lesson),), now)
        if said.text in _REFUSED or command_in(said.text) in _ENOUGH:
            self._voices.answered()
            return self._go_on(waking, (self._line(Saying.LATER),), now)
        return self._missed(waking, now)

    def _missed(self, waking: _Waking, now: datetime) -> Step:
        waking = replace(waking, misses=waking.misses + 1, silences=0)
        if waking.misses < MOST_MISSES:
            return self._again(waking, Saying.ONCE_MORE)
        self._voices.answered()
        return self._go_on(waking, (self._line(Saying.NOT_LEARNT),), now)

    def _result(self, lesson: Lesson | None) -> Line:
        if lesson is None or lesson.after == 0:
            return self._line(Saying.NOT_LEARNT)
        if not self._voices.keep(self._child(), lesson):
            return self._line(Saying.NOT_LEARNT)
        saying = Saying.ALL_HEARD if lesson.after >= WELL_HEARD else Saying.SOME_HEARD
        return line(saying, self._language, lesson.after)

    def _again(self, waking: _Waking, saying: Saying) -> Step:
        return self._listen(waking, (self._line(saying), model(waking.phrase)))

    def _listen(self, waking: _Waking, lines: tuple[Line, ...]) -> Step:
        expect = Expectation(
            (waking.phrase,),
            others=tuple(each for each in REFUSALS if each != waking.phrase),
            open_speech=True,
            patience_s=PATIENCE_S,
            example=WakeExample(waking.phrase, waking.heard, EXAMPLES),
        )
        return Step(DialogState(self.name, waking), lines, Then.LISTEN, expect)

    def _go_on(self, waking: _Waking, lines: tuple[Line, ...], now: datetime) -> Step:
        """On to the lesson."""
        step = self._lesson(replace(waking, phrase=""), Begin(), now)
        return replace(step, lines=(*lines, *step.lines))

    def _lesson(self, waking: _Waking, event: DialogEvent, now: datetime) -> Step:
        step = self._lessons.step(waking.inner, event, now)
        return replace(step, state=DialogState(self.name, replace(waking, inner=step.state)))

    @property
    def _language(self) -> Language:
        return self._lessons.instruction

    def _line(self, saying: Saying) -> Line:
        return line(saying, self._language)
