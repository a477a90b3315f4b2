"""Which lesson a waking begins, and whether one may begin: the tutor behind the house's rules.

A `dialog.ports.DialogEngine`, so that a conversation knows nothing of quiet times, of packs that
came over the network, or of a teacher's answer that waits to be said.
"""

from __future__ import annotations

import copy
import dataclasses
import logging
from dataclasses import dataclass
from datetime import datetime, time

from core.errors import StoreError
from device.announcements import Announcement, line
from device.panel import EARLIEST_CREDIBLE
from device.store import Store
from device.sync import answers
from device.sync.practised import minutes_today
from dialog import roll_call
from dialog.packs.model import Pack
from dialog.ports import Begin, DialogEvent, DialogState, History, Learned, Line, Step, Then
from dialog.roll_call import Asking, Left, RollCall
from dialog.settings import LessonSettings
from dialog.tutor import Tutor

log = logging.getLogger(__name__)

SHORTEST_MIN = 1.0
"""With less than this left of the day's minutes no lesson begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When lessons may be held.

    Attributes:
        minutes_per_day: Of practice, of the child who practises; 0 is no limit.
        quiet_from: Local time from which none begins; None: never.
        quiet_until: Local time until which none does.
    """

    minutes_per_day: int = 0
    quiet_from: time | None = None
    quiet_until: time | None = None

    def quiet(self, local: datetime) -> bool:
        """Whether a local time is in the quiet time; never before the clock is set."""
        start, end = self.quiet_from, self.quiet_until
        if start is None or end is None or start == end or local.year < EARLIEST_CREDIBLE:
            return False
        now = local.time().replace(tzinfo=None)
        return start <= now < end if start < end else now >= start or now < end


@dataclass(frozen=True, slots=True)
class _Session:
    """A waking.

    Attributes:
        tutor: Of this waking.
        inner: Where it stands.
        history: What was known of the children, the one who practises first.
        call: While it is asked who is there; None once that is known.
        child: Id of who practises; empty while that is not known.
        said: Questions whose answers were said at the beginning.
    """

    tutor: Tutor
    inner: DialogState
    history: History
    seed: int
    call: RollCall | None = None
    child: str = ""
    said: tuple[str, ...] = ()


