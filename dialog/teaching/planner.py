"""What a session practises: a function of what a child knows, the pack, the time, and a seed.

Due reviews come first, those that are most surely still known ahead, so that a session begins with
success. Then come new items, in the pack's order as long as they suit the child, with the sounds
that it finds hard woven in. What the minutes leave over goes to what will be due soonest.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from dialog.packs.model import RolePlay
from dialog.ports import Child, ItemMemory
from dialog.teaching.ability import ability_of, chance
from dialog.teaching.course import Course, ItemFacts
from dialog.teaching.memory import known, of_pack, recalled
from dialog.teaching.profile import weak_sounds

PLAY_KNOWN = 0.75
"""Share of a unit's items known once from which its play fits: one rhyme that never comes in time
must not keep a child from a story that has not a word of it."""
HELLO_S = 15.0
"""Greeting and goodbye."""
PLAY_S = 75.0
"""A role play, kept free at the end where one fits."""
REVIEWS_AT_MOST = 0.65
"""Share of a session for reviews while there is something new: nobody comes to repeat alone."""
NEW_TAKES = 1.3
"""A new item takes longer than one that is known: help, and a second asking for some."""
YOUNG_DAYS, YOUNG_AT_MOST, NEW_AT_LEAST = 7.0, 20, 3
"""With so many items that would not last a week, new ones wait, but for a few to be curious about:
what is met once and not again is lost."""
SUITS = 0.55
"""Chance of a right first answer from which a new item suits the child."""
TOO_EASY = 0.96
LATER_UNITS, EASY_LATER_UNITS = 3.0, 0.5
"""How many units later an item comes that is too hard, or too easy, today."""
SOUND_EVERY = 4
"""Every so many items one is chosen for a sound that the child finds hard."""
SOUNDS_AT_ONCE = 2


class Why(Enum):
    """Why an item is in a session."""

    DUE = "due"
    NEW = "new"
    SOUND = "sound"
    SOON = "soon"
    ECHO = "echo"
    """Once more in the same session, after it went wrong."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One item of a session."""

    item: str
    why: Why


class Planner(Protocol):
    """How a session is planned; benchmarks put others in the place of `plan_session`."""

    def __call__(
        self, child: Child, course: Course, *, now: datetime, minutes: float, seed: int
    ) -> tuple[Planned, ...]: ...


def plan_session(
    child: Child, course: Course, *, now: datetime, minutes: float, seed: int
) -> tuple[Planned, ...]:
    """The items of one session in their order.

    Args:
        child: What is known of it.
        course: The pack, with the facts of its items.
        now: UTC.
        minutes: How long the session may take, a role play at its end included.
        seed: Settles what is otherwise even; the same seed gives the same session.
    """
    memories = {
        item: memory
        for item, memory in of_pack(child.memories, course.pack.id).items()
        if item in course.facts
    }
    budget_s = minutes * 60.0 - HELLO_S
    if choose_play(child, course, now=now, seed=seed):
        budget_s -= PLAY_S
    weak = weak_sounds(child.sounds, now)[:SOUNDS_AT_ONCE]
    fresh = _fresh(memories, course, weak, ability_of(memories.values(), course))
    young = sum(memory.stability_days < YOUNG_DAYS for memory in memories.values())
    fresh = fresh[: max(NEW_AT_LEAST, YOUNG_AT_MOST - young)]
    due = _due(memories, course, now, seed)
    reviews = _fill(due, course, budget_s * (REVIEWS_AT_MOST if fresh else 1.0))
    left_s = budget_s - _length_s(reviews, course)
    taken = {planned.item for planned in reviews}
    practice = [item for item in _for_sounds(memories, course, weak, seed) if item not in taken]
    woven = list(_weave(fresh, practice))
    news = _fill(woven, course, left_s)
    left_s -= _length_s(news, course)
    taken |= {planned.item for planned in news}
    rest = [planned for planned in due[len(reviews) :] if planned.item not in taken]
    rest += [each for each in _soon(memories, now, seed) if each.item not in taken]
    rest = _fill(rest, course, left_s, least=0 if taken else 1)
    left_s -= _length_s(rest, course)
    # A child's first sessions: what was new comes a second time before the end.
    again = [Planned(each.item, Why.ECHO) for each in news if each.why is Why.NEW]
    return (*reviews, *news, *rest, *_fill(again, course, left_s))


