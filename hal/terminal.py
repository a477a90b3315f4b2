"""A ring of lights as one line of a terminal."""

from __future__ import annotations

import os
from typing import TextIO

from hal import patterns
from hal.ports import Lights, Mood, Rgb

_DOT = "●"
_SHADES = " .:oO"
_RESET = "\x1b[0m"
_DARKEST = 28  # of 255: an unlit light is still seen on a black terminal


def render(lights: Lights, *, colour: bool = True) -> str:
    """The ring, unrolled from the front clockwise.

    Args:
        lights: What the ring shows.
        colour: Whether the terminal takes 24-bit colour sequences (ISO 8613-6, "true colour");
            without, a light's brightness is told by a letter: dark, dot, colon, o, O.

    Returns:
        One line without a line break, with as many places as lights.
    """
    if not colour:
        return "".join(_shade(light) for light in lights)
    return "".join(f"\x1b[38;2;{';'.join(_parts(light))}m{_DOT}" for light in lights) + _RESET


def status(mood: Mood, lights: Lights, *, colour: bool = True) -> str:
    """The ring with its mood's name beside it, always of the same width."""
    return f"[{render(lights, colour=colour)}] {mood.name.lower():<15}"


def supports_colour(stream: TextIO) -> bool:
    """Whether to send colours there: a terminal that is not dumb, and https://no-color.org."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def screen_part(linear: float) -> float:
    """A part of linear light 0..1 as a screen wants it, 0..1 (IEC 61966-2-1, sRGB).

    The rings stay below `patterns.BRIGHTEST` to be soft in a dark room; a screen shows that as
    full brightness.
    """
    scaled = min(1.0, max(0.0, linear / patterns.BRIGHTEST))
    return 12.92 * scaled if scaled <= 0.0031308 else 1.055 * scaled ** (1 / 2.4) - 0.055


def _parts(light: Rgb) -> list[str]:
    span = 255 - _DARKEST
    return [
        str(_DARKEST + round(span * screen_part(part)))
        for part in (light.red, light.green, light.blue)
    ]


def _shade(light: Rgb) -> str:
    brightest = max(screen_part(part) for part in (light.red, light.green, light.blue))
    return _SHADES[min(len(_SHADES) - 1, int(brightest * len(_SHADES)))]
