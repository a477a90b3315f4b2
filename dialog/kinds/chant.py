"""Chants: each line after Myna, then judged by its words and by its beat."""

from __future__ import annotations

from dialog.kinds.values import RIGHT, Ask, Judgement, Outcome
from dialog.packs.model import NO_TEXT, Chant, ChantLine, Item, Text
from dialog.packs.wording import plain

FASTEST = 0.5
SLOWEST = 1.6
"""Parts of a line's own length between which it counts as in time. The last beat of a line is
often a rest, and children drawl: the bounds are wide, and nobody is held up for long."""

_AGAIN = Text("And the next line. Say it with the beat:", "下一句，跟着节拍说：")
_SLOWER = Text("All the words! Now a little slower, with the beat.", "词都对了！跟着节拍慢一点点。")
_FASTER = Text("All the words! Now a little faster, with the beat.", "词都对了！跟着节拍快一点点。")


def ask_chant(item: Item, chant: Chant) -> tuple[Ask, ...]:
    """A question for each line."""
    return tuple(
        Ask(
            _stage(number),
            _AGAIN if number else item.prompt,
            line.text,
            line.text,
            (plain(line.text),),
        )
        for number, line in enumerate(chant.lines)
    )


def judge_chant(ask: Ask, chant: Chant, said: str, duration_s: float) -> Judgement:
    """Right with the words, in time; nearly with the words out of time."""
    if said not in ask.answers:
        return Judgement(Outcome.WRONG, NO_TEXT, ask.model)
    line = next(line for n, line in enumerate(chant.lines) if _stage(n) == ask.stage)
    match in_time(chant, line, duration_s):
        case -1:
            return Judgement(Outcome.NEARLY, _FASTER, line.text)
        case 1:
            return Judgement(Outcome.NEARLY, _SLOWER, line.text)
    return RIGHT


def in_time(chant: Chant, line: ChantLine, duration_s: float) -> int:
    """0 in time or not known, -1 too slow, 1 too fast."""
    if duration_s <= 0.0:
        return 0
    share = duration_s / chant.length_s(line)
    return int(share < FASTEST) - int(share > SLOWEST)


def _stage(number: int) -> str:
    return f"line-{number + 1}"
