"""Countries, for the rules of their air; names in both languages, the usual ones first."""

from __future__ import annotations

import functools
import importlib.resources
import re

import yaml

_CODE = re.compile(r"[A-Z]{2}")


@functools.cache
def countries() -> dict[str, dict[str, str]]:
    """Two letters (ISO 3166-1) to names by language."""
    path = importlib.resources.files("provisioning.portal").joinpath("countries.yaml")
    found: dict[str, dict[str, str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def choices(language: str) -> list[tuple[str, str]]:
    """Code and name, by name."""
    named = [(code, names[language]) for code, names in countries().items()]
    return sorted(named, key=lambda each: each[1])


def is_country(code: str) -> bool:
    """Whether somebody could have chosen it; empty is none said."""
    return not code or (bool(_CODE.fullmatch(code)) and code in countries())
