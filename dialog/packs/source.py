"""YAML of a pack read safely, with the line of every value.

A stricter YAML than the library's default, because teachers write it: only ``true``, ``false``
and whole numbers are not text (so ``no`` and ``off`` are words one can practise), a key twice is
a mistake, anchors and aliases are refused (they can blow up a file without end).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

import yaml

Data = dict[str, "Data"] | list["Data"] | str | int | bool | None
Path = tuple[str | int, ...]

MAX_DEPTH = 12
_LAYOUT = "follow the layout in docs/lessons.md"
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "bool", "int")
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake of a pack.

    Attributes:
        file: Within the pack.
        line: Counted from 1; 0 when the file as a whole is meant.
        message: What is wrong.
        remedy: What to do about it.
    """

    file: str
    line: int
    message: str
    remedy: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Source:
    """A file's data and where each value of it stands."""

    file: str
    data: Data
    lines: dict[Path, int] = field(repr=False)
    problems: tuple[Problem, ...] = ()

    def line(self, path: Path) -> int:
        """Line of the value at `path`, or of the nearest value around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)


# The parser in C where PyYAML was built with it: a pack is read in less than half the time.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[misc]
    """SafeLoader with no implicit types but true, false and whole numbers."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[0-9]+$"), list("0123456789"))


def read_source(file: str, raw: bytes) -> Source:
    """Parse one file. What is wrong with it is in `problems`, never raised."""
    try:
        node = _parsed(raw.decode("utf-8-sig"))
        if node is None:
            raise _Unreadable(0, "it is empty", "fill it as docs/lessons.md shows")
    except (UnicodeDecodeError, yaml.YAMLError, _Unreadable) as error:
        return Source(file, None, {}, (_fault(file, raw, error),))
    reading = _Reading(file)
    data = reading.value(node, ())
    return Source(file, data, reading.lines, tuple(reading.problems))


class _Unreadable(Exception):
    """YAML that is not read on purpose: line, message, remedy."""


def _parsed(text: str) -> yaml.Node | None:
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if getattr(event, "anchor", None) is not None:
            raise _Unreadable(line, "anchors (&, *) are not allowed", "write the value out")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise _Unreadable(line, "it is nested too deeply", _LAYOUT)
    node: yaml.Node | None = _Loader(text).get_single_node()
    return node


def _fault(file: str, raw: bytes, error: Exception) -> Problem:
    match error:
        case _Unreadable():
            return Problem(file, *error.args)
        case UnicodeDecodeError():
            line = raw.count(b"\n", 0, error.start) + 1
            return Problem(file, line, "this is not UTF-8 text", "save the file as UTF-8")
        case yaml.MarkedYAMLError():
            mark = error.problem_mark or error.context_mark
            message = f"this is not YAML ({error.problem or error.context})"
            remedy = 'check indentation and colons, and put text with ": " in it into quotes'
            return Problem(file, mark.line + 1 if mark else 0, message, remedy)
    reason = str(error).splitlines()[0]
    return Problem(file, 0, f"this is not YAML ({reason})", "save it as plain text")


class _Reading:
    """Turns YAML nodes into plain data and keeps their lines."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []

    def value(self, node: yaml.Node, path: Path) -> Data:
        line = node.start_mark.line + 1
        self.lines[path] = line
        if node.tag not in _PLAIN_TAGS:
            self._note(line, f"the tag {node.tag} is not allowed", "write the plain value")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        if node.tag == "tag:yaml.org,2002:bool":
            return bool(node.value == "true")
        if node.tag == "tag:yaml.org,2002:int" and len(node.value) < 10:
            return int(node.value)
        return str(node.value)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> Data:
        found: dict[str, Data] = {}
        for key_node, child in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in found:
                self._note(line, f"{key!r} is there twice", "keep one of them")
            found[key] = self.value(child, (*path, key))
            self.lines[(*path, key)] = line
        return found

    def _note(self, line: int, message: str, remedy: str) -> None:
        self.problems.append(Problem(self._file, line, message, remedy))
