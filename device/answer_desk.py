"""Where questions go: between the conversation, who answers, and what is kept of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from audio.ports import Samples
from core.clock import Clock
from core.errors import StoreError
from device import effects as fx
from device import events as ev
from device.answering import Answering, Asking, Outlets
from device.health import Degraded
from device.parent_notes import ParentNotes
from device.scheduling import Scheduler
from device.store import Store
from device.teacher import Teacher
from dialog.cloud import phrases, ports
from dialog.cloud.engine import SHORT_PATIENCE_S, AnswerEngine
from dialog.cloud.ledger import Ledger
from dialog.cloud.play import steps_with
from dialog.cloud.ports import AnswerStep, Learner, Reason
from dialog.cloud.questions import asks_for_teacher
from dialog.packs.model import Pack
from dialog.ports import Attempt, Expectation, Line, Verdict
from dialog.safety.screen import screen

log = logging.getLogger(__name__)

_AFTERWARDS = Expectation((), open_speech=True, patience_s=SHORT_PATIENCE_S)
SOUNDS_HELD = 3
"""So many questions of a talk; the teacher is asked about the last one, or the one before."""
LATELY = 100
"""Attempts that a child's progress is told from."""

_SENTENCES = {
    Reason.OFFLINE: "the network is away, so the speaker answers questions itself",
    Reason.BUDGET_SPENT: "today's budget of the cloud is spent; raise [cloud] tokens_per_day",
    Reason.RESTING: "the cloud service failed and is asked again later",
    Reason.FAILED: "the cloud service failed; see the log for its code",
    Reason.TOO_SLOW: "the cloud service is too slow; see [cloud] give_up_after_s",
    Reason.UNSAFE_REPLY: "the cloud service wrote what no child should hear; choose another model",
    Reason.NOTHING_SAYABLE: "the cloud service answers too hard for a child; choose another model",
}
"""What is degraded; consent, quiet hours and a cloud that nobody set up are as they should be."""


@dataclass(frozen=True, slots=True)
class AnswerParts:
    """What answering is made of, put together by `device.app`.

    Attributes:
        cloud: None where no cloud is set up or allowed.
        online: Whether the network is there; asked before every question.
    """

    engine: AnswerEngine
    cloud: Asking | None
    ledger: Ledger
    notes: ParentNotes
    teacher: Teacher
    store: Store
    pack: Pack
    clock: Clock
    online: Callable[[], bool]


