"""What makes the daemon a service: signs of life, faults counted, states named, figures shown."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
from pathlib import Path

import pytest

from core.clock import VirtualClock
from device.caretaker import Caretaker
from device.health import Degraded, Health, as_prometheus
from device.journal import JournalFormatter
from device.metrics_page import MetricsPage
from device.notify import ServiceManager
from device.supervisor import Supervisor
from device.watchdog import Watchdog
from hal.layers import LayeredRing
from hal.ports import BoardTrouble, Mood
from hal.simulated import SimulatedRing

# ------------------------------------------------------------------ systemd's side


class Listener:
    """The other end of sd_notify."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    def heard(self) -> list[str]:
        messages = []
        while True:
            try:
                messages.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                return messages

    def close(self) -> None:
        self._socket.close()


def test_systemd_is_told_in_its_own_words(tmp_path: Path):
    listener = Listener(tmp_path / "notify")
    manager = ServiceManager({"NOTIFY_SOCKET": str(listener.path)})
    manager.ready()
    manager.status("two\nlines")
    manager.alive()
    manager.stopping()
    assert listener.heard() == ["READY=1", "STATUS=two lines", "WATCHDOG=1", "STOPPING=1"]
    listener.close()
    manager.alive()  # a manager that is gone costs nothing


def test_a_manager_that_does_not_listen_holds_nobody(tmp_path: Path):
    listener = Listener(tmp_path / "notify")
    manager = ServiceManager({"NOTIFY_SOCKET": str(listener.path)})
    for _ in range(1000):  # far more than the socket's queue takes
        manager.alive()
    assert 0 < len(listener.heard()) < 1000
    listener.close()


def test_an_abstract_socket_is_found():
    name = f"myna-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind("\0" + name)
        ServiceManager({"NOTIFY_SOCKET": "@" + name}).ready()
        assert listener.recv(100) == b"READY=1"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "15000000"}, 15.0),
        ({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
    ],
)
def test_how_often_systemd_looks(environment: dict[str, str], expected: float | None):
    assert ServiceManager(environment).watchdog_s == expected


def test_signs_of_life_stop_when_the_audio_stands_still():
    now, expected, fed = 0.0, True, []
    dog = Watchdog(lambda: now, lambda: expected, lambda: fed.append(now))
    assert dog.look()
    now = 1.0
    assert dog.look()
    assert not dog.look()
    assert not dog.look()
    assert dog.starved == 2
    expected = False  # muted: no frames are due
    assert dog.look()
    expected = True
    assert not dog.look()
    now = 1.01
    assert dog.look()
    assert dog.starved == 0
    assert fed == [0.0, 1.0, 1.0, 1.01]


# -------------------------------------------------------------------- supervision


def test_three_faults_within_a_minute_are_a_state_with_a_name():
    supervisor = Supervisor()
    assert [supervisor.failed("voice", at_s) for at_s in (0.0, 30.0)] == [0.0, 0.5]
    assert supervisor.degraded(30.0) == frozenset()
    assert supervisor.failed("voice", 59.0) == 2.0
    assert supervisor.degraded(59.0) == {"voice"}
    assert supervisor.degraded(118.9) == {"voice"}
    assert supervisor.degraded(119.0) == frozenset()
    assert supervisor.totals == {"voice": 3}


def test_faults_that_lie_apart_are_forgiven():
    supervisor = Supervisor()
    for at_s in range(0, 3600, 31):
        assert supervisor.failed("audio", float(at_s)) <= 0.5
        assert supervisor.degraded(float(at_s)) == frozenset()


def test_parts_are_counted_apart():
    supervisor = Supervisor()
    for part in ("voice", "audio", "recogniser"):
        supervisor.failed(part, 0.0)
    assert supervisor.degraded(0.0) == frozenset()


class FakeProcess:
    """A worker process as the caretaker sees it."""

    restarts = 0


