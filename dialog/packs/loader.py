"""The files of a pack as data, held against the schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import PackError
from dialog.packs.files import MANIFEST, PackFiles, open_pack
from dialog.packs.form import schema_problems
from dialog.packs.source import Problem, Source, read_source


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
        problems += schema_problems(manifest, "")
        for place, name in _unit_names(manifest):
            unit = _read_unit(files, manifest, place, name, problems)
            if unit is not None:
                units.append(unit)
    return PackSources(files.name, manifest, tuple(units), tuple(problems))


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
    problems += schema_problems(unit, "unit")
    return unit


def _unit_names(manifest: Source) -> Iterator[tuple[int, str]]:
    data = manifest.data
    units = data.get("units") if isinstance(data, dict) else None
    if isinstance(units, list):
        yield from ((place, name) for place, name in enumerate(units) if isinstance(name, str))
