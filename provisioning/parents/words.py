"""The pages' texts in English and Chinese."""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Mapping

import yaml

LANGUAGES = ("en", "zh")


@functools.cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    path = importlib.resources.files("provisioning.parents").joinpath("words.yaml")
    found: Mapping[str, Mapping[str, str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


class Words:
    """Texts of one language.

    Args:
        language: ``en`` or ``zh``.
    """

    def __init__(self, language: str) -> None:
        self.language = language

    def __call__(self, key: str, *figures: object) -> str:
        """The text of a key, with figures in their places.

        Raises:
            KeyError: There is none; a mistake of the programmer.
        """
        text = _texts()[key][self.language]
        return text.format(*figures) if figures else text


def keys() -> frozenset[str]:
    """All keys."""
    return frozenset(_texts())


def language_of(asked: str, cookie: str, accepted: str, usual: str) -> str:
    """Which language a browser gets: what it asks for now, chose before, prefers, or the usual.

    Args:
        accepted: The header ``Accept-Language``; its order is taken, its weights are not.
    """
    for choice in (asked, cookie):
        if choice in LANGUAGES:
            return choice
    for part in accepted.split(","):
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in LANGUAGES:
            return tag
    return usual
