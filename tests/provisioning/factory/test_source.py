"""An image as a stream, and the parts of it that a block map names."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from core.errors import ProvisioningError
from provisioning.factory.blockmap import pieces, read_map
from provisioning.factory.manifest import FileEntry
from provisioning.factory.ports import BLOCK_BYTES
from provisioning.factory.source import blocks

KIB = 1024
DATA = hashlib.shake_256(b"an image").digest(BLOCK_BYTES + 5000)
SIGNED = FileEntry(len(DATA), hashlib.sha256(DATA).hexdigest())
PACKERS = {"": [], ".zst": ["zstd", "-q", "-c"], ".xz": ["xz", "-0", "-c"]}


def packed(folder: Path, end: str, data: bytes = DATA) -> Path:
    """An image file; named for people, since its contents say how it is packed."""
    path = folder / f"image{end}"
    if not end:
        path.write_bytes(data)
        return path
    command = PACKERS[end]
    if shutil.which(command[0]) is None:
        pytest.skip(f"needs {command[0]}")
    path.write_bytes(subprocess.run(command, input=data, capture_output=True, check=True).stdout)
    return path


@pytest.mark.parametrize("end", PACKERS)
def test_all_of_it_in_order(tmp_path: Path, end: str) -> None:
    found = list(blocks(packed(tmp_path, end), SIGNED))
    assert [each.offset for each in found] == [0, BLOCK_BYTES]
    assert b"".join(each.data for each in found) == DATA


@pytest.mark.parametrize("end", PACKERS)
@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (DATA + b"x", "is longer than what was signed"),
        (DATA[:-1], "ends too early"),
        (DATA[:-1] + b"x", "is not what was signed"),
    ],
)
def test_another_image_than_was_signed(
    tmp_path: Path, end: str, data: bytes, sentence: str
) -> None:
    with pytest.raises(ProvisioningError, match=sentence):
        list(blocks(packed(tmp_path, end, data), SIGNED))


@pytest.mark.parametrize("end", [".zst", ".xz"])
def test_a_torn_download(tmp_path: Path, end: str) -> None:
    path = packed(tmp_path, end)
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(ProvisioningError, match="download it again"):
        list(blocks(path, SIGNED))


def block_map(folder: Path, *ranges: str, size: int = 4 * 1024 * KIB) -> Path:
    path = folder / "image.bmap"
    listed = "".join(f"<Range chksum='0'> {each} </Range>" for each in ranges)
    path.write_text(
        f"<bmap version='2.0'><ImageSize> {size} </ImageSize><BlockSize> 4096 </BlockSize>"
        f"<BlockMap>{listed}</BlockMap></bmap>"
    )
    return path


def test_ranges_grow_to_what_cards_like_and_become_one_where_they_meet(tmp_path: Path) -> None:
    # Blocks of 4 KiB: 0 to 1, 63 alone, 64, and the last one of 4 MiB.
    path = block_map(tmp_path, "0-1", "63", "64", "1023")
    found = read_map(path, 4 * 1024 * KIB)
    assert found == [(0, 512 * KIB), (3840 * KIB, 4096 * KIB)]
    assert list(pieces(found, 256 * KIB, 3900 * KIB)) == [
        (256 * KIB, 512 * KIB),
        (3840 * KIB, 3900 * KIB),
    ]
    assert list(pieces(found, 600 * KIB, 700 * KIB)) == []


def test_a_range_does_not_grow_beyond_the_image(tmp_path: Path) -> None:
    size = 100 * KIB
    assert read_map(block_map(tmp_path, "0", size=size), size) == [(0, size)]


@pytest.mark.parametrize("text", ["", "<bmap/>", "<bmap><BlockSize>4096</BlockSize></bmap>"])
def test_what_is_no_map(tmp_path: Path, text: str) -> None:
    path = tmp_path / "image.bmap"
    path.write_text(text)
    with pytest.raises(ProvisioningError, match="is no block map"):
        read_map(path, 4096)


def test_the_map_of_another_image(tmp_path: Path) -> None:
    with pytest.raises(ProvisioningError, match="of another image"):
        read_map(block_map(tmp_path, "0"), 4096)
