"""The daemon's life: the audio thread, the event loop, and what happens between start and stop."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from audio.loop import AudioLoop, AudioThread
from audio.ports import AudioBackend, Edge, StreamEnded
from core.errors import DeviceLost, SpeakerError
from device import telemetry
from device.app import Parts, firmware, line_now, pack_shelf
from device.caretaker import Caretaker
from device.events import MuteSet, Pressed
from device.health import Degraded, as_prometheus
from device.metrics_page import MetricsPage
from device.mute import Mute
from device.notify import ServiceManager
from device.onboarding import Onboarding
from device.pairing import Pairer
from device.panel import NightLight, Panel
from device.parents import Parents
from device.release_watch import ReleaseWatch, running_release
from device.remote import Remote, Speaker
from device.runtime import Runtime
from device.scheduling import LiveScheduler
from device.set_up import Radio, make_onboarding
from device.states import State
from device.supervisor import Supervisor
from device.trace import Watcher
from device.volume import Volume
from device.watchdog import Watchdog
from hal.factory import volume_plan
from hal.layers import LayeredRing
from hal.ports import Button
from provisioning.update_slots import APPLICATION, ReleaseSlots
from provisioning.wifi.ports import WifiState

log = logging.getLogger(__name__)

LEVEL_INTERVAL_S = 0.05
LOOK_INTERVAL_S = 30.0
TELEMETRY_INTERVAL_S = 600.0
"""Seldom: every file that is written wears the memory card, also while nobody practises."""
NEEDED = frozenset({"audio", "recogniser", "voice"})
"""A release in which one of these fails is not well."""


class Daemon:
    """One speaker, live.

    Args:
        parts: Put together by `device.app`.
        backend: The card, or the virtual room at real time.
        watchers: Told everything that happens.
        state_folder: Where telemetry goes; None writes none.
        manager: Who started the daemon as a service, and is told how it is.
        metrics_port: Where figures are shown on loopback; 0 shows none.
        parents_pages: Whether to serve them as the configuration says.
        radio: What comes onto the home's network; None leaves the network to others.
    """

    def __init__(
        self,
        parts: Parts,
        backend: AudioBackend,
        watchers: Sequence[Watcher] = (),
        *,
        state_folder: Path | None = None,
        manager: ServiceManager | None = None,
        metrics_port: int = 0,
        parents_pages: bool = False,
        radio: Radio | None = None,
    ) -> None:
        self._parts = parts
        self._backend = backend
        self._watchers = watchers
        self._state_folder = state_folder
        self.loop = AudioLoop(backend, parts.front_end, parts.playback, parts.settings.audio)
        self._thread: AudioThread | None = None
        self._supervisor = Supervisor()
        self._fault: BaseException | None = None
        self._manager = manager or ServiceManager({})
        self._metrics_port = metrics_port
        self._parents_pages = parents_pages
        self._radio = radio
        self.onboarding: Onboarding | None = None
        """How it comes onto a network; there while `run` runs, where it has a radio."""
        self.parents: Parents | None = None
        """Their pages and decisions; there while `run` runs."""
        self.pairer: Pairer | None = None
        """The talk with the platform before it knows the speaker; there while `run` runs."""
        self.panel: Panel | None = None
        """Buttons, lights and muting; there while `run` runs."""
        self._runtime: Runtime | None = None
        self._remote: Remote | None = None
        self._release: ReleaseWatch | None = None
        if state_folder is not None:
            slots = ReleaseSlots(state_folder / APPLICATION)
            self._release = ReleaseWatch(slots, running_release(), parts.clock, self.stop)
        self._microphone_wanted = True
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
        ring = LayeredRing(self._parts.board.ring, self._parts.clock)
        parts = dataclasses.replace(self._parts, ring=ring)
        runtime = parts.runtime(scheduler, self._open_microphone, self._watchers)
        self._runtime = runtime
        runtime.start()
        self.panel = self._make_panel(runtime, ring)
        runtime.change_volume = self.panel.change_volume
        caretaker = self._make_caretaker(runtime, ring)
        remote = self._remote = self._make_remote(runtime, self.panel, caretaker)
        parents = self.parents = Parents(
            parts, runtime, self.panel, ring, caretaker.health, served=self._parents_pages
        )
        parents.network = self._network_state
        remote.forget_sounds = parents.recordings.forget
        self.pairer = None if self._state_folder is None else parents.make_pairer(remote)
        if self._radio is not None:
            self.onboarding = make_onboarding(
                self._radio,
                parts.settings,
                say=runtime.say,
                ring=ring,
                clock=parts.clock,
                family=parents.family,
                folder=parts.store.folder,
            )
        if runtime.answers is not None and self._parents_pages:
            runtime.answers.consent = parents.allow_answers
            runtime.answers.voice_consent = parents.allow_voice
        try:
            # First of all: a speaker that is switched on muted never opens its microphone.
            self.panel.start()
            if self._microphone_wanted:
                self._open_first()
                self._start_thread()
            self._parts.board.open(self._pressed)
            async with (
                self._metrics(caretaker),
                remote.line(),
                parents.at_home(),
                parents.pairing(),
                asyncio.TaskGroup() as tasks,
            ):
                own = [
                    tasks.create_task(self._tick(ring, caretaker), name="myna-ticker"),
                    tasks.create_task(caretaker.run(), name="myna-caretaker"),
                ]
                if self.onboarding is not None:
                    own.append(tasks.create_task(self.onboarding.run(), name="myna-onboarding"))
                self._manager.ready()
                await self._stop.wait()
                self._fall_silent()  # the line's goodbye may take seconds
                for task in own:
                    task.cancel()
            self._manager.stopping()
        finally:
            self._fall_silent()
            scheduler.close()
            self._write_telemetry()
            for number in (signal.SIGTERM, signal.SIGINT):
                events.remove_signal_handler(number)
        if self._fault is not None:
            raise SpeakerError(
                "the audio thread failed several times; see the log for its fault"
            ) from self._fault

    def _fall_silent(self) -> None:
        """First of all: a child must not hear half a sentence while we clean up."""
        self._parts.playback.cut()
        self._stop_thread()

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
        self._microphone_wanted = opened
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
        now_s = self._parts.clock.now_s()
        wait_s = self._supervisor.failed("audio", now_s)
        self._stop_thread()
        if "audio" in self._supervisor.degraded(now_s):
            self._fault = fault  # systemd starts all of it anew
            self._stop.set()
        elif self._events is not None:
            self._events.call_later(wait_s, self._start_again)

    def _start_again(self) -> None:
        if self._microphone_wanted and self._thread is None and not self._stop.is_set():
            self._start_thread()

    def _post(self, edge: Edge) -> None:
        if isinstance(edge, StreamEnded):
            self._stop.set()
        elif self._runtime is not None:
            self._runtime.post(edge)

    # --------------------------------------------------------------- board, telemetry

    def _pressed(self, button: Button) -> None:
        """In the board's thread."""
        self._call(self._panel_pressed, button)

    def _panel_pressed(self, button: Button) -> None:
        if self.panel is not None:
            self.panel.pressed(button)

    def _make_panel(self, runtime: Runtime, ring: LayeredRing) -> Panel:
        plan = volume_plan(self._parts.settings.board)
        volume = Volume(
            self._parts.playback,
            plan.curve_db,
            limit_db=plan.limit_db,
            start_db=self._parts.settings.audio.volume_db,
        )
        return Panel(
            ring=ring,
            volume=volume,
            mute=Mute(self._parts.board.muted, self._state_folder),
            press=lambda: self._press(runtime),
            mute_conversation=lambda muted: runtime.post(MuteSet(muted)),
            say=runtime.say,
            language=self._parts.settings.device.language,
            pair=self._speak_code if self._parents_pages else None,
            reset=self._set_up if self._radio is not None else None,
        )

    def _set_up(self) -> None:
        if self.onboarding is not None:
            self.onboarding.open()

    def _press(self, runtime: Runtime) -> None:
        """The talk button: the last yes of a pairing that asked for it, else the conversation's."""
        if self.pairer is None or not self.pairer.pressed():
            runtime.post(Pressed())

    def _speak_code(self) -> None:
        if self.parents is not None:
            self.parents.speak_code()

    def _make_caretaker(self, runtime: Runtime, ring: LayeredRing) -> Caretaker:
        services = self._parts.services
        return Caretaker(
            clock=self._parts.clock,
            ring=ring,
            manager=self._manager,
            watchdog=Watchdog(
                pulse=lambda: self._parts.front_end.now_s,
                expected=lambda: self._thread is not None,
                feed=self._manager.alive,
            ),
            supervisor=self._supervisor,
            processes={"recogniser": services.recogniser.worker, "voice": services.voice.worker},
            troubles=lambda: self._parts.board.troubles,
            others=(
                self._store_trouble,
                self._card_trouble,
                self._remote_trouble,
                self._parents_trouble,
                self._network_trouble,
                lambda: None if runtime.answers is None else runtime.answers.trouble,
            ),
            figures=self._figures,
            folder=self._state_folder,
        )

    @asynccontextmanager
    async def _metrics(self, caretaker: Caretaker) -> AsyncIterator[None]:
        if self._metrics_port == 0:
            yield
            return
        async with MetricsPage(self._metrics_port, lambda: as_prometheus(caretaker.health())):
            yield

    def _store_trouble(self) -> Degraded | None:
        sentence = self._parts.store.degraded
        return None if sentence is None else Degraded("store", sentence)

    def _card_trouble(self) -> Degraded | None:
        if self._thread is None or self.loop.card_present:
            return None
        return Degraded("card", "the sound card is gone; plug it in again, see myna devices")

    def _remote_trouble(self) -> Degraded | None:
        return None if self._remote is None else self._remote.trouble()

    def _network_state(self) -> WifiState | None:
        return None if self.onboarding is None else self.onboarding.state

    def _network_trouble(self) -> Degraded | None:
        return None if self.onboarding is None else self.onboarding.trouble()

    def _parents_trouble(self) -> Degraded | None:
        return None if self.parents is None else self.parents.trouble()

    def _make_remote(self, runtime: Runtime, panel: Panel, caretaker: Caretaker) -> Remote:
        parts = self._parts
        speaker = Speaker(
            lessons=parts.lessons,
            shelf=pack_shelf(parts.settings),
            store=parts.store,
            panel=panel,
            state=lambda: runtime.state,
            wake=lambda: runtime.post(Pressed()),
            stop=self.stop,
            health=caretaker.health,
            counters=self._counters,
            telemetry=self._telemetry,
            now=parts.clock.wall,
        )
        folder = parts.store.folder
        sync = line_now(parts.settings, folder)
        return Remote(speaker, sync, folder, firmware=firmware())

    def _telemetry(self) -> dict[str, object]:
        """In the line's thread: what the platform may know of the speaker."""
        allowed = self.parents is not None and self.parents.allow_telemetry()
        return self._counters() if allowed else {}

    def _counters(self) -> dict[str, object]:
        scheduling = self._thread.scheduling if self._thread else "stopped"
        return telemetry.counters(self.loop, self._backend, scheduling)

    def _figures(self) -> dict[str, float]:
        """The audio path's facts, named as Prometheus names them."""
        found = telemetry.counters(self.loop, self._backend, "")
        return {
            name if name.startswith("frame_ms") else f"{name}_total": float(value)
            for name, value in found.items()
            if isinstance(value, int | float)
        }

    async def _tick(self, ring: LayeredRing, caretaker: Caretaker) -> None:
        """Let the lights follow the voice and the hour; look after the rest now and then."""
        board = self._parts.settings.board
        night = NightLight(
            ring,
            self._parts.clock,
            share=board.night_light,
            hours=(board.night_from_hour, board.night_to_hour),
        )
        ticks = 0
        per_look = round(LOOK_INTERVAL_S / LEVEL_INTERVAL_S)
        per_report = round(TELEMETRY_INTERVAL_S / LEVEL_INTERVAL_S)
        per_second = round(1.0 / LEVEL_INTERVAL_S)
        while True:
            ring.level(self._parts.front_end.level_dbfs)
            if ticks % per_second == 0 and self.onboarding is not None:
                self.onboarding.look()
            if ticks % per_report == 0:
                self._write_telemetry()
            if ticks % per_look == 0:
                night.look()
                self._look_after_release(caretaker)
                if self.parents is not None:
                    self.parents.look()
            if self.pairer is not None:
                self.pairer.look()
            ticks += 1
            await asyncio.sleep(LEVEL_INTERVAL_S)

    def _look_after_release(self, caretaker: Caretaker) -> None:
        if self._release is not None and self._runtime is not None:
            well = not {each.name for each in caretaker.health().degraded} & NEEDED
            self._release.look(well=well, at_rest=self._runtime.state is State.ASLEEP)

    def _write_telemetry(self) -> None:
        if self._state_folder is None:
            return
        try:
            telemetry.write(self._state_folder, self._counters())
        except OSError as error:
            log.warning("telemetry could not be written: errno=%s", error.errno)
