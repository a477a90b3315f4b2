"""The hub's units: understood by systemd, shut off from what they do not need."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = sorted((Path(__file__).parents[2] / "hub" / "systemd").glob("*.service"))
INTERPRETER = "/opt/myna/.venv/bin/python"

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed here"
)


def verdict(unit: Path, text: str, folder: Path) -> list[str]:
    """What systemd says of an instance of a unit; its exit status is 0 on unknown keys."""
    program = folder / "python"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    copy = folder / unit.name.replace("@", "@1")
    copy.write_text(text.replace(INTERPRETER, str(program)), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in done.stderr.splitlines() if copy.name in line]


def test_there_are_units() -> None:
    assert [each.name for each in UNITS] == ["myna-hub-ingest@.service", "myna-hub@.service"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_every_line(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    assert verdict(unit, text, tmp_path) == []
    slip = text.replace("[Service]\n", "[Service]\nProtectHme=yes\n")
    assert len(verdict(unit, slip, tmp_path)) == 1


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_hub_is_exposed_to_little(unit: Path) -> None:
    # The threshold is ten times the exposure that systemd prints: 1.5 of 10.
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=15", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-400:]
