"""The lists that ship with Myna, read once."""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from dialog.ports import Language
from dialog.safety.normal import readings
from dialog.safety.ports import Flaw, Topic

_HAN = re.compile("[\u3400-\u9fff]")
_IDEA = re.compile(r"<([a-z_]+)>")


@dataclass(frozen=True, slots=True)
class Listed:
    """A topic that the lists find in a text.

    Attributes:
        plain: In the text as it is spelled, and not only in another reading of it.
    """

    topic: Topic
    plain: bool


def listed_topic(text: str) -> Listed | None:
    """The first topic that a text is about, in any of its readings; None for none of them.

    Wordings first, then ideas that together make a topic.
    """
    several = readings(text)
    found = _worded("topics.yaml", "asked", several) or _meant("asked", several)
    return None if found is None else Listed(Topic(found[0]), found[1] == several[0])


def topic_of(text: str) -> Topic | None:
    """The topic of `listed_topic` alone."""
    found = listed_topic(text)
    return None if found is None else found.topic


def flaw_of(text: str) -> Flaw | None:
    """The first of the wordings in a text that Myna never says; None for none of them."""
    # As it stands too: what makes an address or code is lost in a tidy reading.
    several = (text.casefold(), *readings(text))
    found = _worded("replies.yaml", "replied", several) or _meant("replied", several)
    return None if found is None else Flaw(found[0])


@functools.cache
def fixed_answers() -> Mapping[Topic, Mapping[Language, str]]:
    """What Myna says instead of talking about a topic."""
    raw = _read("answers.yaml")
    return {
        Topic(name): {Language(tag): str(text) for tag, text in words.items()}
        for name, words in raw.items()
    }


def _worded(file: str, part: str, several: tuple[str, ...]) -> tuple[str, str] | None:
    """The first topic or flaw one of whose wordings is in a reading, and that reading."""
    for name, patterns in _compiled(file, part).items():
        for text in several:
            if patterns["en"].search(text) or (_HAN.search(text) and patterns["zh"].search(text)):
                return name, text
    return None


def _meant(part: str, several: tuple[str, ...]) -> tuple[str, str] | None:
    """The first topic or flaw whose ideas are in one reading together, and that reading."""
    for name, tags in _together(part).items():
        for text in several:
            rules = (*tags["en"], *(tags["zh"] if _HAN.search(text) else ()))
            if any(rule.holds(text) for rule in rules):
                return name, text
    return None


@dataclass(frozen=True, slots=True)
class Rule:
    """Ideas that have to be in a text together, and such as must not be in it."""

    wanted: tuple[re.Pattern[str], ...]
    unwanted: tuple[re.Pattern[str], ...]

    def holds(self, text: str) -> bool:
        """Whether it says something about a text, in one of its readings."""
        return all(each.search(text) for each in self.wanted) and not any(
            each.search(text) for each in self.unwanted
        )


@functools.cache
def _together(part: str) -> Mapping[str, Mapping[str, tuple[Rule, ...]]]:
    raw = _read("together.yaml")
    ideas: dict[str, dict[str, str]] = raw["ideas"]

    def compiled(tag: str, idea: str) -> re.Pattern[str]:
        words = _IDEA.sub(lambda name: f"(?:{ideas[tag][name[1]]})", idea)
        return re.compile(rf"(?<!\w)(?:{words})(?!\w)" if tag == "en" else words)

    def rule(tag: str, listed: Sequence[str]) -> Rule:
        return Rule(
            tuple(compiled(tag, each) for each in listed if not each.startswith("!")),
            tuple(compiled(tag, each[1:]) for each in listed if each.startswith("!")),
        )

    return {
        name: {tag: tuple(rule(tag, each) for each in rules) for tag, rules in tags.items()}
        for name, tags in raw[part].items()
    }


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
