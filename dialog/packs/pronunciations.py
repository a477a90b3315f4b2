"""The words that the embedded recogniser can pronounce."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

from core.errors import ModelError


def dictionary_path() -> Path:
    """The pronunciation dictionary in the wheel of `pocketsphinx` (CMUdict's format).

    Raises:
        ModelError: The wheel is not installed, or came without its model.
    """
    # The package is only located, not imported: its library takes memory that a check of
    # spelling should not.
    spec = importlib.util.find_spec("pocketsphinx")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(
            "the recogniser's dictionary is missing; install it with `pip install pocketsphinx`"
        )
    folder = Path(next(iter(spec.submodule_search_locations)))
    path = folder / "model" / "en-us" / "cmudict-en-us.dict"
    if not path.is_file():
        raise ModelError(f"there is no dictionary at {path}; install pocketsphinx from its wheel")
    return path


@functools.cache
def known_words() -> frozenset[str]:
    """All words of the dictionary, lower-case, some 125,000.

    Raises:
        ModelError: There is no dictionary.
    """
    with dictionary_path().open(encoding="utf-8") as lines:
        # Further pronunciations of a word are written `word(2)`.
        return frozenset(
            line.split(maxsplit=1)[0].partition("(")[0] for line in lines if line.strip()
        )
