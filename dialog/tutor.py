"""The tutor: leads a child through a session, kindly and to its end. Pure.

What comes next is planned by `dialog.teaching.planner`; what a child's answer is worth is said by
`dialog.kinds`; how it was said comes with the event. Nobody fails three times in a row, and every
session ends: each rung, each silence, each aside is bounded (see `dialog.tutor_answers`).
"""

from __future__ import annotations

from datetime import datetime

from dialog.packs.model import Pack
from dialog.ports import (
    Begin,
    DialogEvent,
    DialogState,
    Failed,
    Heard,
    HeardNothing,
    History,
    Language,
    Resume,
    Step,
    Then,
)
from dialog.settings import LessonSettings
from dialog.teaching.course import course_of, words_of
from dialog.teaching.phones import phones_of
from dialog.teaching.planner import Planner, plan_session
from dialog.tutor_answers import fail, hear, hear_nothing
from dialog.tutor_commands import aside
from dialog.tutor_demands import Demands
from dialog.tutor_session import begin
from dialog.tutor_state import TutorState
from dialog.tutor_turn import Turn


class Tutor:
    """A `DialogEngine` that needs no network.

    Args:
        pack: What to practise.
        settings: Language of instruction and length of a session.
        planner: Chooses what a session practises.
    """

    name = "tutor"

    def __init__(
        self, pack: Pack, settings: LessonSettings, *, planner: Planner = plan_session
    ) -> None:
        self.pack = pack
        self.settings = settings
        self.planner = planner
        self.language = Language(settings.prompts)
        self.course = course_of(pack, phones_of(words_of(pack)))
        self.demands = Demands(pack)
        self.units = {unit.id: unit for unit in pack.units}

    def start(self, *, history: History, seed: int) -> DialogState:
        return DialogState(self.name, TutorState(seed=seed, children=history.children))

    def step(self, state: DialogState, event: DialogEvent, now: datetime) -> Step:
        """What to do about an event.

        Raises:
            ValueError: The state belongs to another engine.
        """
        if not isinstance(state.data, TutorState):
            raise ValueError(f"a state of {state.engine!r} was given to {self.name!r}")
        turn = Turn(self, state.data, now)
        _take(turn, event)
        return turn.result()


def _take(turn: Turn, event: DialogEvent) -> None:
    """Apply an event."""
    if isinstance(event, Begin):
        begin(turn)
    elif turn.state.finished:
        turn.then = Then.SLEEP  # a late event after the goodbye
    elif not turn.asking.id:
        begin(turn)
    elif isinstance(event, Heard):
        hear(turn, event)
    elif isinstance(event, HeardNothing):
        hear_nothing(turn)
    elif isinstance(event, Failed):
        fail(turn, event.trouble)
    elif isinstance(event, Resume):
        aside(turn, "back")
