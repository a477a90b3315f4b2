"""What tests of the line to the platform stand on: brokers, workers, stores, on loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine

from core.worker import Worker
from dialog.ports import Attempt, Verdict
from hub import mosquitto
from hub.database import open_database, upgrade
from hub.settings import HubSettings
from hub.worker import IngestWorker

ROOT = Path(__file__).parents[1]
PEERS = ROOT / ".cache/peers/bin/python"
WITHIN_S = 60.0

needs_peers = pytest.mark.skipif(
    not PEERS.exists(), reason="the programs of others are not installed: make setup FOR=test"
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(true: Callable[[], object], what: str, within_s: float = WITHIN_S) -> None:
    """Wait for something that other processes bring about; fails the test when it stays away."""
    give_up_s = time.monotonic() + within_s
    while not true():
        if time.monotonic() > give_up_s:
            pytest.fail(f"{what} did not come about in {within_s:g} s")
        time.sleep(0.02)


class Broker:
    """Mosquitto without certificates on a port of its own; killed and started as tests like."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def address(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        text = "\n".join(
            [
                f"listener {self.port} 127.0.0.1",
                "allow_anonymous true",
                "persistence true",
                f"persistence_location {self._folder}/",
                "autosave_interval 1",
                "max_queued_messages 0",
                "max_inflight_messages 200",
                "max_packet_size 270000",
                "log_type none",
                *(["user root"] if os.getuid() == 0 else []),
                "",
            ]
        )
        self.process = mosquitto.start(self._folder, text, self.port)

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@contextmanager
def broker(folder: Path) -> Iterator[Broker]:
    made = Broker(folder)
    try:
        yield made
    finally:
        made.close()


@contextmanager
def hub(address: str, database: str, worker: str = "w1") -> Iterator[Engine]:
    """A store and one ingest worker in a thread of this process."""
    engine = open_database(database)
    upgrade(engine)
    settings = HubSettings(broker=address, database=database, worker=worker)
    ingesting = Worker(f"ingest-{worker}", IngestWorker(settings, engine).run)
    try:
        with ingesting:
            yield engine
    finally:
        engine.dispose()
    if ingesting.fault is not None:
        raise ingesting.fault


def worker_process(address: str, database: str, name: str) -> subprocess.Popen[bytes]:
    """An ingest worker as the service runs it."""
    return subprocess.Popen(
        [sys.executable, "-m", "hub", "ingest"],
        cwd=ROOT,
        env=os.environ | {"HUB_BROKER": address, "HUB_DATABASE": database, "HUB_WORKER": name},
        stderr=subprocess.DEVNULL,
    )


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL of its own; yields the URL of an empty database."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not programs:
        pytest.skip("PostgreSQL is not installed: make setup FOR=test")
    bin_, data, port = programs[-1], folder / "pg", free_port()
    user = "postgres" if os.getuid() == 0 else None  # it refuses to run as root
    data.mkdir(parents=True)
    if user:
        for above in [folder, *folder.parents][:4]:
            above.chmod(above.stat().st_mode | 0o055)
        subprocess.run(["chown", user, str(data)], check=True)
    subprocess.run(
        [bin_ / "initdb", "-A", "trust", "-U", "myna", "-D", data, "--no-sync"],
        check=True,
        capture_output=True,
        user=user,
        cwd="/",
    )
    server = subprocess.Popen(
        [bin_ / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", data],
        stderr=subprocess.DEVNULL,
        user=user,
        cwd="/",
    )
    try:
        ready = [bin_ / "pg_isready", "-h", "127.0.0.1", "-p", str(port)]
        until(
            lambda: subprocess.run(ready, capture_output=True, check=False).returncode == 0,
            "PostgreSQL",
        )
        yield f"postgresql+psycopg://myna@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def attempts(first: int, count: int) -> list[Attempt]:
    verdicts = (Verdict.RIGHT, Verdict.WRONG, Verdict.SKIPPED)
    return [
        Attempt("starter", f"item-{n}", verdicts[n % 3], 1, 0.75, 1.25)
        for n in range(first, first + count)
    ]
