"""How each mood moves: brightness 0..1 of the light at a place of the ring at a moment.

Every function takes the place (0..1 round the ring, 0 at the front), seconds since the mood began,
and an amount 0..1: the followed loudness for LISTENING, the volume for VOLUME, unused elsewhere.
The first line of each docstring is what the documentation says of the mood.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from hal.shapes import bump, distance, edge, near, swell

Motion = Callable[[float, float, float], float]

VOICE_SHARE = 0.5
"""What a shouting child adds to the brightness of LISTENING."""
VOLUME_START = 0.5
"""The bar of VOLUME begins at the back."""


def asleep(place: float, t_s: float, _amount: float) -> float:
    """A night light at the front that breathes every 8 s; the rest is dark."""
    return near(place, 0.0, width=0.09) * (0.05 + 0.04 * swell(t_s, 8.0))


def waking(place: float, t_s: float, _amount: float) -> float:
    """Opens from the front round both sides in 0.4 s, like an eye; the back stays dark."""
    opened = min(1.0, t_s / 0.4) * 0.42
    return 0.9 * edge(opened - distance(place, 0.0), 0.12)


def listening(_place: float, _t_s: float, amount: float) -> float:
    """The whole ring, still, and brighter with the child's voice."""
    return 0.45 + VOICE_SHARE * amount


def thinking(place: float, t_s: float, _amount: float) -> float:
    """A comet goes round every 1.6 s, its tail behind it."""
    behind = (t_s / 1.6 - place) % 1.0
    coming = max(0.0, behind - 0.9) / 0.1  # a soft front edge, not a switch
    return 0.08 + 0.85 * max(math.exp(-5.0 * behind), coming)


def speaking(place: float, t_s: float, _amount: float) -> float:
    """Waves on water: three crests that rise and sink where their neighbours sink and rise."""
    crest = math.cos(2 * math.pi * 3 * place)
    return 0.5 + 0.4 * crest * math.cos(2 * math.pi * t_s / 1.5)


def paused(place: float, t_s: float, _amount: float) -> float:
    """Two bars, left and right, like the sign for a pause; they breathe every 5 s."""
    bars = max(near(place, 0.25, width=0.14), near(place, 0.75, width=0.14))
    return bars * (0.2 + 0.3 * swell(t_s, 5.0))


def muted(place: float, _t_s: float, _amount: float) -> float:
    """Four points that do not move at all."""
    return 0.7 * max(near(place, quarter / 4, width=0.05) for quarter in range(4))


def muted_by_switch(place: float, _t_s: float, _amount: float) -> float:
    """The back half of the ring, still, like a lid that is shut."""
    return 0.7 * edge(distance(place, 0.0) - 0.22, 0.06)


def muted_by_switch_sole(_place: float, t_s: float, _amount: float) -> float:
    """A single light shows the switch by closing its eye every 2 s."""
    return 0.7 * (1.0 - bump(t_s % 2.0, 1.5, 0.5))


def pairing(place: float, t_s: float, _amount: float) -> float:
    """Two lights run down both sides, meet at the front and part again, every 2.4 s."""
    apart = 0.5 * swell(t_s + 1.2, 2.4)
    return 0.8 * near(distance(place, 0.0), apart, width=0.1)


def updating(place: float, t_s: float, _amount: float) -> float:
    """Fills from the front clockwise in 4 s, goes dark in 1 s, and fills again."""
    phase = t_s % 5.0
    if phase < 4.0:
        return 0.6 * edge(phase / 4.0 * 1.1 - place, 0.1)
    return 0.6 * (5.0 - phase)


def updating_sole(_place: float, t_s: float, _amount: float) -> float:
    """A single light grows for 4 s, goes dark in 1 s, and grows again."""
    phase = t_s % 5.0
    return 0.6 * (phase / 4.0 if phase < 4.0 else 5.0 - phase)


def no_network(place: float, t_s: float, _amount: float) -> float:
    """A dim ring that opens at the front and closes again every 4 s, like a chain undone."""
    return 0.4 * (1.0 - near(place, 0.0, width=0.4) * swell(t_s, 4.0))


def answer_waiting(place: float, t_s: float, _amount: float) -> float:
    """Three sparks one after another round a faint ring, then a rest, every 3 s."""
    phase = t_s % 3.0
    return 0.12 + 0.7 * max(
        bump(phase, 0.5 + 0.45 * spark, 0.4) * near(place, spark / 3, width=0.1)
        for spark in range(3)
    )


def answer_waiting_sole(_place: float, t_s: float, _amount: float) -> float:
    """A single light sparks three times, then rests, every 3 s."""
    phase = t_s % 3.0
    return 0.8 * max(bump(phase, 0.4 + 0.6 * spark, 0.28) for spark in range(3))


def volume(place: float, _t_s: float, amount: float) -> float:
    """A bar that begins at the back and goes clockwise as far as Myna is loud, still."""
    along = (place - VOLUME_START) % 1.0
    return 0.06 + 0.6 * edge(0.1 + amount - along, 0.1)


def volume_sole(_place: float, _t_s: float, amount: float) -> float:
    """A single light, as bright as Myna is loud."""
    return 0.35 + 0.5 * amount


def unsure(place: float, t_s: float, _amount: float) -> float:
    """Left and right sides lighten in turn every 1.6 s, like a head that is shaken."""
    return 0.35 + 0.3 * math.sin(2 * math.pi * place) * math.sin(2 * math.pi * t_s / 1.6)


def fault(_place: float, t_s: float, _amount: float) -> float:
    """The whole ring beats like a heart, twice and a rest, every 2.4 s."""
    phase = t_s % 2.4
    return 0.12 + 0.7 * max(bump(phase, 0.4, 0.3), bump(phase, 1.0, 0.3))


def no_card(place: float, t_s: float, _amount: float) -> float:
    """A light swings to and fro at the back, looking for something, once in 3 s."""
    where = 0.5 + 0.3 * math.sin(2 * math.pi * t_s / 3.0)
    return 0.04 + 0.7 * near(place, where, width=0.12)


def night(place: float, _t_s: float, _amount: float) -> float:
    """The back of the ring, hardly there, still."""
    return 0.03 * edge(distance(place, 0.0) - 0.28, 0.06)
