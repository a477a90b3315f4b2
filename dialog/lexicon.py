"""How words are said: the recogniser's own lexicon, and rules for what is not in it."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path

from dialog.phone_graph import Pronunciation
from dialog.pinyin import SYLLABLES, is_pinyin
from dialog.pronounce import phones

LEXICON_PATH = Path(__file__).parent / "models" / "lexicon.txt"


def ways_of(words: Sequence[str]) -> list[tuple[Pronunciation, ...]]:
    """The ways in which each word of a phrase is said, English or Chinese in pinyin.

    Args:
        words: Lower case; `man` is a syllable in ``man yi dian`` and a word anywhere else.
    """
    if is_pinyin(words):
        return [SYLLABLES[word] for word in words]
    return [pronunciations(word) for word in words]


def pronunciations(word: str) -> tuple[Pronunciation, ...]:
    """The ways in which a word is said, the usual one first.

    Args:
        word: Lower case.

    Returns:
        From the lexicon; else as pinyin; else one by espeak-ng's rules; empty for what holds no
        letter a-z.
    """
    known = entries().get(word) or SYLLABLES.get(word)
    if known is not None:
        return known
    # espeak-ng reads signs and other scripts by name.
    guessed = tuple(phones(word).split()) if re.search("[a-z]", word) else ()
    return (guessed,) if guessed else ()


@functools.cache
def entries() -> dict[str, tuple[Pronunciation, ...]]:
    """Every word of the lexicon: the lessons', the commands' and a few thousand common ones."""
    found: dict[str, tuple[Pronunciation, ...]] = {}
    for line in LEXICON_PATH.read_text(encoding="utf-8").splitlines():
        word, *said = line.split()
        found[word] = (*found.get(word, ()), tuple(said))
    return found
