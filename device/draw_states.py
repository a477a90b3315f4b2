"""Draws the conversation's state table for the docs: ``python -m device.draw_states FILE``."""

from __future__ import annotations

import sys
from pathlib import Path

from device.states import ATTENTION, MOODS, TABLE, State

INTRODUCTION = """# The conversation

Generated from the table that the code runs (`device/states.py`) by `make docs`; a test holds the
two together. Rows that apply in every state (mute, a lost card) are left out of the picture.
"""


def page() -> str:
    """The whole document: a diagram, what each state shows and hears, and every row."""
    return "\n".join([INTRODUCTION, *_diagram(), "", *_states(), "", *_rows(), ""])


def _diagram() -> list[str]:
    edges: dict[tuple[State, State], list[str]] = {}
    for row in TABLE:
        if row.why in ("muted", "card lost") or len(row.leads_to) == len(State):
            continue
        for target in row.leads_to:
            edges.setdefault((row.state, target), []).append(row.why)
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> asleep"]
    for (source, target), reasons in edges.items():
        if source is not target:
            lines.append(f"    {source.value} --> {target.value}: {' / '.join(reasons)}")
    return [*lines, "```"]


def _states() -> list[str]:
    return [
        "| state | lights | listens for |",
        "|---|---|---|",
        *(f"| {s.value} | {MOODS[s].value} | {ATTENTION[s].value} |" for s in State),
    ]


def _rows() -> list[str]:
    lines = ["| in | on | does | leads to | why |", "|---|---|---|---|---|"]
    for row in TABLE:
        targets = ", ".join(dict.fromkeys(state.value for state in row.leads_to))
        lines.append(
            f"| {row.state.value} | {row.event.__name__} | {row.action} | {targets} | {row.why} |"
        )
    return lines


def main(arguments: list[str]) -> int:
    """Write the page; 2 when the file's name is missing."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m device.draw_states FILE\n")
        return 2
    Path(arguments[0]).write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
