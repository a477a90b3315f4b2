"""The sync thread: started and stopped by the daemon, and never in its way."""

from __future__ import annotations

import logging
import queue
import random
import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from core.clock import Clock, SystemClock
from core.errors import StoreError
from core.worker import Worker
from device.store_file import FILE_NAME, boot_id, explain
from device.sync.client import Client, Identity, StateOf
from device.sync.file import File
from device.sync.ports import Action, ApplySetting, Link, Why
from device.sync.settings import SyncSettings

log = logging.getLogger(__name__)

STEP_S = 0.2
"""How often the thread looks up: for a stop, for new events, for what is due."""
LOOK_S = 5.0
"""How often it asks whether the file was replaced, and reports how it stands."""
FILE_PAUSE_S = 5.0
"""Pause after the file could not be used."""
REPORTS = 100


@dataclass(frozen=True, slots=True)
class Health:
    """How it stands with the line to the platform; a snapshot.

    Attributes:
        connected: The broker has accepted us.
        greeted: The platform behind it answers.
        waiting: Events not acknowledged; None before the file was read.
        refused: Events that the platform will not take.
        full: The outbox is at its limit: counters of the speaker give way.
        problems: Stable codes of what is wrong, for lights, pages and `myna doctor`.
    """

    connected: bool = False
    greeted: bool = False
    waiting: int | None = None
    refused: int = 0
    full: bool = False
    problems: tuple[str, ...] = ()

    def sentences(self) -> tuple[str, ...]:
        """The problems in words, with what to do."""
        return tuple(SENTENCES.get(code, code) for code in self.problems)


SENTENCES = {
    "sync.network": "the platform cannot be reached: check the network and [sync] address",
    "sync.auth": "the platform refuses this speaker: pair it again, or check user and password",
    "sync.tls": "the platform's certificate cannot be trusted: check [sync] ca_file and the clock",
    "sync.refused": "the platform's broker turns the speaker away: look at the broker's log",
    "sync.same_id": "connections are taken away as soon as they stand: another speaker seems to"
    " bear the same id, pair one of the two again",
    "sync.platform_silent": "the broker is there and the platform behind it does not answer",
    "sync.outbox_full": "too much waits for the platform: old counters go, progress stays",
    "sync.events_refused": "the platform refuses some events: update speaker and platform",
    "sync.fault": "sending failed and begins again: the log says where",
    "sync.store": "the progress file cannot be used for sending: see what is said of the store",
}
_CODES = {
    Why.NETWORK: "sync.network",
    Why.CLOSED: "sync.network",
    Why.AUTH: "sync.auth",
    Why.TLS: "sync.tls",
    Why.REFUSED: "sync.refused",
    Why.TAKEN_OVER: "sync.network",
}


