"""How each kind of item is asked aloud and judged: pure functions from data to data.

`asks` gives the questions of an item in order; `judge` says what to make of an answer to one of
them. Whoever holds the lesson decides what happens then.
"""

from __future__ import annotations

from dialog.kinds.build import judge_building
from dialog.kinds.chant import ask_chant, judge_chant
from dialog.kinds.describe import ask_description, judge_description
from dialog.kinds.pair import ask_pair, judge_pair
from dialog.kinds.plain import judge_plain
from dialog.kinds.spell import judge_spelling
from dialog.kinds.values import Ask, Judgement, Outcome, whole
from dialog.packs.model import Building, Chant, Description, Item, Pair, Spelling

__all__ = ["Ask", "Judgement", "Outcome", "asks", "judge"]


def asks(item: Item, turn: int = 0) -> tuple[Ask, ...]:
    """The questions of an item, in order; at least one.

    Args:
        item: Of any kind.
        turn: How often this child has met the item before: varies what can be guessed.
    """
    match item.detail:
        case Pair():
            return ask_pair(item, item.detail, turn)
        case Description():
            return ask_description(item, item.detail)
        case Building() | Spelling():
            return (whole(item, open_speech=True),)
        case Chant():
            return ask_chant(item, item.detail)
    return (whole(item),)


def judge(item: Item, ask: Ask, said: str, duration_s: float = 0.0) -> Judgement:
    """What to make of an answer.

    Args:
        item: The item that `ask` belongs to.
        ask: One of `asks(item)`.
        said: What was heard: the expected wording that was matched, else any words, plain.
            Not empty: silence and the unintelligible are no answers.
        duration_s: From the first to the last of the voice; 0 where it is not known.
    """
    match item.detail:
        case Pair():
            return judge_pair(item, item.detail, ask, said)
        case Description():
            return judge_description(item.detail, said)
        case Building():
            return judge_building(item, item.detail, said)
        case Chant():
            return judge_chant(ask, item.detail, said, duration_s)
        case Spelling():
            return judge_spelling(item, item.detail, said)
    return judge_plain(item, ask, said)
