"""Block maps (bmap-tools, format 2.0): which parts of an image hold anything."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

from core.errors import ProvisioningError

_ROUND_BYTES = 256 * 1024
"""Cards like large writes, so ranges grow to whole multiples of this."""

Range = tuple[int, int]
"""First byte, and the byte after the last."""


def read_map(path: Path, image_bytes: int) -> list[Range]:
    """The mapped ranges, in order, rounded outwards and merged.

    The file's own checksums are not looked at: its signature covers them (`verify_file`), which
    is also why a hostile XML file cannot get here.

    Raises:
        ProvisioningError: It is no block map, or one of an image of another size.
    """
    try:
        root = ET.parse(path).getroot()  # noqa: S314 - signed, see above
        block = int(root.findtext("BlockSize", ""))
        if int(root.findtext("ImageSize", "")) != image_bytes:
            raise ProvisioningError(f"{path.name} is the block map of another image")
        spans = [_span(each.text or "") for each in root.iter("Range")]
    except (ET.ParseError, ValueError) as error:
        raise ProvisioningError(f"{path.name} is no block map; download it again") from error
    return _merged([(first * block, (last + 1) * block) for first, last in spans], image_bytes)


def pieces(ranges: list[Range], start: int, end: int) -> Iterator[Range]:
    """Where ranges and the span from `start` to `end` overlap."""
    for first, after in ranges:
        if first < end and after > start:
            yield max(first, start), min(after, end)


def _span(text: str) -> Range:
    first, _, last = text.strip().partition("-")
    return int(first), int(last or first)


def _merged(ranges: list[Range], image_bytes: int) -> list[Range]:
    merged: list[Range] = []
    for mapped_from, mapped_to in sorted(ranges):
        first = mapped_from // _ROUND_BYTES * _ROUND_BYTES
        after = min(-(-mapped_to // _ROUND_BYTES) * _ROUND_BYTES, image_bytes)
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], after))
        else:
            merged.append((first, after))
    return merged
