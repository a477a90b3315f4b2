"""The daemon's life: the audio thread, the event loop, and what happens between start and stop."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Sequence
from pathlib import Path

from audio.loop import AudioLoop, AudioThread
from audio.ports import AudioBackend, Edge, StreamEnded
from core.errors import DeviceLost, SpeakerError
from device import telemetry
from device.app import Parts
from device.events import MuteSet, Pressed
from device.runtime import Runtime
from device.scheduling import LiveScheduler
from device.trace import Watcher
from hal.ports import Button

log = logging.getLogger(__name__)

LEVEL_INTERVAL_S = 0.05
TELEMETRY_INTERVAL_S = 30.0
FAULTS_FORGIVEN = 3
"""Restarts of the audio thread before the daemon gives up and lets systemd start it anew."""


class Daemon:
    """One speaker, live.

    Args:
        parts: Put together by `device.app`.
        backend: The card, or the virtual room at real time.
        watchers: Told everything that happens.
        state_folder: Where telemetry goes; None writes none.
    """

    def __init__(
        self,
        parts: Parts,
        backend: AudioBackend,
        watchers: Sequence[Watcher] = (),
        *,
        state_folder: Path | None = None,
    ) -> None:
        self._parts = parts
        self._backend = backend
        self._watchers = watchers
        self._state_folder = state_folder
        self.loop = AudioLoop(backend, parts.front_end, parts.playback, parts.settings.audio)
        self._thread: AudioThread | None = None
        self._faults = 0
        self._fault: BaseException | None = None
        self._runtime: Runtime | None = None
        self._events: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Live until a signal, `stop`, or the end of a room's scenario.

        A card that is missing at start is looked for like one that was pulled out.

        Raises:
            SpeakerError: The audio thread failed again and again.
        """
        events = asyncio.get_running_loop()
        self._events = events
        for number in (signal.SIGTERM, signal.SIGINT):
            events.add_signal_handler(number, self._stop.set)
        scheduler = LiveScheduler(events)
        runtime = self._parts.runtime(scheduler, self._open_microphone, self._watchers)
        self._runtime = runtime
        runtime.start()
        try:
            self._open_first()
            self._parts.board.open(self._pressed)
            self._start_thread()
            ticker = asyncio.create_task(self._tick(), name="myna-ticker")
            await self._stop.wait()
            ticker.cancel()
        finally:
            # Silence first: a child must not hear half a sentence while we clean up.
            self._parts.playback.cut()
            self._stop_thread()
            scheduler.close()
            self._write_telemetry()
            for number in (signal.SIGTERM, signal.SIGINT):
                events.remove_signal_handler(number)
        if self._fault is not None:
            raise SpeakerError(
                "the audio thread failed several times; see the log for its fault"
            ) from self._fault

    def stop(self) -> None:
        """End `run`. From the event loop's thread."""
        self._stop.set()

    # ---------------------------------------------------------------- audio thread

    def _open_first(self) -> None:
        try:
            self.loop.open_first()
        except DeviceLost as lost:
            log.warning("no sound card at start: code=%s", lost.code)

    def _start_thread(self) -> None:
        self._thread = AudioThread(self.loop, self._from_audio, self._audio_failed)
        self._thread.start()

    def _stop_thread(self) -> None:
        if self._thread is not None:
            self._thread.stop()
            self._thread = None

    def _open_microphone(self, opened: bool) -> None:
        if not opened:
            self._stop_thread()
        elif self._thread is None:
            self._start_thread()

    def _from_audio(self, edge: Edge) -> None:
        """In the audio thread: only edges cross, and nothing waits."""
        self._call(self._post, edge)

    def _audio_failed(self, fault: BaseException) -> None:
        log.error("the audio thread failed", exc_info=fault)
        self._call(self._recover, fault)

    def _call(self, what: object, *args: object) -> None:
        if self._events is not None and not self._events.is_closed():
            self._events.call_soon_threadsafe(what, *args)  # type: ignore[arg-type]

    def _recover(self, fault: BaseException) -> None:
        self._faults += 1
        if self._faults > FAULTS_FORGIVEN:
            self._fault = fault
            self._stop.set()
            return
        self._stop_thread()
        self._start_thread()

    def _post(self, edge: Edge) -> None:
        if isinstance(edge, StreamEnded):
            self._stop.set()
        elif self._runtime is not None:
            self._runtime.post(edge)

    # --------------------------------------------------------------- board, telemetry

    def _pressed(self, button: Button) -> None:
        """In the board's thread."""
        match button:
            case Button.TALK:
                self._call(self._board_event, Pressed())
            case Button.MUTE_ON:
                self._call(self._board_event, MuteSet(True))
            case Button.MUTE_OFF:
                self._call(self._board_event, MuteSet(False))

    def _board_event(self, event: Pressed | MuteSet) -> None:
        if self._runtime is not None:
            self._runtime.post(event)

    async def _tick(self) -> None:
        """Let the lights follow the voice, and write telemetry now and then."""
        ticks = 0
        per_report = round(TELEMETRY_INTERVAL_S / LEVEL_INTERVAL_S)
        while True:
            self._parts.board.ring.level(self._parts.front_end.level_dbfs)
            if ticks % per_report == 0:
                self._write_telemetry()
            ticks += 1
            await asyncio.sleep(LEVEL_INTERVAL_S)

    def _write_telemetry(self) -> None:
        if self._state_folder is None:
            return
        scheduling = self._thread.scheduling if self._thread else "stopped"
        try:
            telemetry.write(
                self._state_folder, telemetry.counters(self.loop, self._backend, scheduling)
            )
        except OSError as error:
            log.warning("telemetry could not be written: errno=%s", error.errno)
