"""Plainer ways to plan a session, for the benchmark to set the planner against."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dialog.ports import Child
from dialog.teaching.course import Course
from dialog.teaching.memory import of_pack
from dialog.teaching.planner import HELLO_S, NEW_TAKES, Planned, Why


def fixed_order(
    child: Child, course: Course, *, now: datetime, minutes: float, seed: int
) -> tuple[Planned, ...]:
    """As a textbook does it: the pack from front to back, then again from the front."""
    memories = of_pack(child.memories, course.pack.id)
    met = [memories[item].reviews if item in memories else 0 for item in course.facts]
    rounds = min(met, default=0)
    order = list(course.facts)
    start = next((place for place, count in enumerate(met) if count == rounds), 0)
    turned = [*order[start:], *order[:start]]
    planned = [Planned(item, Why.SOON if item in memories else Why.NEW) for item in turned]
    return _fitting(planned, course, minutes)


def review_alone(
    child: Child, course: Course, *, now: datetime, minutes: float, seed: int
) -> tuple[Planned, ...]:
    """As flash cards do it: all that is due, oldest first; then what is new, in its order."""
    memories = of_pack(child.memories, course.pack.id)
    due = [memories[item] for item in course.facts if item in memories]
    due = sorted((m for m in due if m.due <= now), key=lambda memory: memory.due)
    planned = [Planned(memory.item, Why.DUE) for memory in due]
    planned += [Planned(item, Why.NEW) for item in course.facts if item not in memories]
    return _fitting(planned, course, minutes)


def _fitting(planned: Sequence[Planned], course: Course, minutes: float) -> tuple[Planned, ...]:
    left_s = minutes * 60.0 - HELLO_S
    taken = []
    for each in planned:
        left_s -= course.facts[each.item].seconds * (NEW_TAKES if each.why is Why.NEW else 1.0)
        if left_s < 0.0:
            break
        taken.append(each)
    return tuple(taken)
