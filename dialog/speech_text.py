"""What a voice is given: one clean sentence at a time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

LONGEST_CHARACTERS = 2000
"""More than two minutes of speech; a longer text is cut at this place."""

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？…；])\s*")
# Markup of any kind would be read out, or obeyed by an engine that knows it.
_MARKUP = re.compile(r"<[^<>]*>|[<>\[\]{}|\\*_#~^`]")
_SPACE = re.compile(r"\s+")
_SAYABLE = re.compile(r"\w")
# Names that voices of English misread: espeak-ng says Li as "lie".
_RESPELLED = ((re.compile(r"\bLi\b"), "Lee"),)


def sanitised(text: str) -> str:
    """The text without markup, control characters, pictures and doubled spaces."""
    text = unicodedata.normalize("NFC", text)[:LONGEST_CHARACTERS]
    text = _MARKUP.sub(" ", text)
    kept = "".join(
        c if unicodedata.category(c)[0] not in "CS" or c in "$%+=€£" else " " for c in text
    )
    for name, spelling in _RESPELLED:
        kept = name.sub(spelling, kept)
    return _SPACE.sub(" ", kept).strip()


def sentences(text: str) -> Iterator[str]:
    """Sanitised sentences that hold something to say, in order.

    A voice makes them one by one, so that the first is heard while the second is made.
    """
    for part in _SENTENCE_END.split(sanitised(text)):
        if _SAYABLE.search(part):
            yield part.strip()
