"""Parts of `image/build`: partitions of the same bytes every time, libraries that are there."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

BUILD = Path(__file__).parents[2] / "image" / "build"
MIB = 1 << 20
SBIN = "/usr/sbin:/usr/bin:/sbin:/bin"

pytestmark = pytest.mark.skipif(
    any(
        shutil.which(each, path=SBIN) is None
        for each in ("mke2fs", "debugfs", "mcopy", "mkfs.vfat", "readelf")
    ),
    reason="needs e2fsprogs, mtools, dosfstools, binutils",
)


def parts_of_build(script: str, work: Path) -> subprocess.CompletedProcess[str]:
    """Run a line of shell with the functions of `image/build`, whose last line calls main."""
    functions = BUILD.read_text(encoding="utf-8").rpartition("\nmain ")[0]
    whole = f"{functions}\nSOURCE_DATE_EPOCH=1700000000 WORK='{work}'\n{script}\n"
    return subprocess.run(
        ["bash", "-c", whole], env={"PATH": SBIN}, capture_output=True, text=True, check=False
    )


def tree(folder: Path, *, backwards: bool) -> Path:
    """Some files, made in one order or the other."""
    made = folder / "tree"
    (made / "deep").mkdir(parents=True)
    numbers = range(40)
    for number in reversed(numbers) if backwards else numbers:
        (made / "deep" / f"{number}.txt").write_text(f"{number}\n")
    (made / "kernel8.img").write_bytes(bytes(5000))
    return made


@pytest.mark.parametrize("kind", ["ext4", "fat"])
def test_the_same_files_are_the_same_bytes(tmp_path: Path, kind: str) -> None:
    found = []
    for backwards in (False, True):
        folder = tmp_path / str(backwards)
        made = tree(folder, backwards=backwards)
        (folder / "work").mkdir()
        name = "4d594e41-0000-4000-8000-00000000000a" if kind == "ext4" else "4d594e0a"
        line = f"same_times '{made}'; truncate -s 40M '{folder}/image'"
        line += f"; {kind} '{folder}/image' 0 32 MYNA {name} '{made}'"
        done = parts_of_build(line, folder / "work")
        assert done.returncode == 0, done.stderr
        found.append((folder / "image").read_bytes())
        wait_for_another_second()
    assert found[0] == found[1]
    assert any(found[0][: 32 * MIB])


def wait_for_another_second() -> None:
    """File systems keep whole seconds: what is made in the same one may be the same by chance."""
    began = int(time.time())
    while int(time.time()) == began:
        time.sleep(0.05)


def test_a_library_that_the_image_lacks_stops_the_build(tmp_path: Path) -> None:
    package = tmp_path / "opt/myna/package"
    package.mkdir(parents=True)
    libraries = tmp_path / "usr/lib"
    libraries.mkdir(parents=True)
    program = Path(os.path.realpath("/proc/self/exe"))
    shutil.copy(program, package / "native.so")
    done = parts_of_build(f"need_libraries '{tmp_path}'", tmp_path)
    assert done.returncode == 1
    assert "wants libraries that the image lacks: " in done.stderr
    for name in done.stderr.strip().partition("lacks: ")[2].split():
        (libraries / name).touch()
    assert parts_of_build(f"need_libraries '{tmp_path}'", tmp_path).returncode == 0
