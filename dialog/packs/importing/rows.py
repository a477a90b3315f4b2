"""One line of a foreign lesson, before it is judged, and what cleans its texts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

MAX_ROWS = 2000
MAX_CELL = 2000
"""Characters of a cell that are looked at."""

_MEDIA = re.compile(r"\[sound:[^\]]*\]|\[anki:[^\]]*\]")
_CLOZE = re.compile(r"\{\{c\d+::(.*?)(?:::[^}]*)?\}\}")
_BRACKETS = re.compile(r"\([^()]*\)|（[^（）]*）|\[[^\[\]]*\]|【[^【】]*】")
_PHONETIC = re.compile(r"/[^/\s][^/]*/")
_HAS_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_HAS_LATIN = re.compile(r"[A-Za-z]")
_NOT_CHINESE = re.compile(r"[^\u4e00-\u9fff，。？！：；、“”…]+")
_BREAKS = frozenset({"br", "div", "p", "li", "tr", "hr"})
_SILENT = frozenset({"style", "script", "title"})


@dataclass(frozen=True, slots=True)
class Row:
    """What a row says, cells as they were found, missing ones empty.

    Attributes:
        line: Line of the file, or number of the note, from 1.
    """

    line: int
    english: str
    chinese: str = ""
    kind: str = ""
    level: str = ""
    unit: str = ""
    answers: str = ""
    key: str = ""
    sound: str = ""
    id: str = ""


class _Text(HTMLParser):
    """Collects what a page would show."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def shown(cell: str) -> str:
    """The first line that a cell shows: no markup, media, cloze marks or doubled spaces.

    >>> shown("<b>A red</b>&nbsp;apple.[sound:a.mp3]<br>More")
    'A red apple.'
    """
    parser = _Text()
    parser.feed(_CLOZE.sub(r"\1", _MEDIA.sub(" ", cell[:MAX_CELL])))
    parser.close()
    lines = ("".join(parser.parts)).splitlines()
    return next((" ".join(line.split()) for line in lines if line.strip()), "")


def english_of(cell: str) -> str:
    """A cell as English: without remarks in brackets, phonetics, and curly quotes."""
    text = _PHONETIC.sub(" ", _BRACKETS.sub(" ", shown(cell)))
    text = text.replace("’", "'").replace("‘", "'").replace("“", "").replace("”", "")
    return " ".join(text.replace("…", "...").replace('"', "").replace("–", "-").split())


def chinese_of(cell: str) -> str:
    """A cell as Chinese: its first meaning, without anything that is not Chinese.

    >>> chinese_of("n. 苹果；苹果树")
    '苹果'
    """
    text = _NOT_CHINESE.sub(
        "", _BRACKETS.sub("", shown(cell)).replace(",", "，").replace(";", "；")
    )
    return re.split(r"[，。？！：；、…]", text.strip("，。？！：；、…“”"))[0].strip("“”")


def looks_english(cell: str) -> bool:
    """Whether a cell shows Latin letters and nothing Chinese."""
    text = english_of(cell)
    return bool(_HAS_LATIN.search(text)) and not _HAS_CHINESE.search(text)


def looks_chinese(cell: str) -> bool:
    """Whether a cell shows Chinese characters."""
    return bool(_HAS_CHINESE.search(shown(cell)))
