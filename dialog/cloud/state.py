"""Where answering stands between two events."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from dialog.cloud.breaker import Breaker
from dialog.cloud.ports import Learner, Message, Play
from dialog.ports import Line

REMEMBERED = 8
"""Entries of the talk that are sent along: about four questions with their answers."""


class Phase(Enum):
    """What is going on."""

    IDLE = "idle"
    ASKING = "asking"
    """A request is out and no sentence of it has been handed to the voice."""
    ANSWERING = "answering"
    """Sentences are being said; more may come."""


@dataclass(frozen=True, slots=True)
class AnswerState:
    """All that the engine knows.

    Attributes:
        phase: What is going on.
        job: Number of the newest request; pieces of others are stale.
        open: Whether that request still runs.
        talk: What was asked, and of the answers what the child really heard.
        question: What is being answered, screened.
        learner: Who asked it.
        lines: Handed to the voice for this question, in order.
        mine: Which of them are the model's words: only those go into `talk`.
        unsaid: Sentences that an interruption kept from being said: "go on" says them.
        cut: An interruption ended the request itself, so "go on" may also ask for more.
        offered: A question that the child was offered to have put to its teacher.
        rounds: Requests for the present question: one more than results of tools sent back.
        reply_characters: Of the present reply, for an estimate of its cost.
        spent: Tokens counted for the present request so far.
        estimate: What it costs where the service never says.
        tell_parent: A parent wants to know that this child may need help.
        wished: A tool of the present reply has been carried out.
        withheld: Sentences of the present reply that were not fit to be said.
        play: The role play being held.
        used: Its language targets that the child has used.
        spoken: How often each of Myna's own phrases was said, in all.
        breaker: How the cloud did lately.
    """

    phase: Phase = Phase.IDLE
    job: int = 0
    open: bool = False
    talk: tuple[Message, ...] = ()
    question: str = ""
    learner: Learner = field(default_factory=Learner)
    lines: tuple[Line, ...] = ()
    mine: tuple[bool, ...] = ()
    unsaid: tuple[str, ...] = ()
    cut: bool = False
    offered: str = ""
    rounds: int = 0
    reply_characters: int = 0
    spent: int = 0
    estimate: int = 0
    tell_parent: bool = False
    wished: bool = False
    withheld: int = 0
    play: Play | None = None
    used: tuple[str, ...] = ()
    spoken: int = 0
    breaker: Breaker = field(default_factory=Breaker)
