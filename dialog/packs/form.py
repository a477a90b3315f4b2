"""Whether a file has a pack's form, told to a person who has never read a schema."""

from __future__ import annotations

import functools
import importlib.resources
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dialog.packs.source import Problem, Source

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

Raw = Any  # plain data of any form

_WANTED = {
    "string": "text",
    "object": "keys with values",
    "array": "a list",
    "integer": "a whole number",
    "boolean": "true or false",
}


@functools.cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a pack, as shipped."""
    text = importlib.resources.files("dialog.packs").joinpath("schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def schema_problems(source: Source, definition: str) -> list[Problem]:
    """Everything that breaks the schema, in the order of the file.

    Args:
        source: A file that could be parsed.
        definition: Which part of the schema describes it; empty for ``pack.yaml``.
    """
    # Imported here: it takes a tenth of a second that a check of the version should not cost.
    from jsonschema import Draft202012Validator

    root = schema()
    part = {"$ref": f"#/$defs/{definition}", "$defs": root["$defs"]} if definition else root
    errors = sorted(
        Draft202012Validator(part).iter_errors(source.data),
        key=lambda error: (source.line(tuple(error.absolute_path)), str(error.message)),
    )
    return [problem for error in errors for problem in _in_words(source, error)]


def _in_words(source: Source, error: ValidationError) -> Iterator[Problem]:
    """One schema error as problems for a person who has never read a schema."""
    path = tuple(error.absolute_path)
    where = _where(path)
    found: Raw = error.instance
    wanted: Raw = error.validator_value
    part: Raw = error.schema
    advice = str(part.get("description") or "see docs/lessons.md for its form")
    match error.validator:
        case "required":
            # One error comes for each missing key, and its message begins with that key.
            key = next(key for key in wanted if error.message.startswith(repr(key)))
            message, remedy = f"{where} lacks {key!r}", f"add a line {key}: …"
        case "additionalProperties":
            known = list(part.get("properties", {}))
            for key in [key for key in found if key not in known]:
                yield Problem(
                    source.file,
                    source.line((*path, key)),
                    f"{where} has {key!r}, which a pack does not know",
                    f"remove it or use one of: {', '.join(known)}",
                )
            return
        case "dependentRequired":
            message = f"{where} has only one of cue and branches"
            remedy = "write both or neither"
        case "enum":
            message = f"{where} is {_shown(found)}"
            remedy = str(part.get("description") or f"use one of: {', '.join(wanted)}")
        case "type":
            kinds = {
                "string": "text",
                "object": "keys with values",
                "array": "a list",
                "integer": "a whole number",
            }
            message = f"{where} should be {kinds.get(wanted, wanted)} and is {_kind(found)}"
            remedy = advice
        case "minItems" | "maxItems" | "maxProperties":
            message = f"{where} has {len(found)} entries"
            remedy = f"keep it at {'least' if error.validator == 'minItems' else 'most'} {wanted}"
        case _:
            message, remedy = f"{where} is {_shown(found)}", advice
    yield Problem(source.file, source.line(path), message, remedy)


def _where(path: tuple[str | int, ...]) -> str:
    if not path:
        return "the file"
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path)


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int):
        return "a number (put it into quotes or write it as words)"
    if value is None:
        return "empty"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "keys with values"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
