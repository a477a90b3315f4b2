"""How words are said: a dictionary that ships with Myna, rules for what it does not hold.

The dictionary is CMUdict (Carnegie Mellon University, BSD) with the British ways of saying common
words that the judges of the training recordings also took for right. Where a word has more than
one pronunciation, the one that fits what was said counts.
"""

from __future__ import annotations

import functools
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import ModelError
from dialog.phone_graph import Pronunciation
from dialog.pronounce import phones
from dialog.scoring.text import Token

DICTIONARY = Path(__file__).parent.parent / "models" / "pronunciations.txt.gz"


@dataclass(frozen=True, slots=True)
class Entry:
    """A word with the ways in which it may be said, the usual one first.

    Attributes:
        guessed: No dictionary has it; rules of spelling say how it may sound.
    """

    word: str
    pronunciations: tuple[Pronunciation, ...]
    guessed: bool


class Lexicon:
    """The dictionary, read once.

    Args:
        path: Lines of ``word<TAB>PHONE PHONE|PHONE PHONE``, sorted, compressed with gzip.

    Raises:
        ModelError: The dictionary is missing or broken.
    """

    def __init__(self, path: Path = DICTIONARY) -> None:
        try:
            self._text = b"\n" + gzip.decompress(path.read_bytes())
        except (OSError, EOFError) as fault:
            raise ModelError(
                f"the dictionary {path} is missing or broken; install Myna again"
            ) from fault
        self._entry = functools.lru_cache(maxsize=4096)(self._look_up)

    def entries(self, tokens: Sequence[Token]) -> tuple[Entry, ...]:
        """One entry for every token; a word that nobody could say is left out."""
        found = (self._entry(token.spelling) for token in tokens)
        return tuple(entry for entry in found if entry.pronunciations)

    def _look_up(self, word: str) -> Entry:
        key = b"\n" + word.encode() + b"\t"
        at = self._text.find(key)
        if at >= 0:
            line = self._text[at + len(key) : self._text.index(b"\n", at + 1)].decode()
            return Entry(word, tuple(tuple(way.split()) for way in line.split("|")), guessed=False)
        said = tuple(phones(word).split())
        return Entry(word, (said,) if said else (), guessed=True)
