"""Packages for another processor: unpacked by this machine, and nothing half-installed passes."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HOOK = Path(__file__).parents[2] / "image" / "install-natively"

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


class Root:
    """A root with nothing but its dpkg, and a machine whose tools write down what they are told."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "the root"
        self.dpkg = self.path / "usr/bin/dpkg"
        self.dpkg.parent.mkdir(parents=True)
        self.dpkg.write_text("its own")
        (self.path / "usr/share/man/man1").mkdir(parents=True)
        self._tools = folder / "tools"
        self._tools.mkdir()
        self.told = folder / "told"
        for name in ("dpkg", "apt-get"):
            self._tool(name, f'printf "%s\\n" "{name}" "$@" >>"{self.told}"')
        self.answers(audit="", packages="ii libc6\nii apt\n")

    def answers(self, *, audit: str, packages: str) -> None:
        """What the root's own dpkg says when it is asked in a chroot."""
        (self._tools / "audit").write_text(audit)
        (self._tools / "packages").write_text(packages)
        line = 'cd "$(dirname "$0")"; case "$*" in *audit*) cat audit ;; *) cat packages ;; esac'
        self._tool("chroot", line)

    def hook(self, name: str) -> subprocess.CompletedProcess[str]:
        """Run as mmdebstrap does."""
        return subprocess.run(
            [str(HOOK), str(self.path)],
            env={
                "PATH": f"{self._tools}:{os.environ['PATH']}",
                "MMDEBSTRAP_HOOK": name,
                "MMDEBSTRAP_ESSENTIAL": "/var/cache/a.deb /var/cache/b.deb",
                "MMDEBSTRAP_INCLUDE": "python3,linux-image",
                "MMDEBSTRAP_APT_CONFIG": "/apt.conf",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def _tool(self, name: str, line: str) -> None:
        path = self._tools / name
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def test_essential_ones_are_installed_once_and_not_by_the_emulated_dpkg(root: Root) -> None:
    assert root.hook("extract").returncode == 0
    told = root.told.read_text().splitlines()
    assert told[0] == "dpkg"
    assert told[-3:] == [
        "--install",
        f"{root.path}/var/cache/a.deb",
        f"{root.path}/var/cache/b.deb",
    ]
    assert f"--root={root.path}" in told
    assert "--path-exclude=/usr/share/man/*" in told
    assert list((root.path / "usr/share/man").iterdir()) == []
    # What mmdebstrap calls next does nothing, and well.
    assert subprocess.run([str(root.dpkg), "--install", "a.deb"], check=False).returncode == 0
    assert root.hook("essential").returncode == 0
    assert root.dpkg.read_text() == "its own"
    told = root.told.read_text().splitlines()
    assert {"apt-get", "install", "python3", "linux-image"} <= set(told)
    assert f"-oDPkg::Options::=--root={root.path}" in told


@pytest.mark.parametrize(
    ("audit", "packages"),
    [("", "ii libc6\niU systemd\n"), ("only half configured: systemd\n", "ii libc6\n")],
)
def test_a_root_that_its_own_dpkg_does_not_find_whole_is_refused(
    root: Root, audit: str, packages: str
) -> None:
    assert root.hook("extract").returncode == 0
    root.answers(audit=audit, packages=packages)
    done = root.hook("essential")
    assert done.returncode != 0
    assert "systemd" in done.stdout + done.stderr
