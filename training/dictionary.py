"""CMUdict as the pocketsphinx wheel carries it (BSD), spellings to phones."""

from __future__ import annotations

import re
from pathlib import Path

import pocketsphinx


def load() -> dict[str, list[tuple[str, ...]]]:
    """For every word its pronunciations, ARPABET without stress, the usual one first."""
    path = Path(pocketsphinx.get_model_path()) / "en-us" / "cmudict-en-us.dict"
    words: dict[str, list[tuple[str, ...]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        word, *phones = line.split()
        spellings = words.setdefault(re.sub(r"\(\d+\)$", "", word), [])
        if tuple(phones) not in spellings:
            spellings.append(tuple(phones))
    return words
