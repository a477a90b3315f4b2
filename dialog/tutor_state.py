"""Where a lesson stands between two events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from dialog.phrases import Counts
from dialog.ports import Child, Pronunciation
from dialog.teaching.feedback import Hint
from dialog.teaching.mood import Moment
from dialog.teaching.planner import Planned, Why


class Rung(Enum):
    """How much help the present demand comes with. Nobody falls off the last one."""

    ASK = "ask"
    """As the lesson asks it."""
    MODEL = "model"
    """After Myna said the answer slowly."""
    EASIER = "easier"
    """The key word alone, or together with Myna: anything said is enough to go on."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The item or step of a play that is being asked.

    Attributes:
        id: ``unit/item`` or ``unit/play/step``; empty before the first.
        why: Why it was planned; None in a play.
        turn: How often the child had met the item before.
        stage: Number of the question within the item, from 0.
        rung: How much help it comes with.
        tries: Attempts at this stage.
        most_tries: Attempts at the stage that took most of them.
        asides: Commands, pauses and the like since it was first asked.
        hesitation_s: Before the first answer; None before that.
        pronunciation: Of the answer that counts.
        hint: What the child is trying to say better; None when words are what is asked for.
    """

    id: str = ""
    why: Why | None = None
    turn: int = 0
    stage: int = 0
    rung: Rung = Rung.ASK
    tries: int = 0
    most_tries: int = 0
    asides: int = 0
    hesitation_s: float | None = None
    pronunciation: Pronunciation | None = None
    hint: Hint | None = None


@dataclass(frozen=True, slots=True)
class TutorState:
    """All that the tutor knows.

    Attributes:
        seed: Varies phrases and review.
        children: Who practises on this speaker, as known by now.
        who: Number of the child who practises, in `children`.
        queue: Items still to come.
        asking: What is being asked.
        asked_count: Items asked in this session.
        fails: Wrong answers in a row.
        silences: Times in a row that the child said nothing.
        misses: Times in a row that Myna did not understand.
        crashes: Times in a row that the recogniser died.
        moments: How the items of this session went, oldest first.
        learnt: What was said right in this session, as a voice says it.
        spoke: Whether the child said anything in this session.
        struggled: Whether the last item needed the easier step.
        hinted: Whether the last item brought a hint on a sound.
        unit: The unit that was introduced last.
        winding_down: Whether only something easy, the play and the goodbye are to come.
        play_done: Whether the session's end has been reached, role play included or not.
        minutes: How long this session may take.
        elapsed_s: How long it has taken; None before its first step.
        last: When the last step was.
        rate: Speaking rate of everything English.
        counts: How often each phrase was said.
        finished: Whether Myna has said goodbye.
    """

    seed: int
    children: tuple[Child, ...] = (Child(),)
    who: int = 0
    queue: tuple[Planned, ...] = ()
    asking: Asking = Asking()
    asked_count: int = 0
    fails: int = 0
    silences: int = 0
    misses: int = 0
    crashes: int = 0
    moments: tuple[Moment, ...] = ()
    learnt: tuple[str, ...] = ()
    spoke: bool = False
    struggled: bool = False
    hinted: bool = False
    unit: str = ""
    winding_down: bool = False
    play_done: bool = False
    minutes: float = 0.0
    elapsed_s: float = 0.0
    last: datetime | None = None
    rate: float = 1.0
    counts: Counts = ()
    finished: bool = False

    @property
    def child(self) -> Child:
        """The child who practises."""
        return self.children[self.who]
