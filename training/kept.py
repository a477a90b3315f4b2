"""What takes long to make is made once; a run that was stopped leaves no half of it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

_Made = TypeVar("_Made")


def once(path: Path, make: Callable[[], _Made]) -> _Made:
    """What a file holds, made first where there is none.

    Args:
        path: Ends in ``.pickle``; its folder exists.
        make: Makes it.
    """
    if not path.is_file():
        unfinished = path.with_suffix(".unfinished")
        with unfinished.open("wb") as file:
            pickle.dump(make(), file, protocol=pickle.HIGHEST_PROTOCOL)
        unfinished.rename(path)
    with path.open("rb") as file:
        kept: _Made = pickle.load(file)  # noqa: S301 - written by the lines above
    return kept