def choose_play(child: Child, course: Course, *, now: datetime, seed: int) -> str:
    """Id of the play or story that ends a session; empty when none fits yet.

    One fits when every item of its unit has been met, and most (`PLAY_KNOWN`) known once. Those
    never begun come first, in the pack's order, then the one that was played longest ago, unless
    that was today.
    """
    memories = of_pack(child.memories, course.pack.id)
    ready = [
        play
        for unit in course.pack.units
        if _fits([memories.get(item.id) for item in unit.items])
        for play in unit.plays
    ]
    new = [play for play in ready if _opening(play) not in memories]
    if new:
        return new[0].id
    rested = [play for play in ready if (now - memories[_opening(play)].reviewed).days >= 1]
    oldest = sorted(
        rested,
        key=lambda play: (memories[_opening(play)].reviewed.date(), _shuffled(seed, play.id)),
    )
    return oldest[0].id if oldest else ""


def _fits(unit: Sequence[ItemMemory | None]) -> bool:
    met = [memory for memory in unit if memory is not None]
    return len(met) == len(unit) and sum(map(known, met)) >= PLAY_KNOWN * len(unit)


def _opening(play: RolePlay) -> str:
    return f"{play.id}/{play.steps[0].id}"


def _due(
    memories: Mapping[str, ItemMemory], course: Course, now: datetime, seed: int
) -> list[Planned]:
    """What is due, the surest first; by the pack's order where that is even."""
    due = [memory for memory in memories.values() if memory.due <= now]
    due.sort(
        key=lambda memory: (
            -round(recalled(memory, now), 1),
            course.facts[memory.item].unit,
            _shuffled(seed, memory.item),
        )
    )
    return [Planned(memory.item, Why.DUE) for memory in due]


def _fresh(
    memories: Mapping[str, ItemMemory], course: Course, weak: Sequence[str], ability: float
) -> list[ItemFacts]:
    """New items in the order in which they should come."""
    fresh = [facts for facts in course.facts.values() if facts.id not in memories]

    def turn(facts: ItemFacts) -> tuple[float, int]:
        hard_sounds = 0.3 * sum(phone in facts.phones for phone in weak)
        likely = chance(ability, facts.difficulty + hard_sounds)
        later = LATER_UNITS if likely < SUITS else EASY_LATER_UNITS * (likely > TOO_EASY)
        return facts.unit + later, facts.place

    return sorted(fresh, key=turn)


def _weave(fresh: Sequence[ItemFacts], practice: Sequence[str]) -> Iterator[Planned]:
    """New items, every now and then one for a sound that the child finds hard."""
    sounds = iter(practice)
    for count, facts in enumerate(fresh, start=1):
        yield Planned(facts.id, Why.NEW)
        if count % (SOUND_EVERY - 1) == 0 and (item := next(sounds, "")):
            yield Planned(item, Why.SOUND)
    yield from (Planned(item, Why.SOUND) for item in sounds)


def _for_sounds(
    memories: Mapping[str, ItemMemory], course: Course, weak: Sequence[str], seed: int
) -> list[str]:
    """Items once practised that hold a weak sound, those written for it first, oldest first."""
    found = [
        (course.facts[item].sound != phone, memory.reviewed.date(), _shuffled(seed, item), item)
        for phone in weak
        for item, memory in memories.items()
        if phone in course.facts[item].phones
    ]
    return list(dict.fromkeys(item for *_, item in sorted(found)))


def _soon(memories: Mapping[str, ItemMemory], now: datetime, seed: int) -> list[Planned]:
    """What is not due yet, soonest first, nothing that was practised within the last hours."""
    later = [
        memory
        for memory in memories.values()
        if memory.due > now and (now - memory.reviewed).total_seconds() > 4 * 3600
    ]
    later.sort(key=lambda memory: (memory.due.date(), _shuffled(seed, memory.item)))
    return [Planned(memory.item, Why.SOON) for memory in later]


def _fill(
    planned: Sequence[Planned], course: Course, budget_s: float, *, least: int = 0
) -> list[Planned]:
    """As many of them, from the front, as fit into the time, but at least so many."""
    taken: list[Planned] = []
    for each in planned:
        budget_s -= _takes_s(each, course)
        if budget_s < 0.0 and len(taken) >= least:
            break
        taken.append(each)
    return taken


def _length_s(planned: Sequence[Planned], course: Course) -> float:
    return sum(_takes_s(each, course) for each in planned)


def _takes_s(planned: Planned, course: Course) -> float:
    takes_s = course.facts[planned.item].seconds
    return takes_s * (NEW_TAKES if planned.why is Why.NEW else 1.0)


def _shuffled(seed: int, name: str) -> int:
    return zlib.crc32(f"{seed}:{name}".encode())
