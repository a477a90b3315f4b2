"""Whether a new version of a pack keeps what children learnt in an older one.

Progress names an item by the pack's id and its own, ``food/red-apple``. What keeps its id keeps its
progress, wherever in the pack it now stands; what loses it is a new item to every child.
"""

from __future__ import annotations

from collections.abc import Iterator

from dialog.packs.files import MANIFEST
from dialog.packs.model import Pack
from dialog.packs.source import Problem


def update_problems(old: Pack, new: Pack) -> list[Problem]:
    """What would be lost, or not be noticed, when `new` takes the place of `old`."""
    return [Problem(MANIFEST, 0, message, remedy) for message, remedy in _problems(old, new)]


def _problems(old: Pack, new: Pack) -> Iterator[tuple[str, str]]:
    if new.id != old.id:
        yield f"the pack was called {old.id!r} and is called {new.id!r}", f"write id: {old.id}"
    names, older = _names(new), _names(old)
    for name, kind in older.items():
        if name not in names:
            yield (
                f"{name!r} of version {old.version} is gone, and with it what children learnt",
                "keep its id, also when its words change, or put it back",
            )
        elif names[name] != kind:
            yield (
                f"{name!r} was of the kind {kind!r} and is of the kind {names[name]!r}",
                "keep its kind, and give the new item another id",
            )
    if _version(new) <= _version(old) and new != old:
        yield (
            f"the pack has changed and its version {new.version} is not above {old.version}",
            "raise version: in pack.yaml",
        )


def _names(pack: Pack) -> dict[str, str]:
    """Everything that progress can name, with its kind."""
    names = {item.id: item.kind.value for item in pack.items()}
    for play in pack.plays():
        kind = "story" if play.story else "role play"
        names |= {f"{play.id}/{step.id}": kind for step in play.steps}
    return names


def _version(pack: Pack) -> tuple[int, ...]:
    return tuple(int(part) for part in pack.version.split("."))
