"""What Myna herself says: many wordings of each thing, none twice in a row."""

from __future__ import annotations

import functools
import importlib.resources
import math
import re
import zlib
from collections.abc import Mapping
from typing import Any

import yaml

from dialog.ports import Language, Line

SLOW = 0.75
"""Rate of a model that is given as help, of the lesson's own rate."""
MIN_RATE = 0.5

_PLACE = re.compile(r"(\{(?:model|slow|other)\})")
_HAN = re.compile(r"([\u4e00-\u9fff]+)")
_SAYABLE = re.compile(r"[A-Za-z\u4e00-\u9fff]")

Counts = tuple[tuple[str, int], ...]
"""How often each phrase has been said already, part of a dialog's state."""


@functools.cache
def phrases() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """All phrases as shipped: key, then language tag, then wordings."""
    text = importlib.resources.files("dialog").joinpath("phrases.yaml").read_text("utf-8")
    raw: dict[str, dict[str, list[Any]]] = yaml.safe_load(text)
    return {
        key: {tag: tuple(str(wording) for wording in wordings) for tag, wordings in tags.items()}
        for key, tags in raw.items()
    }


def wording(key: str, language: Language, *, seed: int, count: int) -> str:
    """The `count`-th wording of a phrase in the order that `seed` gives it.

    All wordings are heard before one comes again: a walk with a stride that shares no divisor
    with their number.
    """
    choices = phrases()[key][language.value]
    size = len(choices)
    mix = zlib.crc32(f"{seed}:{key}".encode())
    strides = [stride for stride in range(1, size) if math.gcd(stride, size) == 1] or [0]
    return choices[(mix + count * strides[(mix >> 16) % len(strides)]) % size]


class Speech:
    """Collects the lines of one step.

    Args:
        language: Language of instruction.
        seed: Varies the wordings.
        counts: How often each phrase was said before.
        rate: Speaking rate of everything English, 1.0 the voice's own.
    """

    def __init__(self, language: Language, *, seed: int, counts: Counts, rate: float) -> None:
        self.language = language
        self.rate = rate
        self.lines: list[Line] = []
        self._seed = seed
        self._counts = dict(counts)

    @property
    def counts(self) -> Counts:
        return tuple(sorted(self._counts.items()))

    def phrase(self, key: str, english: str = "", *, other: str = "") -> None:
        """Add a phrase in the language of instruction, `english` and `other` in their places."""
        count = self._counts.get(key, 0)
        self._counts[key] = count + 1
        self.text(wording(key, self.language, seed=self._seed, count=count), english, other=other)

    def text(self, template: str, english: str = "", *, other: str = "") -> None:
        """Add a text in the language of instruction.

        Args:
            english: Stands for ``{model}`` and, said slowly, for ``{slow}``.
            other: Stands for ``{other}``, what `english` is set against.
        """
        if self.language is Language.ENGLISH:
            template = template.replace("{model}", english.rstrip(".") if english else "")
            template = template.replace("{other}", other)
        for part in _PLACE.split(template):
            if part == "{slow}":
                self.english(english, slow=True)
            elif part == "{model}":
                self.english(english)
            elif part == "{other}":
                self.english(other)
            elif self.language is Language.ENGLISH:
                self.english(part)
            else:
                self._add(part, Language.CHINESE, 1.0)

    def english(self, text: str, *, slow: bool = False) -> None:
        """Add something English."""
        rate = max(MIN_RATE, self.rate * (SLOW if slow else 1.0))
        self._add(text, Language.ENGLISH, rate)

    def _add(self, text: str, language: Language, rate: float) -> None:
        parts = [(text, language)]
        if language is Language.ENGLISH and _HAN.search(text):
            # A Chinese nickname in it is said by the voice that can.
            parts = [
                (part, Language.CHINESE if _HAN.match(part) else language)
                for part in _HAN.split(text)
            ]
        for part, voice in parts:
            if _SAYABLE.search(part):  # a full stop left over behind a placeholder is no line
                self.lines.append(Line(part.strip(), voice, rate))
