"""From a text to the words that are to be said: digits spelled out, other scripts noticed."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from dialog import matching

_TOKEN = re.compile(r"[a-z0-9]+(?:'[a-z]+)*'?")
_MOST_TOKENS = 120
"""Longer texts are no sentence for a child to say; the rest is passed over."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word in lower case; letters, apostrophes, sometimes digits within (``3rd``)."""

    spelling: str


@dataclass(frozen=True, slots=True)
class Text:
    """What a text asks for.

    Attributes:
        tokens: Its words in order, numbers as words.
        other_script: It holds letters that no English word has, such as Chinese.
    """

    tokens: tuple[Token, ...]
    other_script: bool


def read(text: str) -> Text:
    """Tokens of a text; ``It's 10 o'clock!`` gives it's, ten, o'clock."""
    plain = unicodedata.normalize("NFKC", text).replace("’", "'").replace("‘", "'")
    letters = unicodedata.normalize("NFKD", plain.lower())
    letters = "".join(c for c in letters if not unicodedata.combining(c))
    tokens: list[Token] = []
    for part in _TOKEN.findall(letters):
        spelled = matching.words(part) if part.isdigit() else (part.strip("'"),)
        tokens.extend(Token(word) for word in spelled if word)
    other = any(c.isalpha() and "LATIN" not in unicodedata.name(c, "") for c in letters)
    return Text(tuple(tokens[:_MOST_TOKENS]), other)
