"""A platform to measure against: Mosquitto and ingest workers as processes of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from core.errors import SpeakerError

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
START_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used so far, and holds now."""

    processor_s: float
    memory_mb: float


def usage(pid: int) -> Usage:
    """Of one process.

    Raises:
        OSError: It has ended.
    """
    # The name in brackets may hold anything: what is counted follows the last bracket.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    ticks = int(fields[11]) + int(fields[12])
    return Usage(ticks / TICKS_PER_S, pages * os.sysconf("SC_PAGE_SIZE") / 2**20)


class Platform:
    """A context manager; everything lies in a folder and listens on loopback.

    Args:
        folder: Where broker and store keep their files.
        workers: How many ingest workers share the load.
    """

    def __init__(self, folder: Path, *, workers: int) -> None:
        self._folder = folder
        self._count = workers
        self.port = _free_port()
        self.broker: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    def __enter__(self) -> Platform:
        try:
            self.start_broker()
            self._start_workers()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def start_broker(self) -> None:
        """Start Mosquitto with the hub's own limits, without certificates.

        Raises:
            SpeakerError: It is missing or does not start.
        """
        program = shutil.which("mosquitto", path=f"{os.defpath}:/usr/sbin:/usr/local/sbin")
        if program is None:
            raise SpeakerError(
                "Mosquitto is not installed; as root, run: apt-get install mosquitto"
            )
        place = self._folder / "mosquitto.conf"
        lines = [
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous true",
            "persistence true",
            f"persistence_location {self._folder}/",
            "autosave_interval 30",
            "max_queued_messages 0",
            "max_inflight_messages 200",
            "max_packet_size 270000",
            "log_type none",
            *(["user root"] if os.getuid() == 0 else []),
        ]
        place.write_text("\n".join(lines) + "\n", encoding="utf-8")
        self.broker = subprocess.Popen([program, "-c", str(place)], stderr=subprocess.DEVNULL)
        _wait_for(self.port, self.broker)

    def kill_broker(self) -> None:
        """As a power cut does."""
        if self.broker is not None:
            self.broker.kill()
            self.broker.wait()

    def used(self) -> tuple[Usage, Usage]:
        """Of the broker, and of all workers together."""
        if self.broker is None:
            raise SpeakerError("the broker is not running")
        each = [usage(worker.pid) for worker in self.workers]
        return usage(self.broker.pid), Usage(
            sum(one.processor_s for one in each), sum(one.memory_mb for one in each)
        )

    def close(self) -> None:
        """End all of it. Idempotent."""
        for process in (*self.workers, *([self.broker] if self.broker else [])):
            process.kill()
            process.wait()
        self.workers.clear()
        self.broker = None

    def _start_workers(self) -> None:
        database = os.environ.get("HUB_DATABASE") or f"sqlite:///{self._folder / 'hub.db'}"
        environment = os.environ | {"HUB_DATABASE": database, "HUB_BROKER": self.address}
        # Once by itself, so that the workers do not both make the tables.
        done = subprocess.run(
            [sys.executable, "-m", "hub", "migrate"], env=environment, check=False
        )
        if done.returncode != 0:
            raise SpeakerError("the hub does not start: run make setup FOR=hub")
        for number in range(1, self._count + 1):
            own = environment | {"HUB_WORKER": f"bench-{number}"}
            self.workers.append(
                subprocess.Popen(
                    [sys.executable, "-m", "hub", "ingest"], env=own, stderr=subprocess.DEVNULL
                )
            )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until_s = time.monotonic() + START_WITHIN_S
    while time.monotonic() < until_s and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise SpeakerError("Mosquitto did not start")
