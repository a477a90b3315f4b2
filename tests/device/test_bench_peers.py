"""Being idle beside others' programs: who is counted, and what is said where they are missing."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np
import pytest

from core.errors import ModelError, SpeakerError
from device.bench import hearing_peers, hours_talk
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


def test_myna_is_held_against_the_peer_that_uses_least() -> None:
    shares = {
        "idle_in_silence": {"myna": 0.05, "wyoming": 0.06, "linux_voice_assistant": 0.15},
        "idle_among_talk": {"myna": 0.08, "wyoming": 0.09, "linux_voice_assistant": 0.07},
    }
    used = {
        "myna": Used(9.0, 200.0, 150.0),
        "wyoming": Used(9.0, 90.0, 60.0),
        "linux_voice_assistant": Used(9.0, 127.0, 80.0),
    }
    found = {each.metric: each for each in hearing_peers._figures(shares, used, 30.0)}
    ours = found["hearing.peers.myna.idle_in_silence.core_share"]
    assert (ours.value, ours.aim, ours.n) == (5.0, "< 6.00", 30)
    assert verdict(ours) is Verdict.MET
    assert found["hearing.peers.myna.idle_among_talk.core_share"].aim == "< 7.00"
    assert found["hearing.peers.myna.memory"].aim == "< 90"
    assert verdict(found["hearing.peers.myna.memory"]) is Verdict.MISSED
    assert {each.aim for name, each in found.items() if ".myna." not in name} == {None}


def test_peers_that_are_not_there_are_named(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with pytest.raises(ModelError, match=r"wyoming_satellite.*wyoming_openwakeword.*docs"):
        hearing_peers.run(tmp_path, seconds=1.0, seed=1)
    assert set(threading.enumerate()) <= before


LEFT_OUT = "linux-voice-assistant is left out: {} does not hold it"


class _Card:
    """A virtual card that two virtual devices and whoever was started record from."""

    def __init__(self) -> None:
        self.recording = 2

    def listeners(self) -> int:
        return self.recording

    def talking(self, _samples: object) -> nullcontext[None]:
        return nullcontext()


@pytest.mark.parametrize("there", [True, False])
def test_the_second_peer_is_measured_in_the_same_stretch_where_it_is_there(
    there: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    programs = [hearing_peers.SATELLITE, hearing_peers.DETECTOR]
    programs += [hearing_peers.ASSISTANT] if there else []
    for environment, module in programs:
        (tmp_path / environment / "lib/python3.11/site-packages" / module).mkdir(parents=True)
    card = _Card()

    @contextmanager
    def started(*_folder: Path) -> Iterator[list[int]]:
        card.recording += 1
        yield [os.getpid()]
        card.recording -= 1

    stretches = []

    def shares(trees: dict[str, list[int]], _seconds: float) -> dict[str, float]:
        stretches.append((sorted(trees), card.recording))
        return dict.fromkeys(trees, 0.1)

    monkeypatch.setattr(hearing_peers, "sound_server", lambda: nullcontext(card))
    monkeypatch.setattr(hearing_peers, "missing_programs", list)
    monkeypatch.setattr(hours_talk, "english", lambda _rng: iter(()))
    monkeypatch.setattr(hours_talk, "laid_out", lambda *_: np.zeros(160))
    for name in ("_myna", "_wyoming", "_assistant"):
        monkeypatch.setattr(hearing_peers, name, started)
    monkeypatch.setattr(hearing_peers, "_shares", shares)
    monkeypatch.setattr(hearing_peers, "_SETTLE_S", 0.0)
    monkeypatch.setattr(hearing_peers, "_START_LIMIT_S", 0.0)

    report = hearing_peers.run(tmp_path, seconds=60.0, seed=1)

    everybody = sorted(["myna", "wyoming"] + (["linux_voice_assistant"] if there else []))
    assert stretches == [(everybody, 2 + len(everybody))] * 2
    assert {each.metric.split(".")[2] for each in report.metrics} == set(everybody)
    said = LEFT_OUT.format(tmp_path / "assistant")
    assert capsys.readouterr().err.count(said) == (0 if there else 1)


ASSISTANT = """
import socket, sys
port = int(sys.argv[sys.argv.index("--port") + 1])
with socket.create_server(("127.0.0.1", port)) as server:
    while True:
        connection, _ = server.accept()
        with connection:
            if connection.recv(5) == b"login":
                connection.sendall(b"y")
                connection.recv(1)
"""
ITS_LIBRARY = """
import socket

class VoiceAssistantEventType:
    VOICE_ASSISTANT_RUN_END = 2

class APIClient:
    def __init__(self, host, port, password):
        self.at = (host, port)
    async def connect(self, login):
        self.connection = socket.create_connection(self.at)
        self.connection.sendall(b"login")
        assert self.connection.recv(1) == b"y"
    def subscribe_voice_assistant(self, *, handle_start, handle_stop):
        {refuses}
    async def disconnect(self):
        self.connection.close()
"""


def _assistant_environment(folder: Path, refuses: str) -> None:
    """An environment whose interpreter finds an assistant and its library, both fakes."""
    modules = folder / "assistant/lib/python3.11/site-packages"
    (modules / "linux_voice_assistant").mkdir(parents=True)
    (modules / "linux_voice_assistant/__main__.py").write_text(ASSISTANT)
    (modules / "aioesphomeapi.py").write_text(ITS_LIBRARY.replace("{refuses}", refuses))
    python = folder / "assistant/bin/python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{modules}" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)


def test_the_assistant_is_connected_to_and_its_client_does_not_count(tmp_path: Path) -> None:
    _assistant_environment(tmp_path, "pass")
    with hearing_peers._assistant(tmp_path) as roots:
        command = Path(f"/proc/{roots[0]}/cmdline").read_bytes().split(b"\0")
        assert b"linux_voice_assistant" in command
        assert hearing_peers._tree(roots) == roots
        assert len(set(hearing_peers._tree([os.getpid()])) - {os.getpid()}) >= 2
    assert not Path(f"/proc/{roots[0]}").exists()


def test_an_assistant_that_does_not_take_its_client_is_named(tmp_path: Path) -> None:
    _assistant_environment(tmp_path, "raise SystemExit(1)")
    with (
        pytest.raises(SpeakerError, match=r"linux-voice-assistant .* docs/hearing\.md"),
        hearing_peers._assistant(tmp_path),
    ):
        pass
