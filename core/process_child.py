"""The child's side of `core.process`: one engine, one queue, one thread that reads the socket."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import pickle
import queue
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

from core.errors import SpeakerError
from core.framing import FrameReader, frame
from core.process_ports import Handler

log = logging.getLogger(__name__)

_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_M_MMAP_THRESHOLD = -3
GROWN_BYTES = 16 << 20
LARGE_BYTES = 1 << 18
"""Blocks of memory from this size on go back to the system as soon as they are free."""

Requests = queue.SimpleQueue[tuple[int, Any, float] | None]


def main() -> None:
    """Serve the socket whose descriptor is the first argument, until its other end closes."""
    die_with_parent()
    keep_large_blocks_apart()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)  # so that our death closes it, whatever we started
    with socket.socket(fileno=descriptor) as link:
        _serve(link)


def die_with_parent() -> None:
    """Have the kernel end this process when the thread that started it is gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def name_process(name: str) -> None:
    """Show `name` (15 bytes of it) in the process list."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def keep_large_blocks_apart() -> None:
    """Have large blocks of memory mapped one by one, so that a long utterance leaves no hole.

    Left alone, glibc learns from the first large block that was freed to keep the next ones on its
    heap, where a small block behind them holds all of them back. Other C libraries do as they do.
    """
    if hasattr(libc := ctypes.CDLL(None), "mallopt"):
        libc.mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)


def give_memory_back() -> None:
    """Hand free pages in between what is in use back to the system; 5 to 20 ms after much work."""
    if hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


class _Tide:
    """Gives memory back whenever the process has grown: a search among many words leaves 100 MB."""

    def __init__(self) -> None:
        self._least_bytes = _resident_bytes()

    def fall(self) -> None:
        """Between requests."""
        if _resident_bytes() > self._least_bytes + GROWN_BYTES:
            give_memory_back()
            self._least_bytes = _resident_bytes()


def _resident_bytes() -> int:
    """What the process takes of the machine's memory; 0 where the kernel does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as figures:
            return int(figures.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def _serve(link: socket.socket) -> None:
    started_s = time.perf_counter()
    frames = _frames(link)
    first = next(frames, None)
    if first is None:
        return
    path, name, niceness = pickle.loads(first)  # noqa: S301 - from our own parent
    sys.path[:] = path
    name_process(name)
    os.nice(niceness)
    factory_pickle = next(frames, None)
    if factory_pickle is None:
        return
    requests: Requests = queue.SimpleQueue()
    cancelled = _Cancelled()
    threading.Thread(
        target=_read, args=(frames, requests, cancelled), name="requests", daemon=True
    ).start()
    try:
        factory: Callable[[], Handler[Any, Any]] = pickle.loads(factory_pickle)  # noqa: S301
        handler = factory()
    except Exception as fault:  # the process's boundary
        link.sendall(frame(("unbuilt", 0, _as_speaker_error(name, fault), 0.0)))
        return
    give_memory_back()  # loading a model takes twice its size for a moment
    try:
        link.sendall(frame(("ready", 0, None, time.perf_counter() - started_s)))
        _work(link, name, handler, requests, cancelled)
    except (BrokenPipeError, ConnectionResetError):
        return  # the parent has gone
    finally:
        handler.close()


def _work(
    link: socket.socket,
    name: str,
    handler: Handler[Any, Any],
    requests: Requests,
    cancelled: _Cancelled,
) -> None:
    tide = _Tide()
    while (entry := requests.get()) is not None:
        number, request, arrived_s = entry
        if cancelled.includes(number):
            continue

        def message(
            kind: str, value: object, number: int = number, at_s: float = arrived_s
        ) -> bytes:
            return frame((kind, number, value, time.perf_counter() - at_s))

        with contextlib.closing(_messages(name, handler, request, message)) as messages:
            for body in messages:
                if cancelled.includes(number):
                    break
                link.sendall(body)
        cancelled.finished(number)
        if requests.empty():
            tide.fall()


def _messages(
    name: str,
    handler: Handler[Any, Any],
    request: object,
    message: Callable[[str, object], bytes],
) -> Generator[bytes, None, None]:
    try:
        with contextlib.closing(handler(request)) as replies:
            while True:
                try:
                    value = next(replies)
                except StopIteration as end:
                    yield message("last", end.value)
                    return
                yield message("part", value)
    except Exception as fault:  # the request's boundary: the engine goes on with the next one
        yield message("error", _as_speaker_error(name, fault))


def _read(frames: Iterator[bytes], requests: Requests, cancelled: _Cancelled) -> None:
    """The reading thread: takes requests and cancellations while the engine works."""
    for body in frames:
        kind, number, request = pickle.loads(body)  # noqa: S301 - from our own parent
        if kind == "cancel":
            cancelled.add(number)
        else:
            requests.put((number, request, time.perf_counter()))
    cancelled.everything()
    requests.put(None)


def _frames(link: socket.socket) -> Iterator[bytes]:
    reader = FrameReader()
    while True:
        try:
            data = link.recv(1 << 18)
        except ConnectionResetError:
            return
        if not data:
            return
        yield from reader.feed_raw(data)


def _as_speaker_error(name: str, fault: Exception) -> SpeakerError:
    """What may cross to the parent. A foreign error's text may hold what a child said: not told."""
    if isinstance(fault, SpeakerError):
        return fault
    place = fault.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "?"
    log.error("worker fault worker=%s error=%s at=%s", name, type(fault).__name__, where)
    return SpeakerError(
        f"the process {name} failed with {type(fault).__name__}; its log says where",
        code="worker.failed",
    )


class _Cancelled:
    """Jobs given up by the parent, until the engine has noticed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: set[int] = set()
        self._newest_finished = 0
        self._all = False

    def add(self, number: int) -> None:
        with self._lock:
            if number > self._newest_finished:  # one that is over needs no memory
                self._numbers.add(number)

    def everything(self) -> None:
        with self._lock:
            self._all = True

    def includes(self, number: int) -> bool:
        """Whether the job was given up."""
        with self._lock:
            return self._all or number in self._numbers

    def finished(self, number: int) -> None:
        with self._lock:
            self._newest_finished = number
            self._numbers = {n for n in self._numbers if n > number}
