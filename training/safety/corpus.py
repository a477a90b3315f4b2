"""The sentences that the classifier learns from, written for it: one file for each topic.

A paragraph is one idea in several wordings, English and Chinese; ``{a|b}`` are choices, which may
hold choices themselves. What was written as one idea stays in one fold, so that a fold is never
judged by rewordings of what it was trained on.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

FOLDER = Path(__file__).parent / "corpus"
TEMPERED = 0.25
"""A line with sixteen choices counts as much as eight lines with one."""
HAN = re.compile("[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence to learn from.

    Attributes:
        text: As a recogniser would write it down.
        label: The file's name without a number: a topic or flaw, ``harmless`` or ``fine``.
        idea: Number of its paragraph, over all files.
        weight: The less, the more were made of the same line.
        source: What it was written for: ``corpus``, ``lessons``, or the name of a set of cases.
    """

    text: str
    label: str
    idea: int
    weight: float
    source: str = "corpus"

    @property
    def chinese(self) -> bool:
        """Whether it is Chinese."""
        return HAN.search(self.text) is not None


def load(folder: Path, *, seed: int, most: int = 240) -> list[Line]:
    """All sentences of a folder, choices made by chance so that each choice is made once.

    Args:
        folder: With a ``.txt`` for each topic; several for one topic end in numbers.
        seed: Of the choices.
        most: Sentences made of one line at the most.
    """
    chance = random.Random(seed)  # noqa: S311 - wordings, not secrets
    lines: list[Line] = []
    idea = 0
    for path in sorted(folder.glob("*.txt")):
        label = re.sub(r"_\d+$", "", path.stem)
        for paragraph in _paragraphs(path.read_text("utf-8")):
            idea += 1
            for template in paragraph:
                made = expand(template, chance, most)
                lines += [Line(text, label, idea, len(made) ** -TEMPERED) for text in made]
    return lines


def expand(template: str, chance: random.Random, most: int) -> list[str]:
    """The sentences of a line, without repetition: half as many again as its widest choice has."""
    choices = _parsed(template)
    widest = _widest(choices)
    wanted = min(most, max(1, round(widest * 1.5) if widest > 1 else 1))
    found: dict[str, None] = {}
    decks: dict[int, list[int]] = {}
    for _ in range(wanted):
        text = " ".join(_made(choices, chance, decks).split())
        found.setdefault(text)
    return list(found)


_Node: TypeAlias = "str | tuple[list[_Node], ...]"


def _parsed(template: str) -> list[_Node]:
    nodes, end = _sequence(template, 0, stops="")
    if end != len(template):
        raise ValueError(f"A choice is not closed in: {template}")
    return nodes


def _sequence(text: str, at: int, *, stops: str) -> tuple[list[_Node], int]:
    nodes: list[_Node] = []
    plain = ""
    while at < len(text) and text[at] not in stops:
        if text[at] == "{":
            nodes.append(plain)
            plain = ""
            choices = []
            while True:
                inner, at = _sequence(text, at + 1, stops="|}")
                choices.append(inner)
                if at >= len(text):
                    raise ValueError(f"A choice is not closed in: {text}")
                if text[at] == "}":
                    break
            nodes.append(tuple(choices))
        else:
            plain += text[at]
        at += 1
    return [*nodes, plain], at


def _widest(nodes: Sequence[_Node]) -> int:
    return max(
        (
            max(len(node), sum(max(1, _widest(inner)) for inner in node))
            for node in nodes
            if not isinstance(node, str)
        ),
        default=1,
    )


def _made(nodes: Sequence[_Node], chance: random.Random, decks: dict[int, list[int]]) -> str:
    made = ""
    for node in nodes:
        if isinstance(node, str):
            made += node
            continue
        deck = decks.get(id(node))
        if not deck:
            deck = list(range(len(node)))
            chance.shuffle(deck)
            decks[id(node)] = deck
        made += _made(node[deck.pop()], chance, decks)
    return made


def _paragraphs(text: str) -> Iterator[list[str]]:
    lines = ["", *(line.strip() for line in text.splitlines()), ""]
    kept = ["" if line.startswith("#") else line for line in lines]
    breaks = [number for number, line in enumerate(kept) if not line]
    for begin, end in pairwise(breaks):
        if end - begin > 1:
            yield kept[begin + 1 : end]
