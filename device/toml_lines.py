"""TOML with line numbers: which line says what, and every broken line instead of the first.

`tomllib` tells neither, so the text is read again statement by statement with the same parser: a
statement is the shortest run of lines that parses by itself.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Any

KeyPath = tuple[str, ...]

MOST_ERRORS = 20
_AT_LINE = re.compile(r"^(?P<what>.*) \(at line (?P<line>\d+), column \d+\)$", re.DOTALL)
_BARE_WORD = re.compile(
    r"^\s*(?P<key>[\w.-]+)\s*=\s*(?P<word>[A-Za-z_/~][^\"'#\[\]{},]*?)\s*(#.*)?$"
)


@dataclass(frozen=True, slots=True)
class BrokenLine:
    """A line that is not TOML.

    Attributes:
        line: Counted from 1.
        what: The reason with the remedy, no full stop.
    """

    line: int
    what: str


def parse(text: str) -> tuple[dict[str, Any], list[BrokenLine]]:
    """Parse a text; a broken line is noted and left out, so that the next can be found too.

    Returns:
        What could be read, and the broken lines in order (at most `MOST_ERRORS`).
    """
    lines = _lines(text)
    broken: list[BrokenLine] = []
    while True:
        try:
            return tomllib.loads("\n".join(lines)), sorted(broken, key=lambda each: each.line)
        except tomllib.TOMLDecodeError as error:
            what, number = _reason(str(error), len(lines))
        source = lines[number - 1] if lines else ""
        broken.append(BrokenLine(number, _remedy(source, what)))
        if _misleads(source, what) or len(broken) == MOST_ERRORS:
            return {}, sorted(broken, key=lambda each: each.line)
        lines[number - 1] = ""


def locate(text: str) -> dict[KeyPath, int]:
    """The line of every table header and key of a text.

    Args:
        text: TOML; lines that are not are skipped.

    Returns:
        Line numbers from 1, by path. A key of an inline table has the line it stands on; of
        something that is said several times, the first line.
    """
    lines = _lines(text)
    found: dict[KeyPath, int] = {}
    table: KeyPath = ()
    index = 0
    while index < len(lines):
        length, content = _statement(lines, index)
        is_header = lines[index].lstrip().startswith("[")
        paths = _paths(content)
        for path in paths:
            found.setdefault(path if is_header else (*table, *path), index + 1)
        if is_header and paths:
            table = paths[-1]
        index += length
    return found


def _statement(lines: list[str], start: int) -> tuple[int, dict[str, Any]]:
    """The statement at `start`: its number of lines and what it says; 1 and {} when broken."""
    for end in range(start + 1, len(lines) + 1):
        try:
            return end - start, tomllib.loads("\n".join(lines[start:end]))
        except tomllib.TOMLDecodeError:
            if _BARE_WORD.match(lines[start]):
                break
    return 1, {}


def _paths(content: dict[str, Any], above: KeyPath = ()) -> list[KeyPath]:
    """All paths of a nested table, outer before inner."""
    paths: list[KeyPath] = []
    for key, value in content.items():
        path = (*above, key)
        paths.append(path)
        if isinstance(value, dict):
            paths += _paths(value, path)
    return paths


def _reason(message: str, last_line: int) -> tuple[str, int]:
    if match := _AT_LINE.match(message):
        return match["what"], min(int(match["line"]), max(1, last_line))
    return message.removesuffix(" (at end of document)"), max(1, last_line)


def _misleads(line: str, what: str) -> bool:
    """Whether what follows a broken line would be guesswork without it.

    So it is after a header, whose keys would fall to the section above, and where the line is
    whole by itself, so that an earlier one, an open bracket say, broke it.
    """
    if line.lstrip().startswith("["):
        return True
    if _said_before(what):
        return False
    try:
        tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _said_before(what: str) -> bool:
    return "overwrite" in what or "twice" in what


def _lines(text: str) -> list[str]:
    """Lines as TOML counts them; `str.splitlines` knows more line ends than that."""
    return text.replace("\r\n", "\n").split("\n")


def _remedy(line: str, what: str) -> str:
    stripped = line.strip()
    if _said_before(what):
        return "this key or section was said before; keep one of the two"
    if match := _BARE_WORD.match(line):
        return _quoted(match["key"], match["word"])
    if stripped.startswith("[") and "]" not in stripped:
        return f"the section's bracket is open: write {stripped}]"
    if re.fullmatch(r"[\w.-]+", stripped):
        return f"{stripped} has no value: write {stripped} = …, or [{stripped}] for a section"
    reason = what[:1].lower() + what[1:]
    if "unclosed" in reason or "unterminated" in reason or not stripped:
        return f"this is not TOML ({reason}): close the bracket or quotes opened here or above"
    return f"this is not TOML ({reason}): write key = value"


def _quoted(key: str, word: str) -> str:
    """The remedy for a value that is a bare word."""
    for said, meant in (("true yes on", "true"), ("false no off", "false")):
        if word.lower() in said.split():
            return f"write {key} = {meant}"
    return f'text needs quotes: write {key} = "{word}"'
