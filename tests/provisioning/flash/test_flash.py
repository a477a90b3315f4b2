"""`flash.bats` in the suite: `flash.sh` as it is called, on files and, as root, on loop devices."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("flash.bats")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_flash_sh_keeps_what_its_bats_say() -> None:
    if shutil.which("bats") is None:
        pytest.skip("needs bats (apt-get install bats)")
    done = subprocess.run(
        ["bats", "--tap", str(SCRIPT)],
        stdin=subprocess.DEVNULL,  # nobody is there to answer a question
        capture_output=True,
        text=True,
        timeout=540,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    wanted = SCRIPT.read_text(encoding="utf-8").count("\n@test ")
    assert done.stdout.startswith(f"1..{wanted}\n")
