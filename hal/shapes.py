"""The shapes that patterns are made of: soft places on the ring and soft moments in time."""

from __future__ import annotations

import math


def distance(place: float, other: float) -> float:
    """The way round the ring between two places, 0..0.5 of it."""
    apart = abs(place - other) % 1.0
    return min(apart, 1.0 - apart)


def near(place: float, centre: float, *, width: float) -> float:
    """1 at the centre, falling to 0 at `width` of the ring away (raised cosine)."""
    apart = distance(place, centre) / width
    return 0.5 + 0.5 * math.cos(math.pi * apart) if apart < 1 else 0.0


def swell(t_s: float, period_s: float) -> float:
    """A slow breath 0..1, starting at 0."""
    return 0.5 - 0.5 * math.cos(2 * math.pi * t_s / period_s)


def bump(t_s: float, centre_s: float, half_s: float) -> float:
    """A soft pulse 0..1 around `centre_s`."""
    apart = abs(t_s - centre_s) / half_s
    return 0.5 + 0.5 * math.cos(math.pi * apart) if apart < 1 else 0.0


def edge(value: float, width: float) -> float:
    """0 below 0, 1 from `width` on, straight between: a border that is no step."""
    return min(1.0, max(0.0, value / width))
