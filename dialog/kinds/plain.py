"""Words, phrases, questions and numbers: one question, right or not."""

from __future__ import annotations

from dialog.kinds.values import RIGHT, Ask, Judgement, Outcome
from dialog.packs.model import Item, Kind, Text

_TEEN = Text(
    "Listen to the end of the word, teen or ty.",
    "仔细听词尾，一个长，一个短。",
)


def judge_plain(item: Item, ask: Ask, said: str) -> Judgement:
    """Right when it is an answer, or the question is open."""
    if said in ask.answers or item.open_speech:
        return RIGHT
    twin = said if said in item.confusions else ""
    remark = _TEEN if twin and item.kind is Kind.NUMBER and _only_ends_differ(item, twin) else None
    return Judgement(Outcome.WRONG, remark or item.hint, item.model, instead=twin)


def _only_ends_differ(item: Item, said: str) -> bool:
    """Whether a number was mixed up in -teen and -ty, sixteen and sixty."""
    one, other = item.answers[0], said
    return one.endswith(("teen", "ty")) and other.endswith(("teen", "ty")) and one[:3] == other[:3]
