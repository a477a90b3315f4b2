"""Raspberry Pi OS's image taken apart: a small one made here, as the real one is laid out."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNPACK = ROOT / "image" / "unpack-raspios"
BOOT_AT, BOOT_MIB, ROOT_AT, ROOT_MIB = 4, 24, 28, 32

pytestmark = [
    pytest.mark.skipif(
        any(shutil.which(each) is None for each in ("debugfs", "mcopy", "sfdisk", "xz", "zstd")),
        reason="needs e2fsprogs, mtools, fdisk, xz-utils, zstd",
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="owners are kept as root only"),
]


def shell(command: str, folder: Path) -> None:
    subprocess.run(["bash", "-euc", command], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """``raspios.img``: a FAT with a kernel, an ext4 with a root."""
    folder = tmp_path / "made here"
    root = folder / "root"
    (root / "etc").mkdir(parents=True)
    (root / "usr/bin").mkdir(parents=True)
    (root / "etc/os-release").write_text("VERSION_CODENAME=bookworm\n")
    (root / "etc/shadow").write_text("root:*:1::::::\n")
    (root / "etc/shadow").chmod(0o640)
    os.chown(root / "etc/shadow", 0, 42)
    (root / "usr/bin/sudo").write_bytes(b"\x7fELF")
    (root / "usr/bin/sudo").chmod(0o4755)
    (root / "bin").symlink_to("usr/bin")
    boot = folder / "boot"
    (boot / "overlays").mkdir(parents=True)
    (boot / "kernel8.img").write_bytes(b"kernel")
    (boot / "config.txt").write_text("arm_64bit=1\n")
    (boot / "overlays/spi.dtbo").write_bytes(b"overlay")
    shell(
        f"""
        truncate -s {ROOT_AT + ROOT_MIB}M raspios.img
        printf '%s\\n' 'label: dos' {BOOT_AT}M,{BOOT_MIB}M,c {ROOT_AT}M,{ROOT_MIB}M,83 |
            sfdisk -q raspios.img
        truncate -s {BOOT_MIB}M fat && mkfs.vfat -F 16 fat
        mcopy -s -i fat boot/* ::
        truncate -s {ROOT_MIB}M ext4 && mke2fs -q -t ext4 -d root ext4
        dd if=fat of=raspios.img bs=1M seek={BOOT_AT} conv=notrunc
        dd if=ext4 of=raspios.img bs=1M seek={ROOT_AT} conv=notrunc
        """,
        folder,
    )
    return folder / "raspios.img"


def unpack(image: Path, out: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(UNPACK), str(image), str(out / "root"), str(out / "boot")],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("packed", ["", ".xz", ".zst"])
def test_root_and_boot_files_come_out_as_they_were(
    image: Path, tmp_path: Path, packed: str
) -> None:
    if packed:
        tool = "xz -k -0" if packed == ".xz" else "zstd -q"
        shell(f"{tool} raspios.img", image.parent)
    out = tmp_path / "out"
    out.mkdir()
    done = unpack(image.with_name(image.name + packed), out)
    assert done.returncode == 0, done.stderr
    shadow = (out / "root/etc/shadow").stat()
    assert (shadow.st_mode & 0o7777, shadow.st_gid) == (0o640, 42)
    assert (out / "root/usr/bin/sudo").stat().st_mode & 0o7777 == 0o4755
    assert (out / "root/bin").readlink() == Path("usr/bin")
    assert (out / "boot/kernel8.img").read_bytes() == b"kernel"
    assert (out / "boot/overlays/spi.dtbo").read_bytes() == b"overlay"
    assert sorted(each.name for each in out.iterdir()) == ["boot", "root"]  # nothing left behind


def test_what_is_no_raspberry_pi_os_is_one_sentence(image: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.img"
    cut.write_bytes(bytes(1 << 20))
    empty = tmp_path / "empty.img"
    shutil.copy(image, empty)
    shell(f"mdel -i {empty}@@{BOOT_AT}M ::kernel8.img", tmp_path)
    for path, sentence in (
        (tmp_path / "gone.img", "there is no image"),
        (cut, "has no partitions; is it Raspberry Pi OS?"),
        (empty, "it has no 64-bit kernel; take the arm64 image"),
    ):
        done = unpack(path, tmp_path / f"out-{path.name}")
        assert done.returncode == 1
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr
