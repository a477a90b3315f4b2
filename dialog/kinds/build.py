"""Sentence building: all parts, in their order."""

from __future__ import annotations

from dialog.kinds.values import RIGHT, Judgement, Outcome
from dialog.packs.model import Building, Item, Text

_ORDER = Text("You have all the words. Try another order.", "词都说对了，换个顺序试试。")
_MISSING = Text("Good start. One part is missing.", "开头不错，还少了一部分。")


def judge_building(item: Item, building: Building, said: str) -> Judgement:
    """Right; nearly with all words in another order, or all parts but one."""
    if said in item.answers:
        return RIGHT
    wanted = " ".join(building.parts).split()
    spoken = said.split()
    if sorted(spoken) == sorted(wanted):
        return Judgement(Outcome.NEARLY, _ORDER, item.model)
    missing = [part for part in building.parts if f" {part} " not in f" {said} "]
    if len(missing) == 1 and len(building.parts) > 1:
        return Judgement(Outcome.NEARLY, _MISSING, item.model)
    return Judgement(Outcome.WRONG, item.hint, item.model)
