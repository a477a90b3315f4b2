"""The lists that ship with Myna, read once."""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections.abc import Mapping
from typing import Any

import yaml

from dialog.ports import Language
from dialog.safety.normal import readings
from dialog.safety.ports import Flaw, Topic

_HAN = re.compile("[\u3400-\u9fff]")


def topic_of(text: str) -> Topic | None:
    """The first topic that a text is about, in any of its readings; None for none of them."""
    several = readings(text)
    for name, patterns in _compiled("topics.yaml", "asked").items():
        if _found(patterns, several):
            return Topic(name)
    return None


def flaw_of(text: str) -> Flaw | None:
    """The first of the wordings in a text that Myna never says; None for none of them."""
    # As it stands too: what makes an address or code is lost in a tidy reading.
    several = (text.casefold(), *readings(text))
    for name, patterns in _compiled("replies.yaml", "replied").items():
        if _found(patterns, several):
            return Flaw(name)
    return None


@functools.cache
def fixed_answers() -> Mapping[Topic, Mapping[Language, str]]:
    """What Myna says instead of talking about a topic."""
    raw = _read("answers.yaml")
    return {
        Topic(name): {Language(tag): str(text) for tag, text in words.items()}
        for name, words in raw.items()
    }


def _found(patterns: Mapping[str, re.Pattern[str]], several: tuple[str, ...]) -> bool:
    for text in several:
        if patterns["en"].search(text):
            return True
        if _HAN.search(text) and patterns["zh"].search(text):
            return True
    return False


@functools.cache
def _compiled(file: str, part: str) -> Mapping[str, Mapping[str, re.Pattern[str]]]:
    return {
        name: {tag: re.compile("|".join(f"(?:{each})" for each in several))
               for tag, several in tags.items()}
        for name, tags in _read(file)[part].items()
    }  # fmt: skip


def _read(file: str) -> dict[str, Any]:
    text = importlib.resources.files("dialog.safety").joinpath(file).read_text("utf-8")
    raw: dict[str, Any] = yaml.safe_load(text)
    return raw
