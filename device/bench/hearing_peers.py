"""Myna idle beside peers that do less: processor and memory, at one microphone, at one time.

The peers are wyoming-satellite with wyoming-openwakeword and, where it is there,
linux-voice-assistant. They need environments of their own (`docs/hearing.md`) and listen while a
client is connected, so one connects to each. All hear the same virtual card. What counts is the
processor time of every process of each, and their resident memory: all of it, where what several
processes share counts for each, and what is theirs alone. The clients do not count.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import ModelError, SpeakerError
from device.bench import hours_talk
from device.bench.echo_signals import int16
from device.bench.figures_page import Report
from device.bench.metric import Metric
from device.bench.sound_server import SoundServer, missing_programs, sound_server

SATELLITE = ("satellite", "wyoming_satellite")
DETECTOR = ("openwakeword", "wyoming_openwakeword")
ASSISTANT = ("assistant", "linux_voice_assistant")
"""Environment and module of each: as programs of their own they do not all start."""
MYNA, WYOMING, LINUX_VOICE_ASSISTANT = "myna", "wyoming", "linux_voice_assistant"
WAKE_WORD = "ok_nabu"
_MICROPHONE = "parec -d microphone --raw --rate=16000 --channels=1 --format=s16le --latency-msec=40"
_CLIENT = """
import asyncio, sys
from aioesphomeapi import APIClient, VoiceAssistantEventType