class Post:
    """A caretaker with everything around it in hand."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock()
        self.ring = SimulatedRing(self.clock)
        self.voice = FakeProcess()
        self.troubles: tuple[BoardTrouble, ...] = ()
        self.store: Degraded | None = None
        self.folder = folder
        self.listener = Listener(folder / "notify")
        manager = ServiceManager({"NOTIFY_SOCKET": str(self.listener.path)})
        self.caretaker = Caretaker(
            clock=self.clock,
            ring=LayeredRing(self.ring, self.clock),
            manager=manager,
            watchdog=Watchdog(lambda: 0.0, lambda: False, manager.alive),
            supervisor=Supervisor(),
            processes={"voice": self.voice},
            troubles=lambda: self.troubles,
            others=[lambda: self.store],
            figures=lambda: {"frames_total": 7.0},
            folder=folder,
        )

    def left_behind(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.folder / "health.json").read_text("utf-8"))
        return found


def test_a_worker_that_dies_three_times_is_shown_and_told(tmp_path: Path):
    post = Post(tmp_path)
    post.caretaker.look()
    assert post.listener.heard() == ["WATCHDOG=1", "STATUS=all is well"]
    assert post.left_behind() == {}
    post.voice.restarts = 2
    post.caretaker.look()
    assert post.ring.mood is not Mood.FAULT
    post.voice.restarts = 3
    post.caretaker.look()
    assert post.ring.mood is Mood.FAULT
    assert "STATUS=degraded: voice" in post.listener.heard()
    assert list(post.left_behind()) == ["voice"]
    post.clock.advance_to(61.0)
    post.caretaker.look()
    assert post.ring.mood is Mood.ASLEEP
    assert post.left_behind() == {}
    post.listener.close()


def test_what_is_degraded_is_named_wherever_it_comes_from(tmp_path: Path):
    post = Post(tmp_path)
    post.troubles = (BoardTrouble("lights", "the lights do not answer"),)
    post.store = Degraded("store", "the disk is full")
    post.caretaker.look()
    assert list(post.left_behind()) == ["board.lights", "store"]
    assert post.ring.mood is Mood.ASLEEP  # practice is not disturbed by it
    health = post.caretaker.health()
    assert health.figures["frames_total"] == 7.0
    assert health.sentence == "degraded: board.lights, store"
    post.listener.close()


def test_nothing_is_written_while_nothing_changes(tmp_path: Path):
    post = Post(tmp_path)
    post.caretaker.look()
    (tmp_path / "health.json").unlink()
    for _ in range(10):
        post.caretaker.look()
    assert not (tmp_path / "health.json").exists()
    post.listener.close()


# ------------------------------------------------------------------ figures and log


def test_the_figures_are_as_prometheus_reads_them():
    health = Health((Degraded("card", "gone"),), {"frames_total": 12.0, "frame_ms_p50": 0.5})
    assert as_prometheus(health) == (
        "# TYPE myna_frame_ms_p50 gauge\nmyna_frame_ms_p50 0.5\n"
        "# TYPE myna_frames_total counter\nmyna_frames_total 12\n"
        '# TYPE myna_degraded gauge\nmyna_degraded{name="card"} 1\n'
    )


def ask(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        link.sendall(request)
        answer = b""
        while part := link.recv(4096):
            answer += part
    return answer


@pytest.mark.parametrize(
    ("request_line", "status", "body"),
    [
        (b"GET /metrics HTTP/1.1", b"200 OK", b"all of it\n"),
        (b"GET /etc/passwd HTTP/1.1", b"404 Not Found", b""),
        (b"POST /metrics HTTP/1.1", b"405 Method Not Allowed", b""),
        (b"\xff\xfe", b"405 Method Not Allowed", b""),
    ],
)
def test_the_page_answers_one_question_only(request_line: bytes, status: bytes, body: bytes):
    async def main() -> bytes:
        async with MetricsPage(0, lambda: "all of it\n") as page:
            assert page.port is not None
            return await asyncio.to_thread(ask, page.port, request_line + b"\r\n\r\n")

    head, _, said = asyncio.run(main()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert said == body


def test_a_caller_who_floods_is_let_go():
    async def main() -> bytes:
        async with MetricsPage(0, lambda: "x") as page:
            assert page.port is not None
            return await asyncio.to_thread(ask, page.port, b"GET /" + b"a" * 8300)

    with contextlib.suppress(ConnectionResetError):  # let go before all was sent
        assert asyncio.run(main()) == b""


def test_a_port_that_is_taken_costs_the_page_only():
    async def main() -> int | None:
        async with (
            MetricsPage(0, lambda: "x") as first,
            MetricsPage(first.port or 1, str) as second,
        ):
            return second.port

    assert asyncio.run(main()) is None


def test_every_line_in_the_journal_has_its_importance():
    record = logging.LogRecord(
        "device.live", logging.ERROR, "f", 1, "it failed: code=%s", ("x.y",), None
    )
    try:
        raise ValueError("why")
    except ValueError as error:
        record.exc_info = (type(error), error, error.__traceback__)
    lines = JournalFormatter().format(record).splitlines()
    assert lines[0].startswith("<3>logger=device.live thread=MainThread it failed: code=x.y")
    assert len(lines) > 1
    assert all(line.startswith("<3>") for line in lines)
