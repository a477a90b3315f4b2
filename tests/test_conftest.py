"""The look at what a test left running does see what it is there for."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

LEAVES_A_THREAD = """
import threading
gate = threading.Event()
def test_leaves():
    threading.Thread(target=gate.wait, name="stray", daemon=True).start()
"""
LEAVES_A_CHILD = """
import subprocess
left = []
def test_leaves():
    left.append(subprocess.Popen(["sleep", "60"]))
"""
LEAVES_A_TASK = """
import asyncio
left = []
async def main():
    left.append(asyncio.create_task(asyncio.Event().wait(), name="stray"))
def test_leaves():
    asyncio.run(main())
"""
LEAVES_NOTHING = """
import asyncio, subprocess, threading
async def main():
    await asyncio.create_task(asyncio.sleep(0))
def test_leaves():
    thread = threading.Thread(target=lambda: None)
    thread.start()
    subprocess.run(["true"], check=True)
    asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("test", "named"),
    [
        (LEAVES_A_THREAD, "thread stray"),
        (LEAVES_A_CHILD, "(sleep 60)"),
        (LEAVES_A_TASK, "asyncio task stray"),
        (LEAVES_NOTHING, None),
    ],
    ids=["thread", "child", "task", "nothing"],
)
def test_what_is_left_running_fails_the_test_by_name(
    pytester: pytest.Pytester, test: str, named: str | None
) -> None:
    here = Path(__file__).with_name("conftest.py").read_text(encoding="utf-8")
    pytester.makeconftest(here.replace("END_WITHIN_S = 5.0", "END_WITHIN_S = 0.1"))
    # The child that the inner test leaves is ended with the inner session.
    pytester.makepyfile(
        test
        + "\ndef teardown_module():\n"
        + "    for each in globals().get('left', []):\n"
        + "        getattr(each, 'kill', each.cancel if hasattr(each, 'cancel') else None)()\n"
        + "        getattr(each, 'wait', lambda: None)()\n"
        + "    if 'gate' in globals():\n        gate.set()\n"
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    if named is None:
        result.assert_outcomes(passed=1)
    else:
        result.assert_outcomes(passed=1, errors=1)
        result.stdout.fnmatch_lines([f"*the test left running: *{named}*"])
