"""How much a child can do already, as far as new items are concerned.

One number in logits, beside the items' difficulty: the chance of a right first answer to a new item
is the logistic function of ability minus difficulty (Rasch 1960). It is the most likely value given
how easily the items practised so far were learnt, with a normal prior for a child never heard.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from dialog.ports import ItemMemory
from dialog.teaching.course import Course

PRIOR_ABILITY, PRIOR_DEVIATION = 1.5, 1.0
"""Of a child never heard: four of five words repeated rightly."""
_NEWTON_STEPS = 12


def chance(ability: float, difficulty: float) -> float:
    """Chance from 0 to 1 that a new item is answered rightly at once."""
    return 1.0 / (1.0 + math.exp(difficulty - ability))


def ability_of(memories: Iterable[ItemMemory], course: Course) -> float:
    """The ability that a child's memories speak for, in logits.

    The schedule's difficulty of an item for this child, 1 (never a slip) to 10, is read as the
    share of right answers, 1 to 0.
    """
    seen = [
        (1.0 - (memory.difficulty - 1.0) / 9.0, course.facts[memory.item].difficulty)
        for memory in memories
        if memory.item in course.facts
    ]
    ability = PRIOR_ABILITY
    for _ in range(_NEWTON_STEPS):
        slope = (PRIOR_ABILITY - ability) / PRIOR_DEVIATION**2
        curvature = 1.0 / PRIOR_DEVIATION**2
        for share, difficulty in seen:
            expected = chance(ability, difficulty)
            slope += share - expected
            curvature += expected * (1.0 - expected)
        ability += slope / curvature
    return ability
