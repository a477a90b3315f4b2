"""What parents decided, brought to bear on the talk: kindly, and never at a child's cost.

A `dialog.ports.DialogEngine` around the lessons. What the child achieved in the step at which a
lesson has to end is kept; only what Myna would have said next gives way to a goodbye.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from device.announcements import Announcement, line
from device.lessons import Lessons
from device.panel import EARLIEST_CREDIBLE
from dialog.packs.model import Level, Pack
from dialog.ports import Begin, DialogEvent, DialogState, History, Language, Line, Step, Then
from provisioning.parents.limits import Limits

BEDTIME_RATE = 0.85
"""How fast Myna speaks before the quiet time, of her own rate."""
BEDTIME_LOUDNESS = 0.6
"""How loud she may be then, of what is allowed otherwise."""
LONGEST_LESSON = timedelta(hours=4)
"""A lesson that seems to be longer, or to have begun later than now, spans a clock that was set."""


@dataclass(frozen=True, slots=True)
class _Waking:
    """A waking: where the lessons stand, when it began, and how many breaks it has had."""

    inner: DialogState
    began: datetime | None = None
    breaks: int = 0


class HouseRules:
    """The lessons as the parents want them. Used by the conversation's thread alone.

    Attributes:
        limits: Replaced as a whole when parents change them; holds from the next step on.

    Args:
        lessons: What is limited; it knows quiet times and minutes itself.
    """

    name = "house"

    def __init__(self, lessons: Lessons) -> None:
        self._lessons = lessons
        self.limits = Limits()

    def start(self, *, history: History, seed: int) -> DialogState:
        inner = self._lessons.start(history=history, seed=seed)
        return DialogState(self.name, _Waking(inner))

    def step(self, state: DialogState, event: DialogEvent, now: datetime) -> Step:
        """What to do about an event.

        Raises:
            ValueError: The state belongs to another engine.
        """
        waking = state.data
        if not isinstance(waking, _Waking):
            raise ValueError(f"a state of {state.engine!r} was given to {self.name!r}")
        step = self._lessons.step(waking.inner, event, now)
        if waking.began is None:
            waking = replace(waking, began=now)
        waking = replace(waking, inner=step.state)
        before: list[Announcement] = []
        if step.then is Then.LISTEN:
            why = None if isinstance(event, Begin) else self._lessons.must_end(now, step.state)
            if why is not None:
                goodbye = (line(why, self._lessons.language),)
                step = replace(step, lines=goodbye, then=Then.SLEEP, expect=None)
            elif isinstance(event, Begin) and self.near_bedtime(now):
                before = [Announcement.NEAR_BEDTIME]
            elif self._break_is_due(waking, now):
                waking = replace(waking, breaks=waking.breaks + 1)
                before = [Announcement.BREAK]
        said = (*(line(each, self._lessons.language) for each in before), *step.lines)
        lines = tuple(self._at_rate(each, now) for each in said)
        return replace(step, state=DialogState(self.name, waking), lines=lines)

    def may_begin(self, now: datetime) -> bool:
        """Whether a lesson may begin now."""
        return self._lessons.refusal(now) is None

    @property
    def instruction(self) -> Language:
        """What is explained in."""
        return self._lessons.instruction

    def near_bedtime(self, now: datetime) -> bool:
        """Whether the quiet time is so near that Myna winds down; never before the clock is set."""
        limits = self.limits
        local = now.astimezone()
        if not limits.quiet_from or not limits.wind_down_min or local.year < EARLIEST_CREDIBLE:
            return False
        hour, minute = (int(part) for part in limits.quiet_from.split(":"))
        left_min = (hour * 60 + minute - local.hour * 60 - local.minute) % (24 * 60)
        return 0 < left_min <= limits.wind_down_min

    def loudness(self, now: datetime) -> float:
        """How loud Myna may be now, 0..1 of the box's loudest."""
        share = self.limits.loudest_percent / 100
        return share * BEDTIME_LOUDNESS if self.near_bedtime(now) else share

    def _at_rate(self, said: Line, now: datetime) -> Line:
        rate = self.limits.rate_percent / 100
        if self.near_bedtime(now):
            rate *= BEDTIME_RATE
        return said if rate == 1.0 else replace(said, rate=said.rate * rate)

    def _break_is_due(self, waking: _Waking, now: datetime) -> bool:
        if not self.limits.break_after_min or waking.began is None:
            return False
        lasted = now - waking.began
        wanted = timedelta(minutes=self.limits.break_after_min * (waking.breaks + 1))
        return wanted <= lasted <= LONGEST_LESSON


def up_to(pack: Pack, level: str) -> Pack:
    """The pack without what is harder than a level; whole where nothing would be left.

    Args:
        level: ``pre-a1``, ``a1``, ``a2``; empty is no limit.
    """
    if not level:
        return pack
    order = list(Level)
    hardest = order.index(Level(level))
    units = tuple(
        replace(
            unit,
            items=tuple(item for item in unit.items if order.index(item.level) <= hardest),
            plays=tuple(play for play in unit.plays if order.index(play.level) <= hardest),
        )
        for unit in pack.units
    )
    left = tuple(unit for unit in units if unit.items)
    return replace(pack, units=left) if left else pack
