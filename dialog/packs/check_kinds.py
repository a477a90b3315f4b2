"""What each kind of item needs beyond the form: parts that fit, ideas that are named."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dialog.packs.parts import Raw, Where, problem
from dialog.packs.source import Problem, Source
from dialog.packs.wording import plain

OWN_KEYS = {
    "pair": ("pair",),
    "describe": ("ideas", "enough"),
    "build": ("parts",),
    "chant": ("chant",),
    "spell": ("spell",),
    "number": ("number",),
}
"""Keys that belong to one kind alone."""


def kind_problems(source: Source, where: Where, item: Raw) -> Iterator[Problem]:
    """Mistakes in what one kind has and others have not."""
    kind = item["kind"]
    for owner, keys in OWN_KEYS.items():
        for key in keys:
            if key in item and owner != kind:
                yield problem(
                    source,
                    (*where, key),
                    f"{key!r} belongs to the kind {owner!r}, and this is {kind!r}",
                    f"remove it, or write kind: {owner}",
                )
    if kind in _RULES:
        yield from _RULES[kind](source, where, item)


def _pair(source: Source, where: Where, item: Raw) -> Iterator[Problem]:
    pair = item["pair"]
    if pair["say"] == pair["not"]:
        yield problem(
            source, (*where, "pair"), "both words of the pair are the same", "change one of them"
        )
    if item["sound"] == pair.get("against"):
        yield problem(
            source,
            (*where, "pair"),
            f"{item['sound']} is set against itself",
            "write the sound of the other word at against:, or leave it out",
        )


def _describe(source: Source, where: Where, item: Raw) -> Iterator[Problem]:
    ideas = item["ideas"]
    if item["enough"] > len(ideas):
        yield problem(
            source,
            (*where, "enough"),
            f"{item['enough']} ideas are wanted and {len(ideas)} are there",
            "lower it, or add ideas",
        )
    elif sum(_names(item["model"], idea) for idea in ideas) < item["enough"]:
        yield problem(
            source,
            (*where, "model"),
            f"the model names fewer than {item['enough']} ideas",
            "use words of more ideas in it",
        )
    for n, idea in enumerate(ideas):
        if not _names(idea["model"], idea):
            yield problem(
                source,
                (*where, "ideas", n, "model"),
                f"{idea['model']!r} holds none of its idea's words",
                "use one of the words in it, or add one to words:",
            )


def _build(source: Source, where: Where, item: Raw) -> Iterator[Problem]:
    joined = " ".join(item["parts"])
    if joined != plain(item["model"]):
        yield problem(
            source,
            (*where, "parts"),
            f"the parts make {joined!r}, and the model is {plain(item['model'])!r}",
            "list the parts of the model in their right order",
        )
    if len(set(item["parts"])) < len(item["parts"]):
        yield problem(source, (*where, "parts"), "a part is there twice", "join it with another")


def _names(text: str, idea: Raw) -> bool:
    said = f" {plain(text)} "
    return any(f" {word} " in said for word in idea["words"])


_RULES: dict[str, Callable[[Source, Where, Raw], Iterator[Problem]]] = {
    "pair": _pair,
    "describe": _describe,
    "build": _build,
}
