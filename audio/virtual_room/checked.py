"""Reads a YAML document section by section and collects every mistake with its line."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection
from pathlib import Path
from typing import Any

import yaml

from core.errors import ConfigError

_MISSING = object()


class _Mapping(dict[str, Any]):
    """A mapping that knows the line of each of its keys, counted from 1."""

    lines: dict[str, int]


class _Sequence(list[Any]):
    """A sequence that knows the line of each of its items, counted from 1."""

    lines: list[int]


class _Loader(yaml.SafeLoader):
    """Safe loading that keeps lines."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> _Mapping:
    built = _Mapping(
        {str(loader.construct_object(key)): loader.construct_object(value, deep=True)
         for key, value in node.value}
    )  # fmt: skip
    built.lines = {
        str(loader.construct_object(key)): key.start_mark.line + 1 for key, _ in node.value
    }
    return built


def _sequence(loader: _Loader, node: yaml.SequenceNode) -> _Sequence:
    built = _Sequence(loader.construct_object(item, deep=True) for item in node.value)
    built.lines = [item.start_mark.line + 1 for item in node.value]
    return built


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_SEQUENCE_TAG, _sequence)


class Problems:
    """Collects sentences about one file.

    Args:
        path: The file, as the sentences name it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: list[str] = []

    def add(self, line: int, sentence: str) -> None:
        self.found.append(f"{self.path}:{line}: {sentence}")

    def raise_if_any(self) -> None:
        """Raises ConfigError with all of them."""
        if self.found:
            raise ConfigError(self.found)


class Section:
    """One mapping of the document; each reader checks one key and marks it as known.

    A wrong or missing value is noted and a harmless one returned, so that reading goes on and
    all mistakes are found at once. Call `done` after the last reader.

    Args:
        value: What stands in the document.
        name: The section's path, for example ``room``; empty for the whole document.
        line: Where it begins.
        problems: Where mistakes go.
    """

    def __init__(self, value: object, name: str, line: int, problems: Problems) -> None:
        self._name = name
        self._line = line
        self.problems = problems
        self._known: list[str] = []
        if value is None:
            value = {}
        if not isinstance(value, dict):
            problems.add(line, f"{name or 'the file'} must hold `key: value` pairs")
            value = {}
        self._values: dict[str, Any] = value
        self._lines: dict[str, int] = getattr(value, "lines", {})

    def number(self, key: str, low: float, high: float, *, default: float | None = None) -> float:
        """A number within limits; without a default it must be given."""
        value = self._take(key, default)
        good = isinstance(value, (int, float)) and not isinstance(value, bool)
        if good and math.isfinite(value) and low <= value <= high:
            return float(value)
        if value is not _MISSING:
            self.wrong(key, f"must be a number from {low:g} to {high:g}, not {_shown(value)}")
        return low

    def optional_number(self, key: str, low: float, high: float) -> float | None:
        """A number within limits, or None when it is not given."""
        if self._values.get(key) is None:
            self._known.append(key)
            return None
        return self.number(key, low, high)

    def integer(self, key: str, low: int, high: int, *, default: int | None = None) -> int:
        """A whole number within limits."""
        value = self._take(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        if value is not _MISSING:
            self.wrong(key, f"must be a whole number from {low} to {high}, not {_shown(value)}")
        return low

    def text(self, key: str, *, default: str | None = None) -> str:
        """A text of at least one letter, unless the default itself is empty."""
        value = self._take(key, default)
        if isinstance(value, str) and (value.strip() or default == ""):
            return value.strip()
        if value is not _MISSING:
            self.wrong(key, f"must be a text, not {_shown(value)}")
        return ""

    def flag(self, key: str) -> bool:
        """Whether something is so: ``true``, or ``false`` as when it is not given."""
        value = self._take(key, default=False)
        if not isinstance(value, bool):
            self.wrong(key, f"must be true or false, not {_shown(value)}")
        return value is True

    def choice(self, key: str, choices: Collection[str], *, default: str) -> str:
        """One of a few words."""
        value = self._take(key, default)
        if value in choices:
            return str(value)
        self.wrong(key, f"must be one of {', '.join(choices)}, not {_shown(value)}")
        return default

    def section(self, key: str) -> Section:
        """A mapping below this one; empty when it is not given."""
        self._known.append(key)
        return Section(self._values.get(key), self.path(key), self.line(key), self.problems)

    def items(self, key: str, *, required: bool = False) -> list[tuple[object, int]]:
        """The items of a list with their lines; empty when it is not given."""
        value = self._take(key, None if required else [])
        if value is _MISSING:
            return []
        if not isinstance(value, list):
            self.wrong(key, f"must be a list (lines that begin with `- `), not {_shown(value)}")
            return []
        if required and not value:
            self.wrong(key, "must hold at least one item")
        lines = getattr(value, "lines", [self.line(key)] * len(value))
        return list(zip(value, lines, strict=True))

    def has(self, key: str) -> bool:
        """Whether the key is there; it counts as known from now on."""
        self._known.append(key)
        return key in self._values

    def is_none(self, key: str) -> bool:
        """Whether the key's value is the word ``none``."""
        return self._values.get(key) == "none"

    def path(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key

    def line(self, key: str) -> int:
        return self._lines.get(key, self._line)

    def wrong(self, key: str, what: str) -> None:
        """Note a mistake in the value of `key`."""
        self.problems.add(self.line(key), f"{self.path(key)} {what}")

    def done(self) -> None:
        """Note every key that no reader asked for."""
        for key in self._values:
            if key not in self._known:
                self.wrong(key, f"is not known; {suggestion(key, self._known)}")

    def _take(self, key: str, default: object) -> Any:  # noqa: ANN401 - whatever YAML holds
        self._known.append(key)
        value = self._values.get(key, default)
        if value is None:
            self.wrong(key, "is missing; add it")
            return _MISSING
        return value


def read_document(path: Path, problems: Problems) -> Section:
    """The whole document as a section.

    Raises:
        ConfigError: The file cannot be read or is no YAML.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise ConfigError(
            [f"{path}: cannot be read ({reason}); check the name and the permissions"]
        ) from error
    try:
        value = yaml.load(text, Loader=_Loader)  # noqa: S506 - _Loader is a SafeLoader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise ConfigError(
            [f"{path}:{line}: is no YAML; check indentation, colons and quotes near this line"]
        ) from error
    return Section(value, "", 1, problems)


def suggestion(word: str, known: Collection[str]) -> str:
    """A remedy for an unknown word: the nearest known one, or all of them."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
