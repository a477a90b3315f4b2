"""A worker process: an engine that holds Python's lock lives there, and audio never feels it.

One child process hosts one engine. The parent talks to it over a socket pair with length-prefixed
pickles (both ends are this program), from one thread of its own, so that neither asyncio nor the
audio thread ever waits for a full pipe. A child that dies fails what it owed at once and is
started again.
"""

from __future__ import annotations

import itertools
import logging
import os
import queue
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Self

from core.errors import SpeakerError, WorkerDied
from core.framing import FrameReader, frame
from core.process_ports import Handler, Rep, Reply, Req
from core.worker import Worker

if TYPE_CHECKING:
    # The child imports this module too, as part of what it is told to build, and has no loop:
    # asyncio and what it stands on would take five megabytes of every child.
    import asyncio

__all__ = ["Handler", "ProcessWorker", "Reply"]

log = logging.getLogger(__name__)


READY_VARIABLE, READY_WITHIN_S = "MYNA_READY_WITHIN_S", 30.0
"""How long an engine may take to load; an emulated board, which is slow, names its own time."""
STEADY_S = 5.0
"""A child that lived this long before it died is started again without delay."""
BACKOFF_S = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Waits before the first, second, … restart of a child that keeps dying at once."""

# -P: what lies in the folder that Myna was started from must not pass for our packages.
_CHILD = (sys.executable, "-P", "-c", "from core.process_child import main; main()")
_ROOT = Path(__file__).resolve().parents[1]


@dataclass(slots=True)
class _Job(Generic[Rep]):
    on_reply: Callable[[Reply[Rep]], None]
    # Reentrant, so that a callback may cancel its own job.
    lock: threading.RLock = field(default_factory=threading.RLock)
    over: bool = False


class ProcessWorker(Generic[Req, Rep]):
    """Owns a child process with an engine in it, and the thread that talks to it.

    Args:
        name: Of the process in the process list, at most 15 characters are shown there.
        factory: Builds the engine in the child. Pickled by reference: a class, a top-level
            function or a `functools.partial` of one.
        niceness: Added to the child's, so that audio wins.
        hang_s: A loaded child that owes an answer and gives no sign for this long is killed;
            its jobs get a WorkerDied with code ``worker.timeout``. None waits for ever.
        on_restart: Called in the worker's thread after the child was started again.
    """

    def __init__(
        self,
        name: str,
        factory: Callable[[], Handler[Req, Rep]],
        *,
        niceness: int = 0,
        hang_s: float | None = None,
        on_restart: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self.restarts = 0
        self._greeting = frame((list(sys.path), name, niceness)) + frame(factory)
        self._on_restart = on_restart
        self._hang_s = hang_s
        self._heard_s = 0.0  # monotonic; when the child last gave a sign, or first owed one
        self._hung = False
        self._jobs: dict[int, _Job[Rep]] = {}
        self._numbers = itertools.count(1)
        self._outbox: deque[bytes] = deque()
        self._lock = threading.Lock()  # guards _jobs, _outbox, _closed
        self._closed = False
        self._child: subprocess.Popen[bytes] | None = None
        self._ready = threading.Event()
        self._startup_error: SpeakerError | None = None
        self._awake, self._waker = socket.socketpair()
        self._awake.setblocking(False)
        self._waker.setblocking(False)
        self._grace_s = 3.0
        self._thread = Worker(f"{name}-io", self._serve)

    # ------------------------------------------------------------------ life

    def start(self) -> Self:
        """Start the child; returns at once, jobs wait for it. See `wait_ready`."""
        self._thread.start()
        return self

    def wait_ready(self, *, timeout_s: float | None = None) -> None:
        """Wait until the engine is loaded.

        Args:
            timeout_s: None takes ``$MYNA_READY_WITHIN_S``, else `READY_WITHIN_S`.

        Raises:
            SpeakerError: What the factory raised in the child.
            WorkerDied: Not ready in time.
        """
        if timeout_s is None:
            timeout_s = float(os.environ.get(READY_VARIABLE, READY_WITHIN_S))
        if not self._ready.wait(timeout_s):
            raise self._late(timeout_s)
        if self._startup_error is not None:
            raise self._startup_error

    def stop(self, *, timeout_s: float = 3.0) -> None:
        """End the child: politely, and by force after `timeout_s`. Idempotent.

        Jobs still owed get a WorkerDied with code ``worker.stopped``.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._grace_s = timeout_s
        self._wake()
        self._thread.stop(timeout_s=timeout_s + 2.0)
        self._fail_all(self._died("was stopped", code="worker.stopped"))
        self._awake.close()
        self._waker.close()

    def kill(self) -> None:
        """End the child at once, for one that hangs: its jobs fail, a new one is started."""
        child = self._child
        if child is not None:
            child.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The child's process id; None while there is none."""
        child = self._child
        return None if child is None else child.pid

    @property
    def alive(self) -> bool:
        """Whether a child is there, loaded and running."""
        child = self._child
        loaded = self._ready.is_set() and self._startup_error is None
        return loaded and child is not None and child.poll() is None

    # ------------------------------------------------------------------ jobs

    def submit(self, request: Req, on_reply: Callable[[Reply[Rep]], None]) -> int:
        """Queue a request; never waits.

        Args:
            request: Anything that pickles.
            on_reply: Called in the worker's thread, once per reply, the last time with
                ``last=True``. Has to be short (put it into a queue, wake a loop).

        Returns:
            The job's number, for `cancel`.

        Raises:
            WorkerDied: The worker was stopped.
        """
        number = next(self._numbers)
        message = frame(("run", number, request))
        with self._lock:
            if self._closed:
                raise self._died("was stopped", code="worker.stopped")
            if not self._jobs:
                self._heard_s = time.monotonic()
            self._jobs[number] = _Job(on_reply)
            self._outbox.append(message)
        self._wake()
        return number

    def cancel(self, job: int) -> None:
        """Give a job up: the child stops between two replies, none arrives after this returns."""
        with self._lock:
            entry = self._jobs.pop(job, None)
            if entry is None:
                return
            self._outbox.append(frame(("cancel", job, None)))
        with entry.lock:
            entry.over = True
        self._wake()

    async def stream(self, request: Req) -> AsyncIterator[Reply[Rep]]:
        """Replies as they come, the last one included; leaving early cancels the job."""
        import asyncio

        loop = asyncio.get_running_loop()
        replies: asyncio.Queue[Reply[Rep]] = asyncio.Queue()
        job = self.submit(
            request, lambda reply: _hand_over(loop, lambda: replies.put_nowait(reply))
        )
        try:
            while True:
                reply = await replies.get()
                yield reply
                if reply.last:
                    return
        finally:
            self.cancel(job)

    async def call(self, request: Req) -> Reply[Rep]:
        """The last reply to a request; an error is in it, not raised."""
        reply: Reply[Rep] | None = None
        async for reply in self.stream(request):  # noqa: B007 - the last one is what is wanted
            pass
        assert reply is not None  # noqa: S101 - a stream always ends with a last reply
        return reply

    def replies_sync(self, request: Req, timeout_s: float) -> Iterator[Reply[Rep]]:
        """`stream` for code without a loop. Not from within a callback.

        Raises:
            WorkerDied: Nothing new for `timeout_s` (code ``worker.timeout``). The job is
                cancelled; whoever thinks that the child hangs calls `kill`.
        """
        replies: queue.SimpleQueue[Reply[Rep]] = queue.SimpleQueue()
        job = self.submit(request, replies.put)
        try:
            while True:
                reply = replies.get(timeout=timeout_s)
                yield reply
                if reply.last:
                    return
        except queue.Empty:
            raise self._late(timeout_s) from None
        finally:
            self.cancel(job)

    def call_sync(self, request: Req, timeout_s: float) -> Reply[Rep]:
        """The last reply to a request; otherwise as `replies_sync`."""
        return deque(self.replies_sync(request, timeout_s), maxlen=1)[0]

    # ----------------------------------------------------------- the io thread

    def _serve(self, _stopping: threading.Event) -> None:
        quick_deaths = 0
        while not self._closed:
            started_s = time.monotonic()
            error = self._live_once()
            if self._closed:
                return
            steady = time.monotonic() - started_s >= STEADY_S
            quick_deaths = 0 if steady else min(quick_deaths + 1, len(BACKOFF_S) - 1)
            log.warning(
                "worker ended worker=%s code=%s restarts=%d", self.name, error.code, self.restarts
            )
            self._fail_all(error)
            self._pause(BACKOFF_S[max(quick_deaths - 1, 0)])
            # An engine that cannot be built costs nothing until somebody asks for it again.
            while self._startup_error is not None and not self._outbox and not self._closed:
                self._pause(None)
            self.restarts += 1

    def _live_once(self) -> SpeakerError:
        """Start a child and serve it to its end; returns what its open jobs should be told."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                # Started by this thread, which lives as long as the worker does: Linux sends the
                # parent-death signal when the *thread* that started a child ends.
                child = subprocess.Popen(
                    (*_CHILD, str(theirs.fileno()), self.name),
                    stdin=subprocess.DEVNULL,
                    stdout=2,  # stdout belongs to the command line's JSON
                    pass_fds=(theirs.fileno(),),
                    env=_environment(),
                )
            self._child = child
            self._ready.clear()
            self._startup_error = None
            self._hung = False
            try:
                self._exchange(ours)
            finally:
                ours.close()
                self._bury(child)
        if self._startup_error is not None:
            return self._startup_error
        self._ready.clear()
        if self._hung and self._hang_s is not None:
            return self._late(self._hang_s)
        return self._died("ended unexpectedly and is started again")

    def _exchange(self, link: socket.socket) -> None:
        """Move messages both ways until the child is gone or the worker is stopped."""
        link.setblocking(False)
        incoming = FrameReader()
        sending = memoryview(self._greeting)
        with selectors.DefaultSelector() as selector:
            selector.register(self._awake, selectors.EVENT_READ)
            selector.register(link, selectors.EVENT_READ)
            while not self._closed:
                patience_s = self._patience_s()
                if patience_s is not None and patience_s <= 0:
                    self._hung = True
                    self.kill()
                    return
                if not sending:
                    sending = memoryview(self._next_message())
                events = selectors.EVENT_READ | (selectors.EVENT_WRITE if sending else 0)
                selector.modify(link, events)
                for key, ready in selector.select(patience_s):
                    if key.fileobj is self._awake:
                        self._drain_waker()
                        continue
                    try:
                        if ready & selectors.EVENT_WRITE:
                            sending = sending[link.send(sending) :]
                        if ready & selectors.EVENT_READ:
                            data = link.recv(1 << 18)
                            if not data:
                                return
                            for message in incoming.feed(data):
                                self._receive(message)
                    except (BlockingIOError, InterruptedError):
                        continue
                    except OSError:
                        return

    def _receive(self, message: tuple[str, int, Any, float]) -> None:
        kind, number, value, busy_s = message
        self._heard_s = time.monotonic()
        if kind == "ready":
            self._ready.set()
            log.info("worker ready worker=%s load_s=%.2f", self.name, busy_s)
            if self.restarts and self._on_restart is not None:
                self._on_restart()
        elif kind == "unbuilt":
            self._startup_error = value
            self._ready.set()
        else:
            error = value if kind == "error" else None
            last = kind in ("error", "last")
            self._deliver(Reply(number, None if kind == "error" else value, error, last, busy_s))

    def _deliver(self, reply: Reply[Rep]) -> None:
        with self._lock:
            entry = self._jobs.pop(reply.job, None) if reply.last else self._jobs.get(reply.job)
        if entry is None:
            return
        with entry.lock:
            if entry.over:
                return
            entry.over = reply.last
            try:
                entry.on_reply(reply)
            except Exception as fault:  # the thread's boundary: a caller's fault is not ours
                log.error("reply callback failed worker=%s error=%s", self.name, type(fault))

    def _patience_s(self) -> float | None:
        """How much longer the child may stay silent; None while it owes nothing."""
        if self._hang_s is None or not self._jobs or not self._ready.is_set():
            return None
        return self._heard_s + self._hang_s - time.monotonic()

    def _next_message(self) -> bytes:
        with self._lock:
            return self._outbox.popleft() if self._outbox else b""

    def _fail_all(self, error: SpeakerError) -> None:
        with self._lock:
            owed = sorted(self._jobs)
            self._outbox.clear()
        for job in owed:
            self._deliver(Reply(job, None, error, True, 0.0))

    def _bury(self, child: subprocess.Popen[bytes]) -> None:
        """The socket is closed: wait for the child's own end, then insist."""
        try:
            child.wait(self._grace_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        self._child = None

    # ------------------------------------------------------------------ small

    def _wake(self) -> None:
        try:
            self._waker.send(b"\0")
        except (BlockingIOError, OSError):
            return  # full: it will wake anyway; closed: there is nobody to wake

    def _drain_waker(self) -> None:
        try:
            self._awake.recv(4096)
        except BlockingIOError:
            return

    def _pause(self, longest_s: float | None) -> None:
        """Wait for `longest_s`, or for the waker; a stop always ends it."""
        until_s = None if longest_s is None else time.monotonic() + longest_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._awake, selectors.EVENT_READ)
            while not self._closed:
                left_s = None if until_s is None else until_s - time.monotonic()
                if left_s is not None and left_s <= 0:
                    return
                if selector.select(left_s):
                    self._drain_waker()
                    if until_s is None:
                        return

    def _died(self, what: str, *, code: str = "worker.died") -> WorkerDied:
        return WorkerDied(f"the process {self.name} {what}", code=code)

    def _late(self, timeout_s: float) -> WorkerDied:
        return self._died(f"gave no answer within {timeout_s:g} s", code="worker.timeout")


def _environment() -> dict[str, str]:
    """The child's environment: ours, with the packages of this checkout first.

    One thread does the algebra: matrices here are small, and each more costs memory and a core.
    """
    path = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
    own = {"PYTHONPATH": os.pathsep.join(filter(None, path))}
    return {"OPENBLAS_NUM_THREADS": "1"} | os.environ | own


def _hand_over(loop: asyncio.AbstractEventLoop, put: Callable[[], None]) -> None:
    try:
        loop.call_soon_threadsafe(put)
    except RuntimeError:  # the loop was closed: nobody waits for this reply any more
        return
