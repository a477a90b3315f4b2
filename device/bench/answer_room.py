"""Holds questions and answers without a sound card: what `Answering` needs around it, counted.

The voice takes a fixed time per word and answers at once, so that what is measured is the way from
the question to the voice, not the voice.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime

from core.clock import SystemClock
from device.answering import Answering, Asking, Outlets
from device.scheduling import LiveScheduler
from dialog.cloud import ports
from dialog.cloud.engine import AnswerEngine
from dialog.cloud.ledger import Ledger
from dialog.cloud.local import LocalAnswers
from dialog.cloud.play import plays_by_wording
from dialog.cloud.ports import AnswerStep, Learner
from dialog.cloud.settings import CloudSettings
from dialog.packs import choose_pack
from dialog.packs.model import Pack
from dialog.safety.ports import Topic

WAIT_S = 30.0


@functools.cache
def _pack() -> Pack:
    return choose_pack("starter", ())


class DayClock(SystemClock):
    """The machine's clock with a wall time that can be set.

    Args:
        wall: Stands still; None lets the machine's own hold.
    """

    def __init__(self, wall: datetime | None = None) -> None:
        self.fixed = wall

    def wall(self) -> datetime:
        return self.fixed if self.fixed is not None else super().wall()


@dataclass(slots=True)
class Answer:
    """What came of one question; times as `time.monotonic`."""

    asked_s: float
    lines: list[str] = field(default_factory=list)
    line_s: list[float] = field(default_factory=list)
    over_s: float = 0.0

    @property
    def first_line_s(self) -> float:
        """From the question to the first line, filler included."""
        return self.line_s[0] - self.asked_s

    @property
    def longest_silence_s(self) -> float:
        """The longest wait for a line, as if each took no time to say."""
        times = [self.asked_s, *self.line_s]
        return max(after - before for before, after in itertools.pairwise(times))


@dataclass(slots=True)
class AnswerRoom:
    """A child that asks and a speaker that answers; one question at a time."""

    settings: CloudSettings
    cloud: Asking | None
    ledger: Ledger = field(default_factory=lambda: Ledger(None))
    clock: DayClock = field(default_factory=DayClock)
    consent: bool = True
    online: bool = True
    progress: str = "three words said right today"
    degraded: list[ports.Reason] = field(default_factory=list)
    acts: list[ports.Act] = field(default_factory=list)
    teacher: list[str] = field(default_factory=list)
    parent: list[Topic] = field(default_factory=list)
    plays: list[ports.PlayEnded] = field(default_factory=list)
    _stack: ExitStack = field(default_factory=ExitStack)
    _scheduler: LiveScheduler | None = None
    _engine: AnswerEngine | None = None
    _answering: Answering | None = None
    _answer: Answer | None = None
    _over: asyncio.Event = field(default_factory=asyncio.Event)
    _line: asyncio.Event = field(default_factory=asyncio.Event)

    def renew(self) -> None:
        """Another speaker, which knows nothing of how the cloud did lately."""
        if self._scheduler is None or self._engine is None:
            raise RuntimeError("the room is not open")
        if self._answering is not None:
            self._answering.stop()
        self._answering = Answering(
            self._engine,
            self.cloud,
            scheduler=self._scheduler,
            clock=self.clock,
            ledger=self.ledger,
            outlets=Outlets(
                step=self._take,
                act=self._act,
                ask_teacher=self.teacher.append,
                tell_parent=self.parent.append,
                degraded=self._degrade,
                play_ended=self.plays.append,
            ),
            consent=lambda: self.consent,
            online=lambda: self.online,
        )

    async def __aenter__(self) -> AnswerRoom:
        local = LocalAnswers(_pack())
        self._stack.callback(local.close)
        self._scheduler = LiveScheduler(asyncio.get_running_loop())
        self._stack.callback(self._scheduler.close)
        self._engine = AnswerEngine(self.settings, local, plays_by_wording(_pack()))
        self.renew()
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.answering.stop()
        self._stack.close()

    @property
    def answering(self) -> Answering:
        if self._answering is None:
            raise RuntimeError("the room is entered with 'async with'")
        return self._answering

    async def ask(self, question: str, learner: Learner | None = None) -> Answer:
        """Ask and listen to the end of the answer."""
        answer = self.begin(question, learner)
        await asyncio.wait_for(self._over.wait(), WAIT_S)
        self.answering.said_all()
        return answer

    def begin(self, question: str, learner: Learner | None = None) -> Answer:
        """Ask and do not wait."""
        self._over.clear()
        self._line.clear()
        self._answer = answer = Answer(time.monotonic())
        self.answering.ask(question, learner or Learner())
        return answer

    async def until(self, enough: Callable[[Answer], bool]) -> Answer:
        """Wait until the answer at hand satisfies `enough`."""
        answer = self._answer
        if answer is None:
            raise RuntimeError("nothing was asked")
        while not enough(answer):
            await asyncio.wait_for(self._line.wait(), WAIT_S)
            self._line.clear()
        return answer

    def interrupt(self, lines_said: int) -> float:
        """Speak up; returns when, as `time.monotonic`."""
        at_s = time.monotonic()
        self.answering.interrupted(lines_said)
        return at_s

    def _take(self, step: AnswerStep) -> None:
        answer = self._answer
        if answer is None:
            return
        now_s = time.monotonic()
        for line in step.lines:
            answer.lines.append(line.text)
            answer.line_s.append(now_s)
        if step.then is not None:
            answer.over_s = now_s
            self._over.set()
        self._line.set()

    def _act(self, act: ports.Act) -> str | None:
        self.acts.append(act)
        return self.progress if act.wants_result else None

    def _degrade(self, reason: ports.Reason | None) -> None:
        if reason is not None:
            self.degraded.append(reason)
