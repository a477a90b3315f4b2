"""Where a lesson stands between two events."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dialog.phrases import Counts
from dialog.ports import Attempt


class Rung(Enum):
    """How much help the present demand comes with. Nobody falls off the last one."""

    ASK = "ask"
    """As the lesson asks it."""
    MODEL = "model"
    """After Myna said the answer slowly."""
    EASIER = "easier"
    """The key word alone, or together with Myna: anything said is enough to go on."""


@dataclass(frozen=True, slots=True)
class TutorState:
    """All that the tutor knows.

    Attributes:
        seed: Varies phrases and review.
        history: Attempts of earlier sessions and of this one, oldest first.
        queue: Items still to come.
        play_done: Whether the session's end has been reached, role play included or not.
        asked: Id of the present demand; empty before the first.
        rung: How much help it comes with.
        tries: Attempts at the present demand.
        silences: Times in a row that the child said nothing.
        misses: Times in a row that Myna did not understand.
        crashes: Times in a row that the recogniser died.
        asides: Commands, pauses and the like since the present demand was first asked.
        learnt: What was said right in this session, as a voice says it.
        spoke: Whether the child said anything in this session.
        struggled: Whether the last item needed the easier step.
        unit: The unit that was introduced last.
        rate: Speaking rate of everything English.
        counts: How often each phrase was said.
        finished: Whether Myna has said goodbye.
    """

    seed: int
    history: tuple[Attempt, ...] = ()
    queue: tuple[str, ...] = ()
    play_done: bool = False
    asked: str = ""
    rung: Rung = Rung.ASK
    tries: int = 0
    silences: int = 0
    misses: int = 0
    crashes: int = 0
    asides: int = 0
    learnt: tuple[str, ...] = ()
    spoke: bool = False
    struggled: bool = False
    unit: str = ""
    rate: float = 1.0
    counts: Counts = ()
    finished: bool = False
