"""The level at which a word may be met: by how frequent it is, and by our list of children's words.

A word has the lowest level that one of the two lists in ``words/`` gives it. Inflected forms count
with their plain form, since a beginner who knows "cat" understands "cats".
"""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections.abc import Iterator, Mapping

from dialog.packs.model import Level

FREQUENT = {Level.PRE_A1: 500, Level.A1: 1200, Level.A2: 2500}
"""How many of the most frequent words a level knows."""
LEVELS = tuple(Level)
"""Easiest first."""

_HEADING = re.compile(r"\[(.+)\]")
_CONTRACTED = re.compile(r"('s|'re|'ve|'ll|'d|'m|n't|s')$")
_ENDINGS = (
    ("ies", "y"), ("ves", "f"), ("es", ""), ("s", ""), ("ing", ""), ("ing", "e"), ("ied", "y"),
    ("ed", ""), ("ed", "e"), ("er", ""), ("er", "e"), ("ier", "y"), ("est", ""), ("est", "e"),
    ("iest", "y"), ("ly", ""), ("ily", "y"), ("y", ""),
)  # fmt: skip
_DOUBLED = re.compile(r"([bdgklmnprt])\1$")
_SHORTEST_STEM = 3


def level_of(word: str, extra: Mapping[str, Level] | None = None) -> Level | None:
    """The lowest level that knows a plain word; None when none does. A letter is always known.

    Args:
        word: Lower-case.
        extra: Further words that a pack declares, by level.
    """
    if len(word) == 1:
        return Level.PRE_A1
    found = [table[form] for form in _forms(word) for table in _tables(extra) if form in table]
    return min(found, key=LEVELS.index, default=None)


@functools.cache
def unsuitable_words() -> frozenset[str]:
    """Words that have no place in a lesson."""
    return frozenset(word for line in _lines("unsuitable") for word in line.split())


def _tables(extra: Mapping[str, Level] | None) -> tuple[Mapping[str, Level], ...]:
    return (_everyday(), _frequent(), extra or {})


def _forms(word: str) -> Iterator[str]:
    """The word and the plain forms that it may be an inflection of."""
    yield word
    bare = _CONTRACTED.sub("", word)
    if bare != word:
        yield bare
    for ending, instead in _ENDINGS:
        stem = bare.removesuffix(ending) if bare.endswith(ending) else ""
        if len(stem) >= _SHORTEST_STEM:
            yield stem + instead
            if _DOUBLED.search(stem):
                yield stem[:-1]


@functools.cache
def _frequent() -> Mapping[str, Level]:
    ranked = [word for line in _lines("frequent") for word in line.split()]
    levels: dict[str, Level] = {}
    for level in reversed(LEVELS):
        levels.update(dict.fromkeys(ranked[: FREQUENT[level]], level))
    return levels


@functools.cache
def _everyday() -> Mapping[str, Level]:
    levels: dict[str, Level] = {}
    level = Level.PRE_A1
    for line in _lines("everyday"):
        heading = _HEADING.fullmatch(line)
        if heading:
            level = Level(heading[1])
            continue
        for word in line.split():
            levels.setdefault(word, level)
    return levels


def _lines(name: str) -> Iterator[str]:
    folder = importlib.resources.files("dialog.packs") / "words"
    for line in (folder / f"{name}.txt").read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()