async def listen(port):
    client = APIClient("127.0.0.1", port, None)
    await client.connect(login=True)
    async def woken(*_):  # by mistake: what was said is nothing
        client.send_voice_assistant_event(VoiceAssistantEventType.VOICE_ASSISTANT_RUN_END, None)
    async def stopped(*_):
        pass
    client.subscribe_voice_assistant(handle_start=woken, handle_stop=stopped)
    print("connected", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await client.disconnect()

asyncio.run(listen(int(sys.argv[1])))
"""
"""Run by the assistant's own interpreter: it ends when its input does."""
_START_LIMIT_S, _SETTLE_S = 90.0, 40.0
_TALK_DBFS = -30.0
_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Used:
    """What a tree of processes has used.

    Attributes:
        processor_s: Since they were started.
        memory_mb: Resident now; what processes share counts for each.
        private_mb: Of it what no other process on the machine shares.
    """

    processor_s: float
    memory_mb: float
    private_mb: float


def run(folder: Path, *, seconds: float, seed: int) -> Report:
    """Measure all of them, in silence and among talk.

    Args:
        folder: Holds the peers' environments ``satellite`` and ``openwakeword``, and ``assistant``;
            without the last the rest is measured, and a line on stderr says so.
        seconds: Of each situation.
        seed: Draws the talk.

    Raises:
        ModelError: A program is missing.
        SpeakerError: One did not start.
    """
    absent = missing_programs()
    for environment, module in (SATELLITE, DETECTOR):
        if not _is_there(folder, (environment, module)):
            absent.append(f"{module} in {folder / environment}")
    if absent:
        raise ModelError(f"missing for the peers: {', '.join(absent)}; docs/hearing.md says how")
    talk = hours_talk.laid_out(
        hours_talk.english(np.random.default_rng(seed)), seconds, np.random.default_rng(seed)
    )
    with ExitStack() as stack:
        server = stack.enter_context(sound_server())
        before = server.listeners()  # the virtual devices themselves
        trees = {name: stack.enter_context(start()) for name, start in _programs(folder).items()}
        _wait_for_listeners(server, before + len(trees))
        shares = {"idle_in_silence": _shares(trees, seconds)}
        with server.talking(int16(talk * 10 ** (_TALK_DBFS / 20))):
            shares["idle_among_talk"] = _shares(trees, seconds)
        used = {name: _used(roots) for name, roots in trees.items()}
    return Report(_figures(shares, used, seconds))


def _is_there(folder: Path, program: tuple[str, str]) -> bool:
    environment, module = program
    return any((folder / environment).glob(f"lib/python*/site-packages/{module}"))


def _programs(folder: Path) -> dict[str, Callable[[], AbstractContextManager[list[int]]]]:
    """What starts each, by its name; says which peer is left out."""
    programs: dict[str, Callable[[], AbstractContextManager[list[int]]]] = {
        MYNA: _myna,
        WYOMING: lambda: _wyoming(folder),
    }
    if _is_there(folder, ASSISTANT):
        programs[LINUX_VOICE_ASSISTANT] = lambda: _assistant(folder)
    else:
        sys.stderr.write(
            f"linux-voice-assistant is left out: {folder / ASSISTANT[0]} does not hold it; it is in"
            " no package index, and docs/hearing.md says how to get it from its authors'"
            " repository\n"
        )
    return programs


def _figures(
    shares: dict[str, dict[str, float]], used: dict[str, Used], seconds: float
) -> list[Metric]:
    """Each figure; Myna is held against the peer that uses least."""
    metrics = []
    n = round(seconds)
    for situation, each in shares.items():
        least = min(share for name, share in each.items() if name != MYNA)
        for name, share in each.items():
            aim = f"< {100 * least:.2f}" if name == MYNA else None
            metrics.append(
                Metric(f"hearing.peers.{name}.{situation}.core_share", 100 * share, "%", aim, n)
            )
    least_mb = min(each_used.memory_mb for name, each_used in used.items() if name != MYNA)
    for name, each_used in used.items():
        at = f"hearing.peers.{name}"
        aim = f"< {least_mb:.0f}" if name == MYNA else None
        metrics += [
            Metric(f"{at}.memory", each_used.memory_mb, "MB", aim, 1),
            Metric(f"{at}.memory_of_its_own", each_used.private_mb, "MB", None, 1),
        ]
    return metrics


def _shares(trees: Mapping[str, Sequence[int]], seconds: float) -> dict[str, float]:
    """Processor time by wall time, of everybody over the same stretch of time."""
    before = {name: _used(roots).processor_s for name, roots in trees.items()}
    began_s = time.monotonic()
    threading.Event().wait(seconds)
    spent_s = time.monotonic() - began_s
    return {
        name: (_used(roots).processor_s - before[name]) / spent_s for name, roots in trees.items()
    }


@contextmanager
def _myna() -> Iterator[list[int]]:
    """The whole speaker, its workers among it, asleep on the virtual card."""
    with tempfile.TemporaryDirectory(prefix="myna-peers-") as folder:
        config = Path(folder) / "myna.toml"
        config.write_text(
            f'[device]\nstate_dir = "{folder}"\nmetrics_port = 0\n'
            '[audio]\nbackend = "sounddevice"\n[parents]\nport = 0\n',
            encoding="utf-8",
        )
        command = [sys.executable, "-m", "device.cli", "run", "--quiet", "--config", str(config)]
        with _running(command) as myna:
            yield [myna.pid]


@contextmanager
def _wyoming(folder: Path) -> Iterator[list[int]]:
    """Satellite, detector and the client that makes them listen."""
    ports = [_free_port(), _free_port()]
    detector, satellite = (f"tcp://127.0.0.1:{port}" for port in ports)
    hears = [*_module(folder, DETECTOR), "--uri", detector, "--preload-model", WAKE_WORD]
    asks = [
        *(*_module(folder, SATELLITE), "--uri", satellite, "--no-zeroconf"),
        *("--mic-command", _MICROPHONE, "--wake-uri", detector, "--wake-word-name", WAKE_WORD),
    ]
    with ExitStack() as stack:
        roots = [stack.enter_context(_running(hears)).pid]
        stack.enter_context(_connected(ports[0])).close()
        roots.append(stack.enter_context(_running(asks)).pid)
        client = stack.enter_context(_connected(ports[1]))
        client.sendall(b'{"type": "run-satellite"}\n')
        reader = threading.Thread(target=_read_all, args=(client,), name="peers-client")
        reader.start()
        stack.callback(reader.join)
        stack.callback(client.shutdown, socket.SHUT_RDWR)
        yield roots


@contextmanager
def _assistant(folder: Path) -> Iterator[list[int]]:
    """The assistant, and the client that makes it listen, which counts for nobody."""
    port = _free_port()
    with ExitStack() as stack:
        kept = stack.enter_context(tempfile.TemporaryDirectory(prefix="myna-peers-"))
        hears = [
            *(*_module(folder, ASSISTANT), "--name", "peer", "--host", "127.0.0.1"),
            *("--port", str(port), "--preferences-file", str(Path(kept) / "preferences.json")),
        ]
        roots = [stack.enter_context(_running(hears)).pid]
        stack.enter_context(_connected(port)).close()
        client = stack.enter_context(
            subprocess.Popen(
                [_python(folder, ASSISTANT[0]), "-c", _CLIENT, str(port)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        )
        stack.callback(_ended, client)
        if client.stdout is None or client.stdout.readline().strip() != b"connected":
            raise SpeakerError("linux-voice-assistant did not take its client; see docs/hearing.md")
        yield roots


def _ended(client: subprocess.Popen[bytes]) -> None:
    """Its input ends, and so does it; at the latest when it is killed."""
    try:
        client.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        client.kill()


def _python(folder: Path, environment: str) -> str:
    return str(folder / environment / "bin" / "python")


def _module(folder: Path, program: tuple[str, str]) -> list[str]:
    environment, module = program
    return [_python(folder, environment), "-m", module]


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        children = _tree([process.pid])[1:]
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pid in children:  # a microphone's program that outlives its satellite
            subprocess.run(["kill", str(pid)], stderr=subprocess.DEVNULL, check=False)


@contextmanager
def _connected(port: int) -> Iterator[socket.socket]:
    deadline = time.monotonic() + _START_LIMIT_S
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=5)
            break
        except OSError as error:
            if time.monotonic() > deadline:
                raise SpeakerError("a peer did not open its port") from error
            threading.Event().wait(0.2)
    connection.settimeout(None)
    with connection:
        yield connection


def _read_all(connection: socket.socket) -> None:
    while connection.recv(65_536):
        pass


def _wait_for_listeners(server: SoundServer, count: int) -> None:
    """Until everybody records, and for a while more: lessons are read and models loaded."""
    deadline = time.monotonic() + _START_LIMIT_S
    while server.listeners() < count:
        if time.monotonic() > deadline:
            raise SpeakerError("Myna or a peer did not open the microphone")
        threading.Event().wait(0.2)
    threading.Event().wait(_SETTLE_S)


def _free_port() -> int:
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


def _used(roots: Sequence[int]) -> Used:
    processor_s = memory_mb = private_mb = 0.0
    for pid in _tree(roots):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue  # it has ended meanwhile
        sizes_mb = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines[1:]}
        processor_s += (int(fields[11]) + int(fields[12])) * _TICK_S
        memory_mb += sizes_mb["Rss"]
        private_mb += sizes_mb["Private_Clean"] + sizes_mb["Private_Dirty"]
    return Used(processor_s, memory_mb, private_mb)


def _tree(roots: Sequence[int]) -> list[int]:
    """These processes and all that they started."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = list(roots)
    for pid in found:
        found += parents.get(pid, [])
    return found
