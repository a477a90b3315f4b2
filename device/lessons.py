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
from dialog.packs.model import Pack
from dialog.ports import Begin, DialogEvent, DialogState, History, Line, Step, Then
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
    """A waking: its tutor, where that stands, and the answers said at its beginning."""

    tutor: Tutor
    inner: DialogState
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
        if self._minutes_left(now) < SHORTEST_MIN:
            return Announcement.ENOUGH_TODAY
        return None

    def must_end(self, now: datetime) -> Announcement | None:
        """Why a lesson that is going on has to end; None when it may go on.

        A lesson ends by itself with the day's minutes; this is for minutes that were cut meanwhile.

        Args:
            now: Wall time with its zone.
        """
        if self._quiet(now):
            return Announcement.QUIET_TIME
        return Announcement.ENOUGH_TODAY if self._minutes_left(now) <= 0 else None

    def _quiet(self, now: datetime) -> bool:
        return any(rules.quiet(now.astimezone()) for rules in (self.rules, self.parents))

    def start(self, *, history: History, seed: int) -> DialogState:
        tutor, self._once = self._once or self._tutor, None
        inner = tutor.start(history=history, seed=seed)
        return DialogState(self.name, _Session(tutor, inner))

    def step(self, state: DialogState, event: DialogEvent, now: datetime) -> Step:
        """What to do about an event.

        Raises:
            ValueError: The state belongs to another engine.
        """
        session = state.data
        if not isinstance(session, _Session):
            raise ValueError(f"a state of {state.engine!r} was given to {self.name!r}")
        if not isinstance(event, Begin):
            if session.said:
                self._told(session.said)
            return self._go_on(dataclasses.replace(session, said=()), event, now)
        why = self.refusal(now)
        if why is not None:
            return Step(state, (line(why, self.language),), Then.SLEEP)
        waiting = self._answers()
        said = tuple(each.question for each in waiting)
        step = self._go_on(self._within_the_day(session, said, now), event, now)
        if not waiting:
            return step
        lines = [line(Announcement.TEACHER_ANSWERS, self.language)]
        lines += [Line(each.text, each.language) for each in waiting]
        return dataclasses.replace(step, lines=(*lines, *step.lines))

    def _go_on(self, session: _Session, event: DialogEvent, now: datetime) -> Step:
        session.tutor.language = self.instruction
        step = session.tutor.step(session.inner, event, now)
        inside = dataclasses.replace(session, inner=step.state)
        return dataclasses.replace(step, state=DialogState(self.name, inside))

    def _within_the_day(self, session: _Session, said: tuple[str, ...], now: datetime) -> _Session:
        """The session with a tutor that ends it when the day's minutes do."""
        left = self._minutes_left(now)
        tutor = session.tutor
        if left < tutor.settings.session_minutes:
            tutor = copy.copy(tutor)
            tutor.settings = dataclasses.replace(tutor.settings, session_minutes=int(left))
        return dataclasses.replace(session, tutor=tutor, said=said)

    def _minutes_left(self, now: datetime) -> float:
        limits = [each.minutes_per_day for each in (self.rules, self.parents)]
        limit = min((each for each in limits if each), default=0)
        if not limit:
            return float("inf")
        try:
            with self._store.transaction() as db:
                return limit - minutes_today(db, now, self._store.child)
        except StoreError as error:
            log.warning("today's minutes could not be read: code=%s", error.code)
            return float(limit)

    def _answers(self) -> tuple[answers.Answer, ...]:
        try:
            with self._store.transaction() as db:
                return answers.waiting(db, self._store.child)
        except StoreError as error:
            log.warning("answers could not be read: code=%s", error.code)
            return ()

    def _told(self, questions: tuple[str, ...]) -> None:
        try:
            with self._store.transaction() as db:
                answers.told(db, questions)
        except StoreError as error:
            log.warning("an answer will be said again: code=%s", error.code)