class Lessons:
    """Chooses and limits lessons. Used by the conversation's thread alone.

    Attributes:
        rules: When lessons may be held, says the platform; may be replaced at any time.
        parents: As above, say the parents on their pages; the stricter of the two holds.
        instruction: Language of instruction from the next step on.
        language: ``en`` or ``zh``, of what is said here.

    Args:
        pack: What is practised until somebody chooses another.
        settings: The section ``[lessons]``.
        store: Knows minutes and answers.
    """

    name = "lessons"

    def __init__(self, pack: Pack, settings: LessonSettings, store: Store, language: str) -> None:
        self._settings = settings
        self._store = store
        self._tutor = Tutor(pack, settings)
        self._once: Tutor | None = None
        self.rules = Rules()
        self.parents = Rules()
        self.instruction = self._tutor.language
        self.language = language

    @property
    def pack(self) -> str:
        """Id of the pack that is practised."""
        return self._tutor.pack.id

    def choose(self, pack: Pack) -> None:
        """Practise another pack from the next waking on."""
        self._tutor = Tutor(pack, self._settings)

    def begin_with(self, pack: Pack | None, unit: str) -> None:
        """Let the next waking, and that alone, practise another pack or one unit of it.

        Raises:
            LookupError: The pack has no such unit.
        """
        wanted = pack or self._tutor.pack
        if unit:
            chosen = tuple(each for each in wanted.units if each.id == unit)
            if not chosen:
                raise LookupError(unit)
            wanted = dataclasses.replace(wanted, units=chosen)
        self._once = Tutor(wanted, self._settings)

    def refusal(self, now: datetime) -> Announcement | None:
        """Why no lesson may begin now; None when one may.

        Args:
            now: Wall time with its zone.
        """
        if self._quiet(now):
            return Announcement.QUIET_TIME
        if all(self._minutes_left(now, each) < SHORTEST_MIN for each in self._store.family):
            return Announcement.ENOUGH_TODAY
        return None

    def must_end(self, now: datetime, state: DialogState | None = None) -> Announcement | None:
        """Why a lesson that is going on has to end; None when it may go on.

        A lesson ends by itself with the day's minutes; this is for minutes that were cut meanwhile,
        and for a child who takes over in the middle.

        Args:
            now: Wall time with its zone.
            state: Of the waking; without it, that of the child who practised last is thought of.
        """
        if self._quiet(now):
            return Announcement.QUIET_TIME
        child = self._store.child if state is None else _session(state).child
        over = bool(child) and self._minutes_left(now, child) <= 0
        return Announcement.ENOUGH_TODAY if over else None

    def _quiet(self, now: datetime) -> bool:
        return any(rules.quiet(now.astimezone()) for rules in (self.rules, self.parents))

    def start(self, *, history: History, seed: int) -> DialogState:
        tutor, self._once = self._once or self._tutor, None
        inner = tutor.start(history=history, seed=seed)
        call = self._call(history, seed)
        return DialogState(self.name, _Session(tutor, inner, history, seed, call))

    def _call(self, history: History, seed: int) -> RollCall | None:
        """The question who is there, where there is more than one child with a name."""
        place = {child: number for number, child in enumerate(self._store.family)}
        family = sorted(history.children, key=lambda each: place.get(each.id, len(place)))
        if len(family) < 2 or not all(each.nickname for each in family):
            return None
        usual = family.index(history.children[0])
        return RollCall(tuple(each.nickname for each in family), usual, seed)

    def step(self, state: DialogState, event: DialogEvent, now: datetime) -> Step:
        """What to do about an event.

        Raises:
            ValueError: The state belongs to another engine.
        """
        session = _session(state)
        if isinstance(event, Begin):
            why = self.refusal(now)
            if why is not None:
                return Step(state, (line(why, self.language),), Then.SLEEP)
        if session.call is not None:
            return self._who(session, session.call, event, now)
        if isinstance(event, Begin):
            return self._begin(dataclasses.replace(session, child=self._store.child), now)
        if session.said:
            self._told(session.said)
        return self._go_on(dataclasses.replace(session, said=()), event, now)

    def _who(self, session: _Session, call: RollCall, event: DialogEvent, now: datetime) -> Step:
        """Ask on who is there; begin when that is known."""
        outcome = roll_call.step(call, event, self.instruction)
        if isinstance(outcome, Asking):
            asking = dataclasses.replace(session, call=outcome.call)
            state = DialogState(self.name, asking)
            return Step(state, outcome.lines, Then.LISTEN, outcome.expect)
        if isinstance(outcome, Left):
            return Step(DialogState(self.name, session), outcome.lines, Then.SLEEP)
        name = call.names[outcome.who]
        chosen = next(each for each in session.history.children if each.nickname == name)
        others = (each for each in session.history.children if each is not chosen)
        history = History((chosen, *others))
        inner = session.tutor.start(history=history, seed=session.seed)
        session = dataclasses.replace(
            session, inner=inner, history=history, call=None, child=chosen.id
        )
        if self._minutes_left(now, chosen.id) < SHORTEST_MIN:
            goodbye = (line(Announcement.ENOUGH_TODAY, self.language),)
            return Step(DialogState(self.name, session), goodbye, Then.SLEEP)
        return self._begin(session, now)

    def _begin(self, session: _Session, now: datetime) -> Step:
        """Begin the lesson of the session's child."""
        waiting = self._answers(session.child)
        said = tuple(each.question for each in waiting)
        step = self._go_on(self._within_the_day(session, said, now), Begin(), now)
        if not waiting:
            return step
        lines = [line(Announcement.TEACHER_ANSWERS, self.language)]
        lines += [Line(each.text, each.language) for each in waiting]
        return dataclasses.replace(step, lines=(*lines, *step.lines))

    def _go_on(self, session: _Session, event: DialogEvent, now: datetime) -> Step:
        session.tutor.language = self.instruction
        step = session.tutor.step(session.inner, event, now)
        inside = dataclasses.replace(
            session, inner=step.state, child=_child_of(step.learned) or session.child
        )
        return dataclasses.replace(step, state=DialogState(self.name, inside))

    def _within_the_day(self, session: _Session, said: tuple[str, ...], now: datetime) -> _Session:
        """The session with a tutor that ends it when the day's minutes do."""
        left = self._minutes_left(now, session.child)
        tutor = session.tutor
        if left < tutor.settings.session_minutes:
            tutor = copy.copy(tutor)
            tutor.settings = dataclasses.replace(tutor.settings, session_minutes=int(left))
        return dataclasses.replace(session, tutor=tutor, said=said)

    def _minutes_left(self, now: datetime, child: str) -> float:
        limits = [each.minutes_per_day for each in (self.rules, self.parents)]
        limit = min((each for each in limits if each), default=0)
        if not limit:
            return float("inf")
        try:
            with self._store.transaction() as db:
                return limit - minutes_today(db, now, child)
        except StoreError as error:
            log.warning("today's minutes could not be read: code=%s", error.code)
            return float(limit)

    def _answers(self, child: str) -> tuple[answers.Answer, ...]:
        try:
            with self._store.transaction() as db:
                return answers.waiting(db, child)
        except StoreError as error:
            log.warning("answers could not be read: code=%s", error.code)
            return ()

    def _told(self, questions: tuple[str, ...]) -> None:
        try:
            with self._store.transaction() as db:
                answers.told(db, questions)
        except StoreError as error:
            log.warning("an answer will be said again: code=%s", error.code)


def _session(state: DialogState) -> _Session:
    if not isinstance(state.data, _Session):
        raise ValueError(f"a state of {state.engine!r} was given to {Lessons.name!r}")
    return state.data


def _child_of(learned: Learned | None) -> str:
    """Who practises from a step on; empty where that does not change."""
    return "" if learned is None else learned.child