class SyncService:
    """Progress goes out, lessons, settings and answers come in; a context manager.

    Actions and settings are called in the sync thread; what touches the conversation has to hand
    itself over (``loop.call_soon_threadsafe``).

    Args:
        folder: The state folder, where `device.store.Store` has its file.
        settings: The section ``[sync]``.
        actions: What commands can have done, by name; a command that is missing is refused.
        apply: How each desired setting is made to hold.
        state_of: What the state says of mute and volume; called in the sync thread.
        telemetry: Counters to report now and then; called in the sync thread. None are reported
            where there are none: parents may not want it.
        make_link: Another way to the broker than the configured one, for tests.
        clock: Monotonic and wall time.
        source: Random numbers for the pauses.

    Raises:
        SyncError: Address, certificates or password cannot be used.
    """

    def __init__(
        self,
        folder: Path,
        settings: SyncSettings,
        *,
        actions: Mapping[str, Action] | None = None,
        apply: Mapping[str, ApplySetting] | None = None,
        state_of: StateOf = dict,
        telemetry: Callable[[], Mapping[str, Any]] | None = None,
        make_link: Callable[[str], Link] | None = None,
        clock: Clock | None = None,
        source: random.Random | None = None,
        firmware: str = "0.1.0",
    ) -> None:
        self._path = folder / FILE_NAME
        self._settings = settings
        self._actions = dict(actions or {})
        self._apply = dict(apply or {})
        self._state_of = state_of
        self._telemetry = telemetry
        self._make_link = make_link or paho_links(settings)
        self._clock = clock or SystemClock()
        self._source = source
        self._firmware = firmware
        self._reports: queue.Queue[Mapping[str, Any]] = queue.Queue(REPORTS)
        self._worker = Worker("sync", self._run)
        self.health = Health()

    def start(self) -> Self:
        """Start the thread; returns self."""
        self._worker.start()
        return self

    def stop(self) -> None:
        """Say goodbye and end the thread. Idempotent.

        Raises:
            ThreadNotStopped: It hangs in connecting for longer than a connection may take.
        """
        self._worker.stop(timeout_s=15.0)

    def report(self, values: Mapping[str, Any]) -> None:
        """Put counters of the speaker into the outbox. Any thread; never waits.

        Args:
            values: Up to 64 numbers, truth values and short texts; no speech, no names.
        """
        try:
            self._reports.put_nowait(values)
        except queue.Full:
            log.warning("counters dropped, the sync thread does not keep up")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # ------------------------------------------------------------------ thread

    def _run(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            try:
                with self._open() as file:
                    file.shadow.restore()
                    self._live(file, stopping)
            except (sqlite3.Error, OSError, StoreError) as error:
                told = str(error) if isinstance(error, StoreError) else explain(error, self._path)
                log.warning("sync cannot use the progress file: %s", told)
                self.health = Health(problems=("sync.store",))
                stopping.wait(FILE_PAUSE_S)
            except Exception as fault:  # the thread's boundary: the speaker talks on without it
                log.exception("sync failed and begins again error=%s", type(fault).__name__)
                self.health = Health(problems=("sync.fault",))
                stopping.wait(FILE_PAUSE_S)

    def _open(self) -> File:
        return File(
            self._path,
            self._settings,
            boot_id(),
            self._clock,
            actions=self._actions,
            apply=self._apply,
        )

    def _live(self, file: File, stopping: threading.Event) -> None:
        device = self._settings.device or file.device_id()
        client = Client(
            file,
            lambda: self._make_link(device),
            Identity(device, boot_id(), self._firmware),
            self._settings,
            self._clock,
            state_of=self._state_with_problems,
            source=self._source,
        )
        look_s = telemetry_s = self._clock.now_s()
        try:
            while not stopping.is_set():
                if not client.step(STEP_S):
                    stopping.wait(min(STEP_S, max(0.01, client.pause_left_s())))
                now_s = self._clock.now_s()
                self._take_reports(file)
                if self._telemetry is not None and now_s >= telemetry_s:
                    telemetry_s = now_s + self._settings.telemetry_s
                    if values := self._telemetry():
                        file.add_telemetry(values)
                standing = (client.connected, client.greeted)
                if now_s >= look_s or standing != (self.health.connected, self.health.greeted):
                    look_s = now_s + LOOK_S
                    if file.moved():
                        return  # and begin again with what lies there now
                    file.note_system_time()
                    self.health = self._look(file, client)
        finally:
            client.close()

    def _take_reports(self, file: File) -> None:
        while True:
            try:
                file.add_telemetry(self._reports.get_nowait())
            except queue.Empty:
                return

    def _look(self, file: File, client: Client) -> Health:
        waiting, refused = file.outbox.waiting(), file.outbox.refused()
        full = waiting >= self._settings.outbox_events
        problems = []
        if client.backoff.storm:
            problems.append("sync.same_id")
        elif client.lost is not None:
            problems.append(_CODES[client.lost])
        elif client.connected and not client.greeted:
            problems.append("sync.platform_silent")
        if full:
            problems.append("sync.outbox_full")
        if refused:
            problems.append("sync.events_refused")
        return Health(client.connected, client.greeted, waiting, refused, full, tuple(problems))

    def _state_with_problems(self) -> dict[str, Any]:
        said = dict(self._state_of())
        problems = [*said.pop("problems", ()), *self.health.problems]
        return {**said, **({"problems": problems[:16]} if problems else {})}


def paho_links(settings: SyncSettings) -> Callable[[str], Link]:
    """Connections to the configured broker.

    Raises:
        SyncError: Address, certificates or password cannot be used.
    """
    from device.sync.link_paho import PahoLink, place_of

    place = place_of(settings)
    return lambda device: PahoLink(place, device)
