"""Whether practising is still fun: read from how the last items went, never asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

EARLIEST_SHARE = 0.4
"""Part of the planned time before which nobody is sent away: the hard ones may just come first."""
LOOK_BACK = 6
STRUGGLES = 4
"""So many of the last items with help to the end, and it is enough for today."""
SLOWING = 2.0
"""Hesitating so many times longer than at the start, with some struggle, says the same."""


@dataclass(frozen=True, slots=True)
class Moment:
    """How one item went.

    Attributes:
        struggled: Whether it needed help to the end.
        silent: Whether the child said nothing for a while.
        hesitation_s: Before the first answer.
    """

    struggled: bool
    silent: bool = False
    hesitation_s: float = 0.0


def is_tired(moments: Sequence[Moment], *, elapsed_s: float, minutes: float) -> bool:
    """Whether to end with something easy now, while it is still fun.

    Args:
        moments: Of this session, oldest first.
        elapsed_s: How long the session has taken.
        minutes: How long it may take.
    """
    if elapsed_s < EARLIEST_SHARE * minutes * 60.0 or len(moments) < LOOK_BACK:
        return False
    latest = moments[-LOOK_BACK:]
    troubles = sum(moment.struggled or moment.silent for moment in latest)
    if troubles >= STRUGGLES:
        return True
    at_first = _median([moment.hesitation_s for moment in moments[:LOOK_BACK]])
    lately = _median([moment.hesitation_s for moment in latest])
    return troubles >= STRUGGLES // 2 and at_first > 0.0 and lately > SLOWING * at_first


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]
