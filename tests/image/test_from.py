"""`image/build --from`, the whole way, on an image laid out as Raspberry Pi OS's own is.

The real one has to be downloaded; `make-stand-in` makes another of Debian's root. Takes some ten
minutes, most of them apt in an emulated root; `make image-test` runs it, and nothing else does.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEBIAN = os.environ.get("MYNA_IMAGE_ROOT", "")
VERSION = "0.0.1"
BOOT_A, ROOT_A = 2, 5

pytestmark = [
    pytest.mark.skipif(not DEBIAN, reason="takes a Debian for arm64: make image-test"),
    pytest.mark.timeout(3600),
]


class Turned:
    """The image that came of it, taken apart without mounting.

    Args:
        image: What was built.
        folder: For the root's partition.
    """

    def __init__(self, image: Path, folder: Path) -> None:
        self._image = image
        table = subprocess.run(
            ["sfdisk", "--json", str(image)], capture_output=True, text=True, check=True
        ).stdout
        self._parts = json.loads(table)["partitiontable"]["partitions"]
        self.root = folder / "root.ext4"
        start, size = (self._parts[ROOT_A - 1][key] for key in ("start", "size"))
        command = ["dd", f"if={image}", f"of={self.root}", "bs=512", "conv=sparse", "status=none"]
        subprocess.run([*command, f"skip={start}", f"count={size}"], check=True)

    def boot(self, name: str) -> bytes:
        """A file of boot partition A; CalledProcessError where it is not."""
        at = self._parts[BOOT_A - 1]["start"] * 512
        command = ["mtype", "-i", f"{self._image}@@{at}", f"::{name}"]
        return subprocess.run(command, capture_output=True, check=True).stdout

    def asked(self, request: str) -> str:
        """What debugfs answers about the root, its complaints included."""
        command = ["debugfs", "-R", request, str(self.root)]
        return subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
        ).stdout

    def file(self, path: str) -> str:
        """A file of the root."""
        assert self.has(path), path
        return self.asked(f"cat {path}")

    def has(self, path: str) -> bool:
        return "File not found" not in self.asked(f"stat {path}")


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> Turned:
    folder = tmp_path_factory.mktemp("from")
    given = folder / "stand-in.img.xz"
    subprocess.run([str(Path(__file__).with_name("make-stand-in")), DEBIAN, str(given)], check=True)
    cache = folder / "cache"
    cache.mkdir()
    for each in Path(DEBIAN).parent.glob("wheels-*"):  # they are the same for every image
        (cache / each.name).symlink_to(each)
    subprocess.run(
        [
            *(str(ROOT / "image/build"), "--from", str(given), "--version", VERSION),
            *("--out", str(folder / "out")),
        ],
        check=True,
        env={**os.environ, "MYNA_IMAGE_CACHE": str(cache)},
    )
    given.unlink()
    return Turned(folder / "out" / f"myna-raspios-{VERSION}.img", folder)


def test_its_boot_files_start_myna_s_root(turned: Turned) -> None:
    config = turned.boot("config.txt").decode()
    assert config.startswith("arm_64bit=1\ndisable_overscan=1\n")  # what it had
    assert "auto_initramfs=1" in config
    cmdline = turned.boot("cmdline.txt").decode()
    assert "root=PARTUUID=4d594e41-05 " in cmdline
    assert "myna.slot=a" in cmdline
    assert turned.boot("kernel8.img")[56:60] == b"ARM\x64"
    assert len(turned.boot("initramfs8")) > 1 << 20
    assert json.loads(turned.boot("myna.json")) == {"version": VERSION}


def test_its_root_is_whole(turned: Turned) -> None:
    checked = subprocess.run(["e2fsck", "-fn", str(turned.root)], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_what_was_missing_is_installed_and_what_opens_a_door_is_gone(turned: Turned) -> None:
    status = turned.file("/var/lib/dpkg/status").split("\n\n")
    installed = {
        found[1]
        for each in status
        if "Status: install ok installed" in each
        and (found := re.search(r"(?m)^Package: (\S+)", each))
    }
    listed = (ROOT / "image/packages.txt").read_text(encoding="utf-8").splitlines()
    wanted = {line for line in listed if line and not line.startswith("#")}
    assert wanted - installed == set()
    assert installed & {"userconf-pi", "openssh-server"} == set()
    assert not turned.has("/usr/share/userconf-pi/here")


def test_nobody_can_log_in_and_nothing_is_shared_by_every_copy(turned: Turned) -> None:
    shadow = turned.file("/etc/shadow").splitlines()
    assert any(line.startswith("pi:") for line in shadow)
    assert [line for line in shadow if ":" in line and line.split(":")[1][:1] not in "!*"] == []
    assert not turned.has("/etc/ssh/ssh_host_ed25519_key")
    assert turned.file("/etc/machine-id").split("\n", 1)[1].strip() == ""
    assert not turned.has("/etc/systemd/system/multi-user.target.wants/userconfig.service")
    assert not turned.has("/usr/sbin/policy-rc.d")  # it was there while apt worked


def test_myna_is_in_it_and_starts_with_it(turned: Turned) -> None:
    for path in (
        "/opt/myna/.venv/bin/myna",
        "/etc/systemd/system/multi-user.target.wants/myna.service",
        "/etc/overlayroot.local.conf",
    ):
        assert turned.has(path), path
    image = json.loads(turned.file("/usr/share/myna/image.json").splitlines()[-1])
    assert image == {"name": "myna-raspios", "version": VERSION}
