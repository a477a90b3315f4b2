"""The data partition before it is mounted: checked, mended, grown, at the first start and later."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

GROW = Path(__file__).parents[2] / "image/files/usr/lib/myna/grow-data"
SBIN = "/usr/sbin:/usr/bin:/sbin:/bin"
MIB = 1 << 20

pytestmark = pytest.mark.skipif(
    any(shutil.which(each, path=SBIN) is None for each in ("mke2fs", "resize2fs", "debugfs")),
    reason="needs e2fsprogs",
)


def run(*words: str, code: int = 0) -> str:
    done = subprocess.run(
        words,
        env={"PATH": SBIN},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data partition as the image has it, with something kept in it."""
    folder = tmp_path / "made"
    (folder / "state").mkdir(parents=True)
    (folder / "state/kept").write_text("kept")
    path = tmp_path / "data.ext4"
    with path.open("wb") as file:
        file.truncate(32 * MIB)
    run("mke2fs", "-q", "-t", "ext4", "-m", "0", "-d", str(folder), str(path))
    return path


def grow(data: Path) -> str:
    flag = data.with_name("grown")
    said = run(str(GROW), str(data), str(flag))
    assert flag.exists()
    assert "kept" in run("debugfs", "-R", "cat /state/kept", str(data)).splitlines()
    run("e2fsck", "-f", "-n", str(data))
    return said


def blocks(data: Path) -> int:
    found = re.search(r"Block count: +(\d+)", run("dumpe2fs", "-h", str(data)))
    assert found
    return int(found[1])


def used(data: Path) -> None:
    """As after having been mounted: later than the last check, the journal not played back."""
    run("debugfs", "-w", "-R", "ssv mtime now", str(data))
    run("debugfs", "-w", "-R", "ssv lastcheck 20240101", str(data))
    run("debugfs", "-w", "-R", "feature needs_recovery", str(data))


def test_it_grows_to_what_the_card_has(data: Path) -> None:
    with data.open("r+b") as file:
        file.truncate(96 * MIB)
    before = blocks(data)
    grow(data)
    assert blocks(data) == 3 * before


def test_every_later_start_finds_nothing_to_do_and_succeeds(data: Path) -> None:
    grow(data)
    for _ in range(2):
        used(data)
        before = blocks(data)
        assert "stays as it is" not in grow(data)
        assert blocks(data) == before


def test_a_card_that_was_used_before_it_could_grow_grows_later(data: Path) -> None:
    used(data)
    with data.open("r+b") as file:
        file.truncate(64 * MIB)
    before = blocks(data)
    grow(data)
    assert blocks(data) == 2 * before


def test_what_a_power_cut_left_is_mended_without_asking(data: Path) -> None:
    # An inode that a folder names and nothing else knows: e2fsck -p will not decide that by itself.
    run("debugfs", "-w", "-R", "write /dev/null torn", str(data))
    run("debugfs", "-w", "-R", "clri torn", str(data))
    run("debugfs", "-w", "-R", "ssv state 0", str(data))
    run("e2fsck", "-n", str(data), code=4)
    grow(data)


def test_what_cannot_be_mended_is_not_mounted(tmp_path: Path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(b"\x55" * MIB)
    done = subprocess.run(
        [str(GROW), str(path), str(tmp_path / "grown")],
        env={"PATH": SBIN},
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
    assert not (tmp_path / "grown").exists()
