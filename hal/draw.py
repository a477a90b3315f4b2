"""Draws the lights for the documentation: ``python -m hal.draw docs/lights.svg``.

One row per mood, a ring every third of a second from left to right, drawn from the functions that
run on the box. The same source gives the same bytes.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

from hal import patterns
from hal.ports import Lights, Mood, Rgb
from hal.terminal import screen_part

FRAMES = 12
FRAME_S = 1 / 3
_ROW_HEIGHT, _LABEL_WIDTH, _STEP = 64, 110, 62
_RADIUS, _DOT = 22, 5


def picture() -> str:
    """The SVG as text."""
    width = _LABEL_WIDTH + FRAMES * _STEP
    height = 30 + len(Mood) * _ROW_HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"'
        ' font-family="sans-serif" font-size="13">',
        "<title>What the ring of lights shows in each mood, over four seconds</title>",
        f'<defs><circle id="l" r="{_DOT}"/></defs>',
        f'<rect width="{width}" height="{height}" rx="8" fill="#15171c"/>',
    ]
    for frame in range(0, FRAMES, 3):
        x = _LABEL_WIDTH + frame * _STEP + _STEP // 2
        parts.append(_text(x, 20, f"{frame * FRAME_S:.0f} s", anchor="middle"))
    for row, mood in enumerate(Mood):
        middle = 30 + row * _ROW_HEIGHT + _ROW_HEIGHT // 2
        parts.append(_text(14, middle + 4, mood.name.lower().replace("_", " ")))
        for frame in range(FRAMES):
            t_s = frame * FRAME_S
            ring = patterns.lights(mood, t_s, _amount(mood, t_s))
            parts += _ring(_LABEL_WIDTH + frame * _STEP + _STEP // 2, middle, ring)
    return "\n".join([*parts, "</svg>"]) + "\n"


def main(argv: list[str]) -> int:
    """Write the picture to the one path given; 2 on wrong usage."""
    if len(argv) != 1:
        print("usage: python -m hal.draw FILE.svg", file=sys.stderr)  # noqa: T201
        return 2
    Path(argv[0]).write_text(picture(), encoding="utf-8")
    return 0


def _amount(mood: Mood, t_s: float) -> float:
    """A child says a few words from 1 s to 3 s, and Myna's volume is set to two thirds."""
    if mood is Mood.VOLUME:
        return 2 / 3
    return 0.5 - 0.5 * math.cos(math.pi * (t_s - 1)) if 1 <= t_s <= 3 else 0.0


def _ring(x: int, y: int, ring: Lights) -> list[str]:
    """Light 0, the front, is at the bottom: towards the child."""
    drawn = []
    for place, light in enumerate(ring):
        angle = 2 * math.pi * place / len(ring)
        at_x, at_y = x - _RADIUS * math.sin(angle), y + _RADIUS * math.cos(angle)
        drawn.append(f'<use href="#l" x="{at_x:.1f}" y="{at_y:.1f}" fill="{_hex(light)}"/>')
    return drawn


def _hex(light: Rgb) -> str:
    parts = (light.red, light.green, light.blue)
    return "#" + "".join(f"{36 + round(219 * screen_part(part)):02x}" for part in parts)


def _text(x: int, y: int, words: str, *, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" fill="#c9ccd3" text-anchor="{anchor}">{words}</text>'


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
