"""What the lights look like: pure functions of mood, time and loudness.

Each mood has a colour and a motion of its own, so that a child who does not see the colour
still sees the difference. The light is soft (no colour part above 0.6 of full) and nothing
flashes faster than three times a second, the limit of WCAG 2.2, success criterion 2.3.1
(https://www.w3.org/TR/WCAG22/#three-flashes-or-below-threshold): a flash is a pair of opposing
changes of relative luminance by a tenth of full scale or more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hal import motions
from hal.motions import Motion
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
BLUE = Rgb(0.05, 0.25, 1.0)
PINK = Rgb(1.0, 0.15, 0.5)
GOLD = Rgb(1.0, 0.65, 0.05)
EMBER = Rgb(1.0, 0.20, 0.0)

QUIET_DBFS, LOUD_DBFS = -50.0, -15.0
FOLLOW_PER_S = 1.8
"""Fastest change of the followed loudness. LISTENING adds at most `VOICE_SHARE` of luminance for a
loudness of 1, so a tenth of full luminance takes at least 0.1 / (1.8 * 0.3) = 0.185 s, and there
and back again 0.37 s: under three flashes a second whatever a child shouts."""
VOLUME_PER_S = 0.5
"""The same for the volume: a light of the bar goes on or off within 0.1 of it, so 0.2 s."""
VOICE_SHARE = BRIGHTEST * motions.VOICE_SHARE
FADE_S = 0.2
"""A mood comes in out of the one before in this time, so that a change is no flash of its own."""


def lights(mood: Mood, t_s: float, amount: float, count: int = RING_COUNT) -> Lights:
    """The ring at one moment.

    Args:
        mood: What the ring says.
        t_s: Time since the mood began, 0 or more.
        amount: 0..1: the followed loudness of the child's voice for LISTENING, the volume for
            VOLUME; the others do not use it.
        count: Lights in the ring; light 0 is at the front, the rest go round clockwise.

    Returns:
        `count` lights, each part 0..`BRIGHTEST`.

    Raises:
        ValueError: `count` is below 1, or `t_s` or `amount` out of range.
    """
    if count < 1 or not t_s >= 0 or not 0 <= amount <= 1:
        raise ValueError(f"no ring of {count} lights at {t_s} s and amount {amount}")
    pattern = _PATTERNS[mood]
    if count == 1:
        motion = pattern.sole or pattern.motion
        return (_scaled(pattern.colour, motion(pattern.sole_place, t_s, amount)),)
    motion, colour = pattern.motion, pattern.colour
    return tuple(_scaled(colour, motion(n / count, t_s, amount)) for n in range(count))


def blended(before: Lights, after: Lights, share: float) -> Lights:
    """Between two moments of the same ring; `share` 0 is `before`, 1 is `after`."""
    if share >= 1.0:
        return after
    return tuple(
        Rgb(
            one.red + share * (other.red - one.red),
            one.green + share * (other.green - one.green),
            one.blue + share * (other.blue - one.blue),
        )
        for one, other in zip(before, after, strict=True)
    )


def dimmed(shown: Lights, share: float) -> Lights:
    """Every light scaled to `share`, 0..1, of itself."""
    if share >= 1.0:
        return shown
    return tuple(Rgb(one.red * share, one.green * share, one.blue * share) for one in shown)


def loudness(dbfs: float) -> float:
    """Maps a level to 0..1: `QUIET_DBFS` and below is 0, `LOUD_DBFS` and above is 1."""
    if math.isnan(dbfs):
        return 0.0
    return min(1.0, max(0.0, (dbfs - QUIET_DBFS) / (LOUD_DBFS - QUIET_DBFS)))


def followed(mood: Mood, now: float, target: float, elapsed_s: float) -> float:
    """The amount that the lights show: moves to `target` no faster than the mood allows."""
    per_s = VOLUME_PER_S if mood is Mood.VOLUME else FOLLOW_PER_S
    step = per_s * max(0.0, elapsed_s)
    return min(now + step, max(now - step, target))


def colour(mood: Mood) -> Rgb:
    """The mood's colour at full, linear light."""
    return _PATTERNS[mood].colour


def relative_luminance(light: Rgb) -> float:
    """Relative luminance 0..1 of linear light (WCAG 2.2, with the primaries of sRGB)."""
    return 0.2126 * light.red + 0.7152 * light.green + 0.0722 * light.blue


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A mood's look.

    Attributes:
        sole_place: The place of the ring that a box with a single light shows.
        sole: What a single light does instead, where no one place of the ring says enough.
    """

    colour: Rgb
    motion: Motion
    sole_place: float = 0.0
    sole: Motion | None = None


_PATTERNS: dict[Mood, _Pattern] = {
    Mood.ASLEEP: _Pattern(AMBER, motions.asleep),
    Mood.WAKING: _Pattern(TURQUOISE, motions.waking),
    Mood.LISTENING: _Pattern(TURQUOISE, motions.listening),
    Mood.THINKING: _Pattern(LILAC, motions.thinking),
    Mood.SPEAKING: _Pattern(GREEN, motions.speaking),
    Mood.PAUSED: _Pattern(MOONLIGHT, motions.paused, sole_place=0.25),
    Mood.MUTED: _Pattern(CORAL, motions.muted),
    Mood.MUTED_BY_SWITCH: _Pattern(
        CORAL, motions.muted_by_switch, sole=motions.muted_by_switch_sole
    ),
    Mood.PAIRING: _Pattern(BLUE, motions.pairing),
    Mood.UPDATING: _Pattern(MOONLIGHT, motions.updating, sole=motions.updating_sole),
    Mood.NO_NETWORK: _Pattern(BLUE, motions.no_network),
    Mood.ANSWER_WAITING: _Pattern(PINK, motions.answer_waiting, sole=motions.answer_waiting_sole),
    Mood.VOLUME: _Pattern(MOONLIGHT, motions.volume, sole=motions.volume_sole),
    Mood.UNSURE: _Pattern(GOLD, motions.unsure, sole_place=0.25),
    Mood.FAULT: _Pattern(AMBER, motions.fault),
    Mood.NO_CARD: _Pattern(AMBER, motions.no_card, sole_place=0.5),
    Mood.NIGHT: _Pattern(EMBER, motions.night, sole_place=0.5),
}


def meaning(mood: Mood) -> str:
    """The mood's motion in words, for the documentation."""
    return (_PATTERNS[mood].motion.__doc__ or "").strip()


def _scaled(colour: Rgb, brightness: float) -> Rgb:
    share = BRIGHTEST * min(1.0, max(0.0, brightness))
    return Rgb(colour.red * share, colour.green * share, colour.blue * share)
