"""Sets of sentences whose author said what should become of each: files of ``device/bench``."""

from __future__ import annotations

import importlib.resources
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core.errors import SpeakerError

PARTS = ("tuned", "heldout", "heldout_2", "heldout_3", "heldout_4", "heldout_5")
TOLD = ("asked", "replied")
"""Kinds of sentences that have to be stopped, told apart by what they are about."""
HARMLESS = {
    "harmless": False,
    "harmless_near": False,
    "harmless_replied": True,
    "harmless_replied_near": True,
}
"""Kinds that have to pass, and whether somebody said them (False) or a model replied them."""


@dataclass(frozen=True, slots=True)
class Case:
    """One sentence of a set.

    Attributes:
        kind: One of `TOLD` or `HARMLESS`.
        about: Topic or flaw as its author sees it; empty for a harmless one.
        language: ``en`` or ``zh``.
    """

    kind: str
    about: str
    language: str
    text: str

    @property
    def replied(self) -> bool:
        """Whether it is a sentence of a model's reply, and not what somebody said."""
        return HARMLESS.get(self.kind, self.kind == "replied")

    @property
    def harmless(self) -> bool:
        """Whether it has to pass."""
        return self.kind in HARMLESS


@dataclass(frozen=True, slots=True)
class Set:
    """A set, and what it holds of personal data.

    Attributes:
        personal: A sentence and what of it must not be sent, for each.
    """

    cases: tuple[Case, ...]
    personal: tuple[tuple[str, str], ...]


def shipped(part: str) -> Set:
    """One of `PARTS`."""
    file = importlib.resources.files("device.bench").joinpath(f"safety_{part}.yaml")
    return _of(yaml.safe_load(file.read_text("utf-8")))


def read(path: Path) -> Set:
    """A set of the same form that somebody else wrote.

    Raises:
        SpeakerError: The file is missing or has another form.
    """
    try:
        return _of(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, ValueError, yaml.YAMLError, AttributeError, TypeError) as fault:
        raise SpeakerError(
            f"{path} is no set of cases; device/bench/safety_heldout.yaml shows the form"
        ) from fault


def _of(raw: dict[str, Any]) -> Set:
    pairs = []
    for line in _lines(raw.get("personal", "")):
        said, hidden = line.split("|")
        pairs.append((said.strip(), hidden.strip()))
    return Set(tuple(_cases(raw)), tuple(pairs))


def _cases(raw: dict[str, Any]) -> Iterator[Case]:
    for kind in TOLD:
        for about, tags in raw.get(kind, {}).items():
            for language, text in tags.items():
                for line in _lines(text):
                    yield Case(kind, about, language, line)
    for kind in HARMLESS:
        for language, text in raw.get(kind, {}).items():
            for line in _lines(text):
                yield Case(kind, "", language, line)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]
