"""Myna's own words around answers."""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Mapping

import yaml

from dialog.ports import Language, Line


@functools.cache
def _phrases() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    text = importlib.resources.files("dialog.cloud").joinpath("phrases.yaml").read_text("utf-8")
    return {
        key: {tag: tuple(wordings) for tag, wordings in tags.items()}
        for key, tags in yaml.safe_load(text).items()
    }


def line(key: str, language: Language, *, count: int) -> Line:
    """The `count`-th wording of a phrase, round and round."""
    wordings = _phrases()[key][language.value]
    return Line(wordings[count % len(wordings)], language)
