"""What libraries would tell their makers, and do not from within Myna."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASK = """
import os
import {first}
import onnxruntime
options = onnxruntime.SessionOptions()
onnxruntime.InferenceSession("dialog/models/scorer.onnx", options, ["CPUExecutionProvider"])
for number in os.listdir("/proc/self/fd"):
    try:
        print(os.readlink(f"/proc/self/fd/{{number}}"))
    except OSError:
        pass
"""


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="Linux lists a process's files")
@pytest.mark.parametrize("first", ["core", "dialog.onnx_model", "audio.wake_openwakeword"])
def test_onnx_runtime_keeps_no_diary_of_what_it_does(tmp_path: Path, first: str) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("ORT_")}
    own |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(
        (sys.executable, "-c", ASK.format(first=first)),
        cwd=ROOT, env=own, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert [line for line in done.stdout.splitlines() if line.endswith((".db", ".db-wal"))] == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
