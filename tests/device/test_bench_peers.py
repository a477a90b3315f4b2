"""Being idle beside others' programs: who is counted, and what is said where they are missing."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from core.errors import ModelError
from device.bench import hearing_peers
from device.bench.figures_page import Verdict, verdict
from device.bench.hearing_peers import Used

PARENT = """
import subprocess, sys
program = "sum(range(3_000_000)); print(1, flush=True); input()"
command = [sys.executable, "-c", program]
child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
input()
child.communicate()
"""


def test_everything_that_a_program_started_counts_and_nothing_else() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert sorted(hearing_peers._tree([parent.pid])) == sorted([parent.pid, child])
        both, one = (hearing_peers._used([pid]) for pid in (parent.pid, child))
        parent.communicate(b"\n")
    assert 0 < one.processor_s <= both.processor_s
    assert 0 < one.private_mb < one.memory_mb < both.memory_mb
    assert hearing_peers._used([parent.pid]) == Used(0.0, 0.0, 0.0)  # they are gone


def test_myna_is_held_against_the_peer() -> None:
    shares = {"idle_in_silence": {"myna": 0.05, "wyoming": 0.06}}
    used = {"myna": Used(9.0, 200.0, 150.0), "wyoming": Used(9.0, 90.0, 60.0)}
    found = {each.metric: each for each in hearing_peers._figures(shares, used, 30.0)}
    ours = found["hearing.peers.myna.idle_in_silence.core_share"]
    assert (ours.value, ours.aim, ours.n) == (5.0, "< 6.00", 30)
    assert verdict(ours) is Verdict.MET
    assert verdict(found["hearing.peers.myna.memory"]) is Verdict.MISSED
    assert found["hearing.peers.wyoming.memory"].aim is None


def test_peers_that_are_not_there_are_named(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with pytest.raises(ModelError, match=r"wyoming_satellite.*wyoming_openwakeword.*docs"):
        hearing_peers.run(tmp_path, seconds=1.0, seed=1)
    assert set(threading.enumerate()) <= before
