"""Who keeps time for the conversation: the event loop, or the virtual room's counted frames."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import queue
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

from core.clock import Clock
from core.errors import WorkerDied
from core.process_ports import Reply

T = TypeVar("T")
OnReply = Callable[[Reply[T]], None]

JOB_LIMIT_S = 60.0


class Scheduler(Protocol):
    """Timers, and answers of worker processes, all delivered in one thread."""

    def set_timer(self, name: str, seconds: float, fire: Callable[[], None]) -> None:
        """Call `fire` once after a time; a running timer of that name is replaced."""

    def clear_timer(self, name: str) -> None: ...

    def start_job(self, lane: str, submit: Callable[[OnReply[T]], int], deliver: OnReply[T]) -> int:
        """Start a job and have its replies delivered.

        Args:
            lane: Which worker process does it; one does its jobs one after the other.
            submit: Hands the job to the worker with the callback it is given; returns its id.
            deliver: Called with each reply in the scheduler's thread.
        """


class LiveScheduler:
    """Real time: timers and deliveries run on the event loop.

    Args:
        loop: The loop whose thread owns the conversation.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def set_timer(self, name: str, seconds: float, fire: Callable[[], None]) -> None:
        self.clear_timer(name)

        def fired() -> None:
            self._timers.pop(name, None)
            fire()

        self._timers[name] = self._loop.call_later(seconds, fired)

    def clear_timer(self, name: str) -> None:
        if timer := self._timers.pop(name, None):
            timer.cancel()

    def start_job(self, lane: str, submit: Callable[[OnReply[T]], int], deliver: OnReply[T]) -> int:
        def from_worker(reply: Reply[T]) -> None:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(deliver, reply)

        return submit(from_worker)

    def close(self) -> None:
        """Drop all timers."""
        for name in list(self._timers):
            self.clear_timer(name)


@dataclass(frozen=True, slots=True)
class Costs:
    """What a job is charged with in virtual time.

    Attributes:
        fixed_s: Seconds per lane, or None for the time the worker really took. Fixed costs
            make a room bit for bit repeatable; measured ones make its latencies honest. A lane
            that has none is charged with what it took: a network's time is its own.
    """

    fixed_s: dict[str, float] | None = None

    def of(self, lane: str, busy_s: float) -> float:
        return busy_s if self.fixed_s is None else self.fixed_s.get(lane, busy_s)


class VirtualScheduler:
    """Counted time: the world stands still while a worker works, then its time is charged.

    A worker does one job after the other, so a job that is submitted while its lane is busy
    starts, in virtual time, when the lane is free.

    Args:
        clock: The room's clock.
        costs: What jobs are charged with.
    """

    def __init__(self, clock: Clock, costs: Costs) -> None:
        self._clock = clock
        self._costs = costs
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._timers: dict[str, int] = {}
        self._free_at_s: dict[str, float] = {}

    def set_timer(self, name: str, seconds: float, fire: Callable[[], None]) -> None:
        number = next(self._numbers)
        self._timers[name] = number

        def fire_if_current() -> None:
            if self._timers.get(name) == number:
                del self._timers[name]
                fire()

        self._push(self._clock.now_s() + seconds, fire_if_current)

    def clear_timer(self, name: str) -> None:
        self._timers.pop(name, None)

    def start_job(self, lane: str, submit: Callable[[OnReply[T]], int], deliver: OnReply[T]) -> int:
        replies: queue.SimpleQueue[Reply[Any]] = queue.SimpleQueue()
        job = submit(replies.put)
        start_s = max(self._clock.now_s(), self._free_at_s.get(lane, 0.0))
        last = False
        at_s = start_s
        while not last:
            reply = self._next_reply(replies, job)
            last = reply.last
            at_s = start_s + self._costs.of(lane, reply.busy_s)
            self._push(at_s, partial(deliver, reply))
        self._free_at_s[lane] = at_s
        return job

    def run_due(self) -> None:
        """Deliver everything whose time has come, in order."""
        while self._due and self._due[0][0] <= self._clock.now_s():
            heapq.heappop(self._due)[2]()

    def _push(self, at_s: float, call: Callable[[], None]) -> None:
        heapq.heappush(self._due, (at_s, next(self._numbers), call))

    @staticmethod
    def _next_reply(replies: queue.SimpleQueue[Reply[Any]], job: int) -> Reply[Any]:
        try:
            return replies.get(timeout=JOB_LIMIT_S)
        except queue.Empty:
            late = WorkerDied(f"a worker process gave no answer in {JOB_LIMIT_S:.0f} s")
            return Reply(job, None, late, last=True, busy_s=JOB_LIMIT_S)
