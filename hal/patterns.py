"""What the lights look like: pure functions of mood, time and loudness.

Each mood has a colour and a motion of its own, so that a child who does not see the colour
still sees the difference. The light is soft (no colour part above 0.6 of full) and nothing
flashes faster than three times a second, the limit of WCAG 2.2, success criterion 2.3.1
(https://www.w3.org/TR/WCAG22/#three-flashes-or-below-threshold): a flash is a pair of opposing
changes of relative luminance by a tenth of full scale or more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from hal.ports import Lights, Mood, Rgb

RING_COUNT = 12
BRIGHTEST = 0.6
"""The largest part of any colour, of 1."""
FLASHES_PER_S = 3.0

AMBER = Rgb(1.0, 0.40, 0.04)
TURQUOISE = Rgb(0.05, 0.85, 0.75)
LILAC = Rgb(0.55, 0.20, 1.0)
GREEN = Rgb(0.30, 1.0, 0.20)
MOONLIGHT = Rgb(0.75, 0.80, 1.0)
CORAL = Rgb(1.0, 0.12, 0.06)

QUIET_DBFS, LOUD_DBFS = -50.0, -15.0
FOLLOW_PER_S = 1.8
"""Fastest change of the followed loudness. LISTENING adds at most `VOICE_SHARE` of luminance for a
loudness of 1, so a tenth of full luminance takes at least 0.1 / (1.8 * 0.3) = 0.185 s, and there
and back again 0.37 s: under three flashes a second whatever a child shouts."""
VOICE_SHARE = 0.3


def lights(mood: Mood, t_s: float, loudness: float, count: int = RING_COUNT) -> Lights:
    """The ring at one moment.

    Args:
        mood: What the ring says.
        t_s: Time since the mood began, 0 or more.
        loudness: The followed loudness of the child's voice, 0..1; LISTENING alone uses it.
        count: Lights in the ring; light 0 is at the front, the rest go round clockwise.

    Returns:
        `count` lights, each part 0..`BRIGHTEST`.

    Raises:
        ValueError: `count` is below 1, or `t_s` or `loudness` out of range.
    """
    if count < 1 or not t_s >= 0 or not 0 <= loudness <= 1:
        raise ValueError(f"no ring of {count} lights at {t_s} s and loudness {loudness}")
    pattern = _PATTERNS[mood]
    places = [n / count for n in range(count)] if count > 1 else [pattern.sole_place]
    return tuple(_scaled(pattern.colour, pattern.motion(p, t_s, loudness)) for p in places)


def loudness(dbfs: float) -> float:
    """Maps a level to 0..1: `QUIET_DBFS` and below is 0, `LOUD_DBFS` and above is 1."""
    if math.isnan(dbfs):
        return 0.0
    return min(1.0, max(0.0, (dbfs - QUIET_DBFS) / (LOUD_DBFS - QUIET_DBFS)))


def followed(now: float, target: float, elapsed_s: float) -> float:
    """The loudness that the lights follow: moves to `target` no faster than `FOLLOW_PER_S`."""
    step = FOLLOW_PER_S * max(0.0, elapsed_s)
    return min(now + step, max(now - step, target))


def relative_luminance(light: Rgb) -> float:
    """Relative luminance 0..1 of linear light (WCAG 2.2, with the primaries of sRGB)."""
    return 0.2126 * light.red + 0.7152 * light.green + 0.0722 * light.blue


# ----------------------------------------------------------------- motions
# Brightness 0..1 of the light at `place` (0..1 round the ring, 0 at the front) at `t_s`.

Motion = Callable[[float, float, float], float]


def _asleep(place: float, t_s: float, _loudness: float) -> float:
    """A night light at the front that breathes every 8 s; the rest is dark."""
    return _near(place, 0.0, width=0.09) * (0.05 + 0.04 * _swell(t_s, 8.0))


def _waking(place: float, t_s: float, _loudness: float) -> float:
    """Opens from the front round both sides in 0.4 s, like an eye; the back stays dark."""
    opened = min(1.0, t_s / 0.4) * 0.42
    return 0.9 * min(1.0, max(0.0, (opened - _distance(place, 0.0)) / 0.12))


def _listening(_place: float, _t_s: float, loudness: float) -> float:
    """The whole ring, still, and brighter with the child's voice."""
    return 0.45 + (VOICE_SHARE / BRIGHTEST) * loudness


