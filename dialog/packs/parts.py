"""Walking through the raw parts of a pack, and telling where a mistake is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dialog.packs.said import answers_of
from dialog.packs.source import Problem, Source

Raw = Any  # plain data that the schema has been held against
Where = tuple[str | int, ...]


def problem(source: Source, where: Where, message: str, remedy: str) -> Problem:
    """A mistake at a place of a file."""
    return Problem(source.file, source.line(where), message, remedy)


def items(source: Source) -> Iterator[tuple[Where, Raw]]:
    """A unit's items, each with its place."""
    yield from _listed(source, "items")


def plays(source: Source) -> Iterator[tuple[Where, Raw]]:
    """A unit's role plays, each with its place."""
    yield from _listed(source, "plays")


def stories(source: Source) -> Iterator[tuple[Where, Raw]]:
    """A unit's stories, each with its place."""
    yield from _listed(source, "stories")


def wordings(raw: Raw) -> tuple[str, ...]:
    """The answers of an item or branch; none when its slots are wrong, which is told elsewhere."""
    try:
        return answers_of(raw)
    except (KeyError, OverflowError):
        return ()


def _listed(source: Source, key: str) -> Iterator[tuple[Where, Raw]]:
    raw: Raw = source.data
    yield from (((key, n), part) for n, part in enumerate(raw.get(key, [])))
