"""Looks after the running daemon: signs of life, workers that fail, what is degraded, figures."""

from __future__ import annotations

import asyncio
import logging
import resource
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from core.clock import Clock
from device import health
from device.health import Degraded, Health
from device.notify import ServiceManager
from device.supervisor import Supervisor
from device.watchdog import Watchdog
from hal.layers import LayeredRing
from hal.ports import BoardTrouble, Mood

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often everything is looked at; the service manager wants a sign of life less often."""

_SENTENCES = {
    "audio": "the audio thread failed again and again; see journalctl -u myna",
    "recogniser": "the recogniser's process failed again and again; see journalctl -u myna",
    "voice": "the voice's process failed again and again; see journalctl -u myna",
}


class Process(Protocol):
    """A worker process: `core.process.ProcessWorker`."""

    restarts: int


class Caretaker:
    """One look a second, in the event loop.

    Args:
        clock: Counts the minute in which faults add up.
        ring: Shows a fault.
        manager: Gets the signs of life.
        watchdog: Decides on them.
        supervisor: Counts faults; whoever sees others tells it, too.
        processes: By the name of their part.
        troubles: What of the board does not work now.
        others: Further degraded states now, each None when all is well.
        figures: Further numbers now.
        folder: Where the state is left for `myna doctor`; None leaves none.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        ring: LayeredRing,
        manager: ServiceManager,
        watchdog: Watchdog,
        supervisor: Supervisor,
        processes: Mapping[str, Process],
        troubles: Callable[[], Sequence[BoardTrouble]],
        others: Sequence[Callable[[], Degraded | None]] = (),
        figures: Callable[[], dict[str, float]] = dict,
        folder: Path | None = None,
    ) -> None:
        self._clock = clock
        self._ring = ring
        self._manager = manager
        self._watchdog = watchdog
        self._supervisor = supervisor
        self._processes = processes
        self._seen = {name: process.restarts for name, process in processes.items()}
        self._troubles = troubles
        self._others = others
        self._figures = figures
        self._folder = folder
        self._last: tuple[Degraded, ...] | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_S)

    def look(self) -> None:
        """Look at everything once."""
        now_s = self._clock.now_s()
        for name, process in self._processes.items():
            for _ in range(process.restarts - self._seen[name]):
                self._supervisor.failed(name, now_s)
            self._seen[name] = process.restarts
        self._watchdog.look()
        now = self._degraded(now_s)
        if now != self._last:
            self._tell(now)

    def health(self) -> Health:
        """How the speaker is now."""
        faults = {f"faults_{part}_total": n for part, n in self._supervisor.totals.items()}
        usage = resource.getrusage(resource.RUSAGE_SELF)
        own = {
            "processor_seconds_total": usage.ru_utime + usage.ru_stime,
            "memory_peak_bytes": usage.ru_maxrss * 1024.0,
        }
        figures = {**self._figures(), **faults, **own}
        return Health(self._degraded(self._clock.now_s()), figures)

    def _degraded(self, now_s: float) -> tuple[Degraded, ...]:
        broken = sorted(self._supervisor.degraded(now_s))
        found = [Degraded(part, _SENTENCES[part]) for part in broken]
        found += [Degraded(f"board.{each.part}", each.sentence) for each in self._troubles()]
        return (*found, *(each for ask in self._others if (each := ask()) is not None))

    def _tell(self, now: tuple[Degraded, ...]) -> None:
        before = {each.name for each in self._last or ()}
        names = {each.name for each in now}
        for name in sorted(names - before):
            log.warning("degraded: name=%s", name)
        for name in sorted(before - names):
            log.info("well again: name=%s", name)
        self._last = now
        if names & set(_SENTENCES):
            self._ring.put_up(Mood.FAULT)
        else:
            self._ring.take_down(Mood.FAULT)
        told = Health(now)
        self._manager.status(told.sentence)
        if self._folder is not None:
            try:
                health.write(self._folder, told)
            except OSError as error:
                log.warning("the state could not be written: errno=%s", error.errno)
