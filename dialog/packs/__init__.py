"""Lesson packs: what a child practises, written by teachers, read with care."""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Sequence
from pathlib import Path

from core.errors import PackError
from dialog.packs.build import build
from dialog.packs.check import form_problems
from dialog.packs.loader import read_sources
from dialog.packs.model import Pack

__all__ = ["Pack", "choose_pack", "load_pack", "starter_pack", "starter_path"]


def load_pack(path: Path | str) -> Pack:
    """The pack in the folder or zip at `path`.

    Raises:
        PackError: It cannot be read or has mistakes; the message names the first one.
    """
    sources = read_sources(Path(path))
    problems = form_problems(sources)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise PackError(
            f"{path}: {problems[0]}{more}; `myna lessons check {path}` lists every mistake"
        )
    return build(sources)


def starter_path() -> Path:
    """Folder of the pack that is always there."""
    return Path(str(importlib.resources.files("dialog.packs"))) / "starter"


@functools.cache
def starter_pack() -> Pack:
    """The pack that is always there."""
    return load_pack(starter_path())


def choose_pack(pack_id: str, paths: Sequence[Path | str]) -> Pack:
    """The pack called `pack_id` among the starter pack and those at `paths`.

    Raises:
        PackError: No such pack, two packs with that id, or one of them has mistakes.
    """
    packs = [starter_pack(), *(load_pack(path) for path in paths)]
    found = [pack for pack in packs if pack.id == pack_id]
    if len(found) == 1:
        return found[0]
    if found:
        raise PackError(f"two lesson packs are called {pack_id!r}; remove one from [lessons] packs")
    names = ", ".join(pack.id for pack in packs)
    raise PackError(f"there is no lesson pack {pack_id!r}; set [lessons] pack to one of: {names}")
