"""Writes a pack as a folder of YAML files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from core.errors import PackError
from dialog.packs.files import MANIFEST

if TYPE_CHECKING:
    from dialog.packs.importing.items import RawItem

UNKNOWN_LICENCE = "LicenseRef-unknown"
ITEMS_PER_UNIT = 40
LONGEST_SLUG = 40


@dataclass(frozen=True, slots=True)
class Header:
    """What stands in ``pack.yaml``; an empty value is made from the file's name."""

    id: str = ""
    title: str = ""
    licence: str = ""

    def filled(self, stem: str) -> Header:
        """The same with every value there."""
        title = " ".join(re.sub(r"[^A-Za-z' ]+", " ", self.title or stem).split())
        return replace(
            self,
            id=slug(self.id) or slug(stem) or "imported",
            title=title or "Imported lessons",
            licence=self.licence or UNKNOWN_LICENCE,
        )


def slug(text: str) -> str:
    """A text as an id: lower-case letters, digits, hyphens; empty when nothing of it is left.

    >>> slug("It's a big dog!")
    'its-a-big-dog'
    """
    kept = re.sub(r"[^a-z0-9]+", "-", text.lower().replace("'", "")).strip("-")
    return re.sub(r"^[^a-z]+", "", kept)[:LONGEST_SLUG].rstrip("-")


def write_pack(folder: Path, header: Header, items: Sequence[RawItem]) -> None:
    """Write the files.

    Raises:
        PackError: The folder cannot be written.
    """
    units = _units(items)
    words = sorted({word for item in items for word in item.new_words})
    manifest: dict[str, Any] = {
        "format": 1,
        "id": header.id,
        "version": "1.0.0",
        "licence": header.licence,
        "title": {"en": header.title, "zh": "导入的课程"},
        "units": [f"units/{unit_id}.yaml" for unit_id in units],
    }
    if words:
        manifest["words"] = {"a2": words}
    try:
        (folder / "units").mkdir(parents=True)
        _write(folder / MANIFEST, manifest)
        for unit_id, raws in units.items():
            title = unit_id.replace("-", " ").capitalize()
            unit = {
                "id": unit_id,
                "title": {"en": re.sub(r"[^A-Za-z' ]+", "", title).strip() or "Unit", "zh": "练习"},
                "intro": {"en": "Let's practise.", "zh": "我们来练习。"},
                "items": list(raws),
            }
            _write(folder / "units" / f"{unit_id}.yaml", unit)
    except OSError as error:
        raise PackError(
            f"{folder} cannot be written ({error.strerror}); name another folder with --out"
        ) from error


def _units(items: Sequence[RawItem]) -> dict[str, list[Mapping[str, Any]]]:
    """Items by unit, in the order of the file; those without one are cut into parts."""
    units: dict[str, list[Mapping[str, Any]]] = {}
    for item in items:
        name = item.unit or "part"
        number = 1
        unit_id = name if item.unit else f"{name}-1"
        while len(units.get(unit_id, ())) >= ITEMS_PER_UNIT:
            number += 1
            unit_id = f"{name[:36]}-{number}"
        units.setdefault(unit_id, []).append(item.raw)
    return units


def _write(path: Path, data: Mapping[str, Any]) -> None:
    text = yaml.safe_dump(dict(data), allow_unicode=True, sort_keys=False, width=110)
    path.write_text(text, encoding="utf-8")
