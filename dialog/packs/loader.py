"""From files to a `Pack`: read, hold against the schema, build."""

from __future__ import annotations

import functools
import importlib.resources
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import PackError
from dialog.packs.files import MANIFEST, PackFiles, open_pack
from dialog.packs.model import Branch, Item, Kind, Level, Pack, PlayStep, RolePlay, Text, Unit
from dialog.packs.source import Problem, Source, read_source
from dialog.packs.wording import aloud, fill, plain

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

Raw = Any  # plain data that the schema has been held against

PATIENCE_S = {Kind.WORD: 7.0, Kind.PHRASE: 8.0, Kind.QUESTION: 10.0}
"""How long a child may stay silent by default: a question wants thinking."""
PLAY_PATIENCE_S = 10.0
NO_CUE = Text("", "")


@dataclass(frozen=True, slots=True)
class PackSources:
    """The files of a pack as data, with what is wrong with their form.

    Attributes:
        name: The folder or zip.
        manifest: ``pack.yaml``.
        units: The unit files that could be read, in the manifest's order.
        problems: Unreadable files and everything that breaks the schema.
    """

    name: str
    manifest: Source
    units: tuple[Source, ...]
    problems: tuple[Problem, ...]


def read_sources(path: Path) -> PackSources:
    """Read all files of the pack at `path` and hold them against the schema.

    Raises:
        PackError: There is no pack to be read at all.
    """
    files = open_pack(path)
    manifest = read_source(MANIFEST, files.read(MANIFEST))
    problems = list(manifest.problems)
    units: list[Source] = []
    if manifest.data is not None:
        problems += _schema_problems(manifest, "")
        for place, name in _unit_names(manifest):
            unit = _read_unit(files, manifest, place, name, problems)
            if unit is not None:
                units.append(unit)
    return PackSources(files.name, manifest, tuple(units), tuple(problems))


def build(sources: PackSources) -> Pack:
    """The pack that sound sources describe."""
    head: Raw = sources.manifest.data
    return Pack(
        id=head["id"],
        version=head["version"],
        licence=head["licence"],
        title=_text(head["title"]),
        units=tuple(_unit(source.data) for source in sources.units),
    )


def model_of(raw: Raw) -> str:
    """What Myna models aloud for a raw item or branch."""
    if "model" in raw:
        return str(raw["model"])
    if raw.get("kind") in ("word", "phrase"):
        return str(raw["english"])
    answers = answers_of(raw)
    return aloud(answers[0]) if answers else ""


def answers_of(raw: Raw) -> tuple[str, ...]:
    """All right answers of a raw item or branch: the model first, short forms last."""
    templates = [*raw.get("answers", []), *raw.get("short", [])]
    if raw.get("kind") in ("word", "phrase"):
        templates.insert(0, plain(raw["english"]))
    elif "model" in raw and plain(raw["model"]):
        templates.insert(0, plain(raw["model"]))
    return fill(templates, raw.get("slots", {}))


def _read_unit(
    files: PackFiles, manifest: Source, place: int, name: str, problems: list[Problem]
) -> Source | None:
    try:
        raw = files.read(name)
    except PackError as error:
        message, _, remedy = str(error).rpartition("; ")
        line = manifest.line(("units", place))
        problems.append(Problem(MANIFEST, line, message or remedy, remedy))
        return None
    unit = read_source(name, raw)
    problems += unit.problems
    if unit.data is None:
        return None
    problems += _schema_problems(unit, "unit")
    return unit


def _unit_names(manifest: Source) -> Iterator[tuple[int, str]]:
    data = manifest.data
    units = data.get("units") if isinstance(data, dict) else None
    if isinstance(units, list):
        yield from ((place, name) for place, name in enumerate(units) if isinstance(name, str))


def _unit(raw: Raw) -> Unit:
    return Unit(
        id=raw["id"],
        title=_text(raw["title"]),
        intro=_text(raw["intro"]),
        items=tuple(_item(raw["id"], item) for item in raw["items"]),
        plays=tuple(_play(raw["id"], play) for play in raw.get("plays", [])),
    )


def _item(unit_id: str, raw: Raw) -> Item:
    kind = Kind(raw["kind"])
    return Item(
        id=f"{unit_id}/{raw['id']}",
        kind=kind,
        level=Level(raw["level"]),
        prompt=_text(raw["prompt"]),
        english=raw["english"],
        model=model_of(raw),
        answers=answers_of(raw),
        confusions=fill(raw.get("confusions", []), raw.get("slots", {})),
        key=raw.get("key", ""),
        reply=raw.get("reply", ""),
        sound=raw.get("sound", ""),
        open_speech=raw.get("open", False),
        patience_s=float(raw.get("patience_s", PATIENCE_S[kind])),
    )


def _play(unit_id: str, raw: Raw) -> RolePlay:
    return RolePlay(
        id=f"{unit_id}/{raw['id']}",
        level=Level(raw["level"]),
        title=_text(raw["title"]),
        scene=_text(raw["scene"]),
        steps=tuple(
            PlayStep(
                id=step["id"],
                says=step["says"],
                cue=_text(step["cue"]) if "cue" in step else NO_CUE,
                branches=tuple(
                    Branch(model_of(branch), answers_of(branch), branch["next"])
                    for branch in step.get("branches", [])
                ),
            )
            for step in raw["steps"]
        ),
    )


def _text(raw: Raw) -> Text:
    return Text(raw["en"], raw["zh"])


# ------------------------------------------------------------------ schema


@functools.cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a pack, as shipped."""
    text = importlib.resources.files("dialog.packs").joinpath("schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _schema_problems(source: Source, definition: str) -> list[Problem]:
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
            kinds = {"string": "text", "object": "keys with values", "array": "a list"}
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
