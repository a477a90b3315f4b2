"""The sounds of a pack's words, from the pronunciation dictionary."""

from __future__ import annotations

from collections.abc import Collection

from core.errors import ModelError
from dialog.packs.pronunciations import dictionary_path


def phones_of(words: Collection[str]) -> dict[str, tuple[str, ...]]:
    """ARPABET phones without stress of every word that the dictionary has.

    Where there is no dictionary nothing is known, and items are planned by the sound that they
    were written for alone.
    """
    wanted = set(words)
    found: dict[str, tuple[str, ...]] = {}
    try:
        path = dictionary_path()
    except ModelError:
        return found
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            word, _, said = line.partition(" ")
            if word in wanted:
                found[word] = tuple(phone.rstrip("012") for phone in said.split())
    return found
