"""What every test gets: homes of its own, a fixed seed, and a look at what it left running."""

from __future__ import annotations

import asyncio
import asyncio.runners
import logging
import multiprocessing
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

END_WITHIN_S = 5.0
"""A thread that was told to end may take this long; waiting stops as soon as it has ended."""

# Belongs to Python, is shared by all that comes later and ends with the interpreter.
KEPT_BY_PYTHON = ("multiprocessing.resource_tracker", "multiprocessing.forkserver")


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home, state and models of its own, so that no test reads or writes the user's."""
    home = tmp_path_factory.mktemp("home")
    for variable, folder in {
        "HOME": "",
        "XDG_STATE_HOME": "state",
        "XDG_DATA_HOME": "data",
        "XDG_CONFIG_HOME": "config",
        "XDG_CACHE_HOME": "cache",
    }.items():
        monkeypatch.setenv(variable, str(home / folder))
    for variable in ("MYNA_CONFIG", "MYNA_MODELS", "STATE_DIRECTORY", "NOTIFY_SOCKET"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(autouse=True)
def seeded() -> None:
    """The same random numbers in every run and in every order of tests."""
    random.seed(20260105)
    np.random.seed(20260105)


@pytest.fixture(autouse=True)
def own_log_handlers() -> Iterator[None]:
    """What a test lets the root logger write to is gone with the test."""
    root = logging.getLogger()
    before = list(root.handlers)
    yield
    root.handlers[:] = [each for each in root.handlers if each in before]


@pytest.fixture(autouse=True)
def nothing_left_running(
    own_folders: None, seeded: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Fail a test that leaves a thread, a child process or an asyncio task behind.

    What fixtures of a wider scope started is there before and does not count.
    """
    threads = set(threading.enumerate())
    children = _children()
    tasks: list[str] = []
    cancel_all = asyncio.runners._cancel_all_tasks  # what asyncio.run sweeps up with

    def note_and_cancel(loop: asyncio.AbstractEventLoop) -> None:
        tasks.extend(task.get_name() for task in asyncio.all_tasks(loop))
        cancel_all(loop)

    monkeypatch.setattr(asyncio.runners, "_cancel_all_tasks", note_and_cancel)
    yield
    left = [f"thread {thread.name}" for thread in _still_alive(threads)]
    multiprocessing.active_children()  # reaps those that have ended
    left += [f"process {_command(pid)}" for pid in sorted(_children() - children)]
    left += [f"asyncio task {name}" for name in tasks]
    left = [each for each in left if not any(kept in each for kept in KEPT_BY_PYTHON)]
    if left:
        pytest.fail("the test left running: " + ", ".join(left), pytrace=False)


def _still_alive(before: set[threading.Thread]) -> list[threading.Thread]:
    fresh = [thread for thread in threading.enumerate() if thread not in before]
    for thread in fresh:
        thread.join(END_WITHIN_S)
    return [thread for thread in fresh if thread.is_alive()]


def _children() -> set[int]:
    """Process ids of this process's children, those that ended and were not waited for included."""
    return {int(entry.name) for entry in Path("/proc").glob("[0-9]*") if _parent(entry) == _ME}


def _parent(process: Path) -> int:
    try:
        # The name in brackets may hold anything; the state and the parent follow the last one.
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return -1  # ended meanwhile


def _command(pid: int) -> str:
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        line = ""
    return f"{pid} ({line.strip()[:80] or 'ended, not waited for'})"


_ME = os.getpid()