class AnswerDesk:
    """Carries out the conversation's `AnswerEffect`s. All calls come from its thread.

    Attributes:
        consent: What the parents' pages say, asked before every question; replaced where there
            are pages. The setting has to allow it besides.
        voice_consent: Whether they allow that a question for the teacher goes with the child's
            voice; without pages nobody does.

    Args:
        post: Hands an event to the conversation.
    """

    def __init__(
        self, parts: AnswerParts, scheduler: Scheduler, post: Callable[[ev.Event], None]
    ) -> None:
        self.consent: Callable[[], bool] = lambda: True
        self.voice_consent: Callable[[], bool] = lambda: False
        self._sounds: dict[str, Samples] = {}
        self._parts = parts
        self._post = post
        self._reading: tuple[str, ...] = ()
        self._learner = Learner()
        self._reason: Reason | None = None
        self._answering = Answering(
            parts.engine,
            parts.cloud,
            scheduler=scheduler,
            clock=parts.clock,
            ledger=parts.ledger,
            outlets=Outlets(
                step=self._step,
                act=self._act,
                ask_teacher=self._ask_teacher,
                tell_parent=lambda topic: parts.notes.add(topic, self._today()),
                degraded=self._degraded,
                play_ended=self._play_ended,
            ),
            consent=self._allowed,
            online=parts.online,
        )

    @property
    def trouble(self) -> Degraded | None:
        """Why the device answers where the cloud should; None when all is as it should be."""
        sentence = None if self._reason is None else _SENTENCES.get(self._reason)
        return None if sentence is None else Degraded("cloud", sentence)

    def _allowed(self) -> bool:
        return self.consent()

    def carry_out(self, effect: fx.AnswerEffect, heard: Samples | None = None) -> None:
        """Do what the conversation wants; parts of answers come back as events.

        Args:
            heard: How a question sounded.
        """
        match effect:
            case fx.Ask(question, learner):
                self._learner = learner
                self._keep(question, heard)
                if asks_for_teacher(question):
                    self._read_aloud()
                else:
                    self._answering.ask(question, learner)
            case fx.AnswerCut(lines_said):
                self._reading = ()
                self._answering.interrupted(lines_said)
            case fx.AnswerSaid():
                if self._reading:
                    self._parts.teacher.told(self._reading)
                    self._reading = ()
                self._answering.said_all()
            case fx.ForgetAnswers():
                self._reading = ()
                self._sounds.clear()
                self._answering.stop()

    def _keep(self, question: str, heard: Samples | None) -> None:
        """Hold a question's sound while this talk lasts, in case it is one for the teacher."""
        if heard is None or not self.voice_consent():
            return
        self._sounds[screen(question).text] = heard
        while len(self._sounds) > SOUNDS_HELD:
            del self._sounds[next(iter(self._sounds))]

    # ------------------------------------------------------------------ outlets

    def _step(self, step: AnswerStep) -> None:
        self._post(ev.Answered(step.lines, step.then is not None, step.expect))

    def _act(self, act: ports.Act) -> str | None:
        if act.tool == "look_up_progress":
            return self._progress()
        self._post(ev.ToolAsked(act.tool, act.arguments))
        return None

    def _progress(self) -> str:
        try:
            attempts = self._parts.store.attempts(LATELY)
        except StoreError:
            return ""
        right = sum(attempt.verdict is Verdict.RIGHT for attempt in attempts)
        words = dict.fromkeys(
            attempt.item.rpartition("/")[2].replace("-", " ")
            for attempt in reversed(attempts)
            if attempt.verdict is Verdict.RIGHT
        )
        said = ", ".join(list(words)[:5]) or "nothing yet"
        return f"{right} of the last {len(attempts)} tries were right. Said well lately: {said}."

    def _ask_teacher(self, question: str) -> None:
        parts = self._parts
        may_go = parts.engine.settings.consent and self.consent()
        heard = self._sounds.pop(screen(question).text, None)
        if not self.voice_consent():
            heard = None
        if not parts.teacher.ask(question, words_may_go=may_go, heard=heard):
            self._post(ev.Answered((self._own("teacher_busy"),), over=True, expect=_AFTERWARDS))

    def _degraded(self, reason: Reason | None) -> None:
        self._reason = reason

    def _play_ended(self, ended: ports.PlayEnded) -> None:
        """Keep what of a role play's language the child used, as the tutor keeps its own plays'."""
        attempts = tuple(
            Attempt(self._parts.pack.id, step, Verdict.RIGHT, 1, 1.0, 0.0)
            for step in steps_with(self._parts.pack, ended.play, ended.used)
        )
        try:
            self._parts.store.remember(attempts)
        except StoreError as error:
            log.error("a role play could not be kept: code=%s", error.code)

    # ------------------------------------------------------------------ teacher

    def _read_aloud(self) -> None:
        """Say the teacher's answers that wait."""
        waiting = self._parts.teacher.waiting(self._parts.clock.wall())
        lines = [self._own("teacher_says" if waiting else "teacher_silent")]
        lines += [Line(each.text, each.language) for each in waiting]
        self._reading = tuple(each.question for each in waiting)
        self._post(ev.Answered(tuple(lines), over=True, expect=_AFTERWARDS))

    def _own(self, key: str) -> Line:
        return phrases.line(key, self._learner.language, count=0)

    def _today(self) -> date:
        return self._parts.clock.wall().astimezone().date()
