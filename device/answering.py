"""Carries out what the answer engine wants, and brings back what came of it.

Between the conversation and the cloud's process, as `device.runtime` is between the conversation
and the other workers. All calls come from the conversation's thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from core.clock import Clock
from core.errors import SpeakerError, StoreError
from core.process_ports import Reply
from device.scheduling import OnReply, Scheduler
from dialog.cloud import ports
from dialog.cloud.engine import AnswerEngine
from dialog.cloud.errors import CloudError, Rejected
from dialog.cloud.ledger import Ledger
from dialog.cloud.policy import standing_of
from dialog.cloud.ports import AnswerEvent, AnswerStep, Learner, Piece, Request, Standing
from dialog.safety.ports import Topic

log = logging.getLogger(__name__)

LANE = "cloud"


class Asking(Protocol):
    """The cloud in its process."""

    def submit(self, request: Request, on_reply: OnReply[Piece | None]) -> int: ...

    def cancel(self, job: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where to go with what the engine wants besides answering.

    Attributes:
        step: Lines to say and what follows them; called for every step that has either.
        act: Carries a tool out; returns its result in words, None for one that has none.
        ask_teacher: Queues a question for a person.
        tell_parent: Leaves a note that a child may need help.
        degraded: Shows that the device answers, and why; None when the cloud does again.
        play_ended: Keeps what a role play came to.
    """

    step: Callable[[AnswerStep], None]
    act: Callable[[ports.Act], str | None]
    ask_teacher: Callable[[str], None]
    tell_parent: Callable[[Topic], None]
    degraded: Callable[[ports.Reason | None], None]
    play_ended: Callable[[ports.PlayEnded], None]


class Answering:
    """Questions of one conversation.

    Args:
        cloud: None where no cloud is set up: the device answers everything.
        consent: What the parents' page says now; asked before every question.
        online: Whether the network is there; asked before every question.
    """

    def __init__(
        self,
        engine: AnswerEngine,
        cloud: Asking | None,
        *,
        scheduler: Scheduler,
        clock: Clock,
        ledger: Ledger,
        outlets: Outlets,
        consent: Callable[[], bool],
        online: Callable[[], bool] = lambda: True,
    ) -> None:
        self._engine = engine
        self._cloud = cloud
        self._scheduler = scheduler
        self._clock = clock
        self._ledger = ledger
        self._outlets = outlets
        self._consent = consent
        self._online = online
        self._state = engine.start()
        self._sent: int | None = None
        self._epoch = 0

    def ask(self, question: str, learner: Learner) -> None:
        """The child said something that is no answer to the lesson."""
        self._post(ports.Asked(question, self.standing(), learner))

    def interrupted(self, lines_said: int) -> None:
        """The child spoke up after it heard so many lines of this answer to their end."""
        self._post(ports.Interrupted(lines_said))

    def said_all(self) -> None:
        """Everything handed out so far has been said."""
        self._post(ports.SaidAll())

    def stop(self) -> None:
        """The talk is over: nothing more is wanted, and it is forgotten.

        How the cloud did lately is kept: the next child need not wait for it to fail again.
        """
        self._post(ports.Interrupted(0))
        self._state = self._engine.start(after=self._state)

    def standing(self) -> Standing:
        """What holds now."""
        return standing_of(
            self._engine.settings,
            self._clock.wall().astimezone(),
            tokens_used=self._ledger.used(self._today()),
            online=self._online(),
            consent=self._consent() and self._cloud is not None,
        )

    # ------------------------------------------------------------------- events

    def _post(self, event: AnswerEvent) -> None:
        now = self._clock.wall().astimezone()
        step = self._engine.step(self._state, event, now, self._clock.now_s())
        if not isinstance(step.state, type(self._state)):
            raise TypeError("the engine gave back a state that is not its own")
        self._state = step.state
        if step.lines or step.then is not None:
            self._outlets.step(step)
        for call in step.calls:
            self._carry_out(call)

    def _carry_out(self, call: ports.Call) -> None:
        match call:
            case ports.Send(job, request):
                self._send(job, request)
            case ports.Cancel():
                self._cancel()
            case ports.SetTimer(job, timer, seconds):
                event = ports.TimeUp(job, timer)
                self._scheduler.set_timer(_name(timer), seconds, lambda: self._post(event))
            case ports.ClearTimer(timer):
                self._scheduler.clear_timer(_name(timer))
            case ports.Spend(tokens):
                self._spend(tokens)
            case ports.Act(job):
                result = self._outlets.act(call)
                if call.wants_result:
                    self._post(ports.Looked(job, result or "nothing found"))
            case ports.AskTeacher(question):
                self._outlets.ask_teacher(question)
            case ports.TellParent(topic):
                self._outlets.tell_parent(topic)
            case ports.Refused(tool, why):
                log.warning("tool call refused tool=%s why=%s", tool, why)
            case ports.Degraded(reason):
                log.info("the device answers reason=%s", reason.value)
                self._outlets.degraded(reason)
            case ports.PlayEnded():
                self._outlets.play_ended(call)

    # -------------------------------------------------------------------- cloud

    def _send(self, job: int, request: Request) -> None:
        if self._cloud is None:
            raise RuntimeError("a request was made although no cloud is set up")
        cloud = self._cloud
        self._epoch += 1
        epoch = self._epoch

        def deliver(reply: Reply[Piece | None]) -> None:
            if epoch != self._epoch:
                return  # cancelled meanwhile
            if reply.value is not None:
                self._post(ports.Arrived(job, reply.value))
            if reply.last and epoch == self._epoch:
                self._sent = None
                error = None if reply.error is None else _as_cloud_error(reply.error)
                if error is None:
                    self._outlets.degraded(None)
                else:
                    log.warning("the cloud failed code=%s", error.code)
                self._post(ports.Ended(job, error))

        def submit(on_reply: OnReply[Piece | None]) -> int:
            return cloud.submit(request, on_reply)

        self._sent = self._scheduler.start_job(LANE, submit, deliver)

    def _cancel(self) -> None:
        self._epoch += 1
        if self._sent is not None and self._cloud is not None:
            self._cloud.cancel(self._sent)
            self._sent = None
        for timer in ports.Timer:
            self._scheduler.clear_timer(_name(timer))

    def _spend(self, tokens: int) -> None:
        try:
            self._ledger.spend(tokens, self._today())
        except StoreError as error:
            # Counted all the same: only a restart could forget it.
            log.error("the cloud's budget could not be written code=%s", error.code)

    def _today(self) -> date:
        return self._clock.wall().astimezone().date()


def _name(timer: ports.Timer) -> str:
    return f"answer-{timer.value}"


def _as_cloud_error(error: SpeakerError) -> CloudError:
    if isinstance(error, CloudError):
        return error
    # A missing library or key cannot mend itself; a process that died is started again.
    kind = CloudError if error.retryable else Rejected
    return kind(str(error), code=error.code)
