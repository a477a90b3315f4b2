"""Minimal pairs: first which of two words it was, then each of them said."""

from __future__ import annotations

import zlib

from dialog.kinds.values import RIGHT, Ask, Judgement, Outcome
from dialog.packs.model import Item, Pair, Text
from dialog.packs.wording import aloud

HEAR = "hear"
SAY = "say"
SAY_OTHER = "say-other"

_WHICH = Text(
    "Listen to two words. Which one comes last, one or two?",
    "听两个词，最后说的是第一个还是第二个？",
)
_NOW_OTHER = Text("And now the other word. Say:", "现在说另一个词：")
_LISTEN = Text("They sound nearly the same. Listen again.", "它们听起来很像，再听一次。")


def ask_pair(item: Item, pair: Pair, turn: int) -> tuple[Ask, ...]:
    """Hear, say the one, say the other. Which one is to be heard changes with every turn."""
    target = _target(item, pair, turn)
    wanted, other = ("one", "two") if target == pair.first else ("two", "one")
    unwanted = pair.second if target == pair.first else pair.first
    first, second = aloud(pair.first), aloud(pair.second)
    hear = Ask(
        HEAR,
        _WHICH,
        f"One: {pair.first}. Two: {pair.second}. Now: {target}.",
        f"Number {wanted}, {target}.",
        _choices(wanted, target),
        _choices(other, unwanted),
    )
    say = Ask(SAY, item.prompt, first, first, item.answers, item.confusions)
    say_other = Ask(SAY_OTHER, _NOW_OTHER, second, second, (pair.second,), (pair.first,))
    return hear, say, say_other


def judge_pair(item: Item, pair: Pair, ask: Ask, said: str) -> Judgement:
    """Right, or which of the two it was instead."""
    if said in ask.answers:
        return RIGHT
    if ask.stage == HEAR:
        return Judgement(Outcome.WRONG, _LISTEN, ask.model)
    wanted, other = (pair.first, pair.second) if ask.stage == SAY else (pair.second, pair.first)
    return Judgement(
        Outcome.WRONG, item.hint, aloud(wanted), instead=other if said == other else ""
    )


def _choices(number: str, word: str) -> tuple[str, ...]:
    return number, f"number {number}", f"it is {number}", f"it's number {number}", word


def _target(item: Item, pair: Pair, turn: int) -> str:
    """The word to be heard: the other one each turn, and not the same one in every item."""
    return (pair.first, pair.second)[(turn + zlib.crc32(item.id.encode())) % 2]
