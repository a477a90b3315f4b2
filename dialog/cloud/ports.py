"""What answering is made of: who asks, what is sent, what comes back. Values and protocols only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from dialog.cloud.errors import CloudError
from dialog.ports import Expectation, Language, Line, Then
from dialog.safety.ports import Topic

# ------------------------------------------------------------------ who asks


@dataclass(frozen=True, slots=True)
class Learner:
    """What an answer may be fitted to. Nothing here says who the child is.

    Attributes:
        age_band: For example ``6-8``.
        level: CEFR level, ``pre-a1`` or ``a1``.
        language: The language that answers are wanted in.
        lesson: Title of the lesson at hand; empty for none.
        words: Words that the child is working on.
        sounds: Sounds that the child is working on, ARPABET.
    """

    age_band: str = "6-12"
    level: str = "pre-a1"
    language: Language = Language.ENGLISH
    lesson: str = ""
    words: tuple[str, ...] = ()
    sounds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Play:
    """A role play to be held freely.

    Attributes:
        id: ``unit/play`` of the lesson pack.
        scene: Where it happens and who is who.
        goal: What has been reached when it is over.
        targets: What the child should come to say, as plain lower-case words.
        opening: What Myna says first.
        replies: What the child is likely to say, the targets among it, for the recogniser.
    """

    id: str
    scene: str
    goal: str
    targets: tuple[str, ...] = ()
    opening: str = ""
    replies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds at the moment of a question; read anew for each, so that it can be taken back.

    Attributes:
        consent: A parent allows the cloud.
        tell_parent: A parent wants to know that a child may need help.
        configured: There is an address and a model.
        online: False when the network is known to be away.
        quiet: It is a quiet hour.
        tokens_left: What may still be spent today.
    """

    consent: bool = False
    tell_parent: bool = False
    configured: bool = True
    online: bool = True
    quiet: bool = False
    tokens_left: int = 0


class Reason(Enum):
    """Why the device answers; what `myna doctor` and the parents' page show."""

    NO_CONSENT = "no_consent"
    NOT_CONFIGURED = "not_configured"
    OFFLINE = "offline"
    QUIET_HOURS = "quiet_hours"
    BUDGET_SPENT = "budget_spent"
    RESTING = "resting"
    """It failed lately and is not asked again yet."""
    FAILED = "failed"
    TOO_SLOW = "too_slow"
    UNSAFE_REPLY = "unsafe_reply"
    NOTHING_SAYABLE = "nothing_sayable"
    IN_DOUBT = "in_doubt"
    """It may be about what is not sent away; nothing is wrong with the cloud."""


# --------------------------------------------------------------- to the cloud


@dataclass(frozen=True, slots=True)
class Message:
    """One entry of the conversation that a model is shown.

    Attributes:
        role: ``system``, ``user`` (the child), ``assistant`` (Myna).
    """

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent: all of it, so that a test can look at it.

    Attributes:
        tools: Names of the tools that are offered.
        max_tokens: Length of the reply.
    """

    messages: tuple[Message, ...]
    tools: tuple[str, ...] = ()
    max_tokens: int = 160


@dataclass(frozen=True, slots=True)
class Delta:
    """A bit of a reply as the service streams it."""

    text: str = ""
    tool: int | None = None
    """Index of the tool call that `name` and `arguments` belong to."""
    name: str = ""
    arguments: str = ""
    prompt_tokens: int = 0
    reply_tokens: int = 0


class ChatService(Protocol):
    """A chat model behind a network."""

    def stream(self, request: Request) -> AsyncIterator[Delta]:
        """The reply, bit by bit; closing the iterator ends the request.

        Raises:
            CloudError: No reply, or no further one.
        """

    async def close(self) -> None: ...


# ------------------------------------------------------------- from the cloud


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sayable sentence of the reply, not yet looked at for safety."""

    text: str


@dataclass(frozen=True, slots=True)
class Wish:
    """A tool call as the model wrote it, not yet validated."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Used:
    """What the request has cost."""

    prompt_tokens: int
    reply_tokens: int


Piece = Sentence | Wish | Used

# -------------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class Asked:
    """The child said something that is no answer to the lesson."""

    question: str
    standing: Standing
    learner: Learner = field(default_factory=Learner)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A piece of the reply to request `job`."""

    job: int
    piece: Piece


@dataclass(frozen=True, slots=True)
class Ended:
    """The reply to request `job` is over: wholly (no error), or not."""

    job: int
    error: CloudError | None = None


@dataclass(frozen=True, slots=True)
class TimeUp:
    """A timer of request `job` ran out."""

    job: int
    timer: Timer


@dataclass(frozen=True, slots=True)
class Looked:
    """What the device found for a tool that the model wants to know the result of."""

    job: int
    text: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The child spoke up or pressed the button.

    Attributes:
        lines_said: How many lines of this answer it had heard to their end.
    """

    lines_said: int


@dataclass(frozen=True, slots=True)
class SaidAll:
    """Everything handed out so far has been said."""


AnswerEvent = Asked | Arrived | Ended | TimeUp | Looked | Interrupted | SaidAll

# --------------------------------------------------------------------- calls


class Timer(Enum):
    """What is waited for."""

    FILLER = "filler"
    GIVE_UP = "give_up"
    STALL = "stall"


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request; `Arrived` and one `Ended` come of it."""

    job: int
    request: Request


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give a request up; nothing of it is wanted any more. Its timers end, too."""

    job: int


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Post `TimeUp` after a time; replaces that timer."""

    job: int
    timer: Timer
    seconds: float


@dataclass(frozen=True, slots=True)
class ClearTimer:
    """Let a timer be."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class Spend:
    """Tokens to be counted against the day's budget."""

    tokens: int


@dataclass(frozen=True, slots=True)
class TellParent:
    """Let a parent know that a child may need help; what was said is not in it."""

    topic: Topic


@dataclass(frozen=True, slots=True)
class AskTeacher:
    """Queue a question for a person; personal data has been replaced in it."""

    question: str


@dataclass(frozen=True, slots=True)
class Act:
    """A validated wish of the model: start a lesson, change the volume and the like.

    Attributes:
        wants_result: `Looked` is posted with what came of it.
    """

    job: int
    tool: str
    arguments: Mapping[str, object]
    wants_result: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """A tool call that was unknown or malformed: logged, not carried out."""

    tool: str
    why: str


@dataclass(frozen=True, slots=True)
class Degraded:
    """The device answers instead of the cloud."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class PlayEnded:
    """A role play is over.

    Attributes:
        reached: Its goal was reached.
        used: The language targets that the child used.
    """

    play: str
    reached: bool
    used: tuple[str, ...]


Call = (
    Send | Cancel | SetTimer | ClearTimer | Spend | TellParent | AskTeacher | Act | Refused
    | Degraded | PlayEnded
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AnswerStep:
    """What is to be done. Effects are data.

    Attributes:
        state: Given back with the next event.
        lines: Said after what is being said already.
        calls: Carried out in order.
        then: What follows the last line; None while more may come.
        expect: What to listen for when `then` is LISTEN.
    """

    state: object
    lines: tuple[Line, ...] = ()
    calls: tuple[Call, ...] = ()
    then: Then | None = None
    expect: Expectation | None = None
