"""The last word on a wake phrase: asked of the recogniser's process, before anybody is woken."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from audio.ports import Samples, Woken
from core.process_ports import Reply
from device.scheduling import OnReply, Scheduler
from dialog.ports import Hints, Recognition
from dialog.wake.question import WakeQuestion

log = logging.getLogger(__name__)

ALONE_SHARE = 0.25
"""Of the threshold: a candidate that nobody can be asked about wakes from there."""


class Listening(Protocol):
    """The recogniser in its process."""

    def submit(self, samples: Samples, hints: Hints, on_reply: OnReply[Recognition]) -> int: ...


class WakeDesk:
    """Asks about candidates, one at a time, and tells what came of it.

    A recogniser that gives no answer counts as a yes: a speaker that wakes too easily for a moment
    is better than a deaf one.

    Args:
        recogniser: Is asked.
        scheduler: Runs the asking.
        question: What to ask about a phrase; None where its detector's word is enough.
        threshold: Confidence from which the phrase was said, 0..1.
    """

    def __init__(
        self,
        recogniser: Listening,
        scheduler: Scheduler,
        question: Callable[[str], WakeQuestion | None],
        threshold: float,
    ) -> None:
        self._recogniser = recogniser
        self._scheduler = scheduler
        self._question = question
        self._threshold = threshold
        self._job: int | None = None
        self.refused = 0
        """Candidates that were none, since start."""

    def ask(self, woken: Woken, told: Callable[[bool], None]) -> bool:
        """Ask whether the phrase was said.

        Args:
            woken: The candidate.
            told: Called once with the answer, later.

        Returns:
            False where nothing has to be asked; `told` is not called then.
        """
        question = None if woken.sound is None else self._question(woken.hit.phrase)
        if question is None or woken.sound is None:
            return False
        asked = question.after(woken.hit.score, over_playback=woken.over_playback)
        sound, hints = woken.sound, Hints(wake=asked)
        job: list[int] = []

        def deliver(reply: Reply[Recognition]) -> None:
            if not job or self._job != job[0]:
                return  # another candidate came meanwhile
            self._job = None
            if reply.error is not None or reply.value is None:
                log.warning("nobody had the last word on a wake phrase")
                told(woken.hit.score >= ALONE_SHARE * self._threshold)
                return
            said = reply.value.confidence >= self._threshold
            self.refused += not said
            told(said)

        def submit(on_reply: OnReply[Recognition]) -> int:
            return self._recogniser.submit(sound, hints, on_reply)

        job.append(self._scheduler.start_job("recogniser", submit, deliver))
        self._job = job[0]
        return True