def _thinking(place: float, t_s: float, _loudness: float) -> float:
    """A comet goes round every 1.6 s, its tail behind it."""
    behind = (t_s / 1.6 - place) % 1.0
    coming = max(0.0, behind - 0.9) / 0.1  # a soft front edge, not a switch
    return 0.08 + 0.85 * max(math.exp(-5.0 * behind), coming)


def _speaking(place: float, t_s: float, _loudness: float) -> float:
    """Waves on water: three crests that rise and sink where their neighbours sink and rise."""
    crest = math.cos(2 * math.pi * 3 * place)
    return 0.5 + 0.4 * crest * math.cos(2 * math.pi * t_s / 1.5)


def _paused(place: float, t_s: float, _loudness: float) -> float:
    """Two bars, left and right, like the sign for a pause; they breathe every 5 s."""
    bars = max(_near(place, 0.25, width=0.14), _near(place, 0.75, width=0.14))
    return bars * (0.2 + 0.3 * _swell(t_s, 5.0))


def _muted(place: float, _t_s: float, _loudness: float) -> float:
    """Four points that do not move at all."""
    return 0.7 * max(_near(place, quarter / 4, width=0.05) for quarter in range(4))


def _fault(_place: float, t_s: float, _loudness: float) -> float:
    """The whole ring beats like a heart, twice and a rest, every 2.4 s."""
    phase = t_s % 2.4
    return 0.12 + 0.7 * max(_bump(phase, 0.4, 0.3), _bump(phase, 1.0, 0.3))


def _no_card(place: float, t_s: float, _loudness: float) -> float:
    """A light swings to and fro at the back, looking for something, once in 3 s."""
    where = 0.5 + 0.3 * math.sin(2 * math.pi * t_s / 3.0)
    return 0.04 + 0.7 * _near(place, where, width=0.12)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A mood's look.

    Attributes:
        sole_place: The place of the ring that a box with a single light shows.
    """

    colour: Rgb
    motion: Motion
    sole_place: float = 0.0


_PATTERNS: dict[Mood, _Pattern] = {
    Mood.ASLEEP: _Pattern(AMBER, _asleep),
    Mood.WAKING: _Pattern(TURQUOISE, _waking),
    Mood.LISTENING: _Pattern(TURQUOISE, _listening),
    Mood.THINKING: _Pattern(LILAC, _thinking),
    Mood.SPEAKING: _Pattern(GREEN, _speaking),
    Mood.PAUSED: _Pattern(MOONLIGHT, _paused, sole_place=0.25),
    Mood.MUTED: _Pattern(CORAL, _muted),
    Mood.FAULT: _Pattern(AMBER, _fault),
    Mood.NO_CARD: _Pattern(AMBER, _no_card, sole_place=0.5),
}


def meaning(mood: Mood) -> str:
    """The mood's motion in words, for the documentation."""
    return (_PATTERNS[mood].motion.__doc__ or "").strip()


# ------------------------------------------------------------------ shapes


def _scaled(colour: Rgb, brightness: float) -> Rgb:
    share = BRIGHTEST * min(1.0, max(0.0, brightness))
    return Rgb(colour.red * share, colour.green * share, colour.blue * share)


def _distance(place: float, other: float) -> float:
    """The way round the ring between two places, 0..0.5 of it."""
    apart = abs(place - other) % 1.0
    return min(apart, 1.0 - apart)


def _near(place: float, centre: float, *, width: float) -> float:
    """1 at the centre, falling to 0 at `width` of the ring away (raised cosine)."""
    apart = _distance(place, centre) / width
    return 0.5 + 0.5 * math.cos(math.pi * apart) if apart < 1 else 0.0


def _swell(t_s: float, period_s: float) -> float:
    """A slow breath 0..1, starting at 0."""
    return 0.5 - 0.5 * math.cos(2 * math.pi * t_s / period_s)


def _bump(t_s: float, centre_s: float, half_s: float) -> float:
    """A soft pulse 0..1 around `centre_s`."""
    apart = abs(t_s - centre_s) / half_s
    return 0.5 + 0.5 * math.cos(math.pi * apart) if apart < 1 else 0.0
