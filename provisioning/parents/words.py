"""The pages' texts in English and Chinese."""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Mapping

import yaml

LANGUAGES = ("en", "zh")


HERE = "provisioning.parents"

Texts = Mapping[str, Mapping[str, str]]


@functools.cache
def texts_of(package: str) -> Texts:
    """What a package's ``words.yaml`` says, over the texts of these pages."""
    path = importlib.resources.files(package).joinpath("words.yaml")
    found: Texts = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found if package == HERE else {**texts_of(HERE), **found}


class Words:
    """Texts of one language.

    Args:
        language: ``en`` or ``zh``.
        package: Whose; these pages' when not said.
    """

    def __init__(self, language: str, package: str = HERE) -> None:
        self.language = language
        self._texts = texts_of(package)

    def __call__(self, key: str, *figures: object) -> str:
        """The text of a key, with figures in their places.

        Raises:
            KeyError: There is none; a mistake of the programmer.
        """
        text = self._texts[key][self.language]
        return text.format(*figures) if figures else text


def keys() -> frozenset[str]:
    """All keys."""
    return frozenset(texts_of(HERE))


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
