"""Draws a conversation held in the virtual room: ``python -m device.draw_lesson FILE``.

The picture is of the packaged lesson, run when it is drawn: real stages, nothing posed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from audio.virtual_room.scenario import PACKAGED_LESSON, load_scenario
from audio.virtual_room.voices import make_voice
from device.app import start_services
from device.config import Settings
from device.room_run import hold
from device.trace import Entry, Recorder

SHOWN_S = 48.0
WIDTH, MARGIN = 1180, 96
ROW_S = 16.0
"""Seconds per line of the picture."""
ROW_HEIGHT, BAR_HEIGHT = 178, 26
COLOURS = {
    "asleep": "#1d2733",
    "waking": "#e8b04a",
    "listening": "#3f8fd2",
    "thinking": "#8a6fc0",
    "speaking": "#4fa36b",
    "paused": "#777777",
    "muted": "#b03a3a",
    "fault": "#b03a3a",
}
LETTER_WIDTH = 6.6
GOES_ON = "(goes on)"
SPEAKERS = {"myna": (58, "#4fa36b"), "child": (108, "#d2743f")}


def picture(record: dict[str, Any], states: Sequence[tuple[float, str]]) -> str:
    """The conversation as SVG: what the lights showed, and who said what when.

    Args:
        record: As `hold` returns it.
        states: (time in s, name) of each state, in order.
    """
    rows = int(-(-SHOWN_S // ROW_S))
    height = rows * ROW_HEIGHT + 16
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="#fbfaf7"/>',
    ]
    for row in range(rows):
        parts += _row(row, record["turns"], states)
    return "\n".join([*parts, "</svg>", ""])


def _row(row: int, turns: list[dict[str, Any]], states: Sequence[tuple[float, str]]) -> list[str]:
    begin_s, end_s = row * ROW_S, (row + 1) * ROW_S
    top = row * ROW_HEIGHT + 24
    parts = [_text(8, top + 30, "lights", "#555")]
    for number, (at_s, name) in enumerate(states):
        until_s = states[number + 1][0] if number + 1 < len(states) else SHOWN_S
        parts += _bar(at_s, until_s, begin_s, top + 14, fill=COLOURS[name], label=name)
    for who, (below, colour) in SPEAKERS.items():
        parts.append(_text(8, top + below + 17, who, colour))
        for turn in turns:
            if turn["who"] == who and turn["start_s"] < end_s and turn["end_s"] > begin_s:
                start_s, stop_s = turn["start_s"], turn["end_s"]
                parts += _bar(start_s, stop_s, begin_s, top + below, fill=colour)
                if start_s >= begin_s and turn["what"] != GOES_ON:
                    x = _x(start_s - begin_s)
                    room = int((WIDTH - x) / LETTER_WIDTH)
                    words = turn["what"]
                    words = words if len(words) <= room else words[: room - 1] + "…"
                    parts.append(_text(x, top + below + BAR_HEIGHT + 14, words, "#333"))
    parts.append(_text(MARGIN, top + 8, f"{begin_s:.0f} s", "#999"))
    return parts


def _x(seconds: float) -> float:
    return MARGIN + seconds * (WIDTH - MARGIN - 16) / ROW_S


def _bar(
    start_s: float, end_s: float, row_s: float, y: float, *, fill: str, label: str = ""
) -> list[str]:
    first, last = max(start_s, row_s), min(end_s, row_s + ROW_S)
    if last <= first:
        return []
    x, width = _x(first - row_s), _x(last - row_s) - _x(first - row_s)
    bar = (
        f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{BAR_HEIGHT}" rx="4" '
        f'fill="{fill}"/>'
    )
    fits = label and width > 8 * len(label)
    return [bar, _text(x + 6, y + 17, label, "#fff")] if fits else [bar]


def _text(x: float, y: float, words: str, colour: str) -> str:
    return f'<text x="{x:.1f}" y="{y}" fill="{colour}">{escape(words)}</text>'


def _is_state(entry: Entry) -> bool:
    return entry.kind == "state"


def main(arguments: list[str]) -> int:
    """Hold the lesson and write the picture; 2 when the file's name is missing."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m device.draw_lesson FILE\n")
        return 2
    recorder = Recorder()
    settings = Settings()
    with ExitStack() as stack:
        record = hold(
            load_scenario(PACKAGED_LESSON),
            settings,
            start_services(settings, stack),
            voice=make_voice(),
            watchers=[recorder],
        )
    states = [(e.at_s, str(e.data["name"])) for e in filter(_is_state, recorder.entries)]
    Path(arguments[0]).write_text(picture(record, states), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
