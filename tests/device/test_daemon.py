"""The daemon on a card that counts: muting closes it, faults are survived or end the daemon."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from audio.ports import FRAME_S, BackendCounters, PlaybackSource, ReadStatus, Samples
from core.clock import SystemClock
from core.errors import AudioError, SpeakerError
from device import release_watch
from device.app import Parts, Services, assemble, start_services
from device.config import Settings
from device.live import Daemon
from device.trace import Entry
from hal.ports import Button, Mood
from hal.simulated import SimulatedBoard, SimulatedRing
from provisioning.slots import Verdict
from provisioning.update_slots import ReleaseSlots
from tests.provisioning.publisher import tar

LIMIT_S = 60.0
"""Longest wait for anything: a limit against hanging, not a measurement."""


class CountingCard:
    """Honours `AudioBackend`: a card with a quiet room before it, that counts what it gives away.

    Attributes:
        opens: How often its streams were opened.
        is_open: Whether they are now.
        given: Frames handed over, ever.
        fail: Set to let the next read fail as a broken driver does.
    """

    name = "counting card"

    def __init__(self) -> None:
        self.counters = BackendCounters()
        self.opens = self.given = 0
        self.is_open = self.fail = False
        self._source: PlaybackSource | None = None
        self._pace = threading.Event()

    def open(self, source: PlaybackSource) -> None:
        assert not self.is_open
        self.opens += 1
        self.is_open = True
        self._source = source

    def read(self, near: Samples, far: Samples, *, timeout_s: float) -> ReadStatus:
        assert self.is_open, "a closed card was read"
        assert self._source is not None
        if self.fail:
            self.fail = False
            raise AudioError("the fake driver is broken")
        self._pace.wait(FRAME_S / 4)
        near[:] = 0
        self._source.pull(far)
        self.given += 1
        return ReadStatus()

    def idle(self, seconds: float) -> None:
        self._pace.wait(min(seconds, 0.01))

    def close(self) -> None:
        self.is_open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with ExitStack() as stack:
        yield start_services(Settings(), stack)


@pytest.fixture
def parts(services: Services) -> Iterator[Parts]:
    with ExitStack() as stack:
        yield assemble(Settings(), services, stack, clock=SystemClock(), store_folder=None)


class Stage:
    """A running daemon, its card, and a way to wait for what happens."""

    def __init__(self, parts: Parts, folder: Path | None = None, *, muted: bool = False) -> None:
        self.board = SimulatedBoard(parts.clock, muted=muted)
        self.card = CountingCard()
        self.states: list[str] = []
        self._news = asyncio.Event()
        whole = dataclasses.replace(parts, board=self.board)
        self.daemon = Daemon(whole, self.card, [self], state_folder=folder)

    def see(self, entry: Entry) -> None:
        if entry.kind == "state":
            self.states.append(str(entry.data["name"]))
        self._news.set()

    async def state(self, name: str) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not self.states or self.states[-1] != name:
                self._news.clear()
                await self._news.wait()

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not true():
                await asyncio.sleep(0.005)

    @property
    def mood(self) -> Mood:
        assert isinstance(self.board.ring, SimulatedRing)
        return self.board.ring.mood


def hold(stage: Callable[[], Stage], act: Callable[[Stage], Awaitable[None]]) -> Stage:
    """Run a daemon, do something beside it, stop it; what the daemon raises is raised."""

    async def main() -> Stage:
        made = stage()
        running = asyncio.create_task(made.daemon.run(), name="test-daemon")
        try:
            acting = asyncio.create_task(act(made), name="test-act")
            await asyncio.wait({running, acting}, return_when=asyncio.FIRST_COMPLETED)
            if not acting.done():
                acting.cancel()
            else:
                await acting
        finally:
            made.daemon.stop()
            await running
        return made

    return asyncio.run(main())


async def frames_come(stage: Stage, count: int = 20) -> None:
    start = stage.card.given
    await stage.until(lambda: stage.card.given >= start + count)


def test_while_muted_the_stream_is_closed_and_no_sample_comes(parts: Parts) -> None:
    async def act(stage: Stage) -> None:
        await frames_come(stage)
        stage.board.press(Button.MUTE_ON)
        await stage.state("muted")
        assert not stage.card.is_open
        given = stage.card.given
        await asyncio.sleep(0.1)  # time in which forty frames would come, were it open
        assert stage.card.given == given
        assert stage.mood is Mood.MUTED_BY_SWITCH
        stage.board.press(Button.MUTE_OFF)
        await stage.state("asleep")
        await frames_come(stage)

    assert hold(lambda: Stage(parts), act).card.opens == 2


def test_a_speaker_switched_on_muted_never_opens_its_microphone(parts: Parts) -> None:
    async def act(stage: Stage) -> None:
        await stage.state("muted")
        await stage.until(lambda: stage.daemon.panel is not None)
        await asyncio.sleep(0.1)
        stage.board.press(Button.TALK)
        await asyncio.sleep(0.05)
        assert stage.card.opens == 0
        assert stage.card.given == 0

    assert hold(lambda: Stage(parts, muted=True), act).card.opens == 0


def test_muting_by_parents_holds_over_a_restart(parts: Parts, tmp_path: Path) -> None:
    async def mute(stage: Stage) -> None:
        await frames_come(stage)
        assert stage.daemon.panel is not None
        stage.daemon.panel.mute_by_parents(True)
        await stage.state("muted")
        assert stage.mood is Mood.MUTED

    async def still_muted(stage: Stage) -> None:
        await stage.state("muted")
        await asyncio.sleep(0.1)
        assert stage.card.opens == 0
        assert stage.daemon.panel is not None
        stage.daemon.panel.mute_by_parents(False)
        await frames_come(stage)

    async def open_again(stage: Stage) -> None:
        await frames_come(stage)

    hold(lambda: Stage(parts, tmp_path), mute)
    assert hold(lambda: Stage(parts, tmp_path), still_muted).card.opens == 1
    hold(lambda: Stage(parts, tmp_path), open_again)


def test_a_release_on_trial_is_kept_by_a_daemon_that_is_well(
    parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tmp_path / "app.tar"
    archive.write_bytes(tar({"VERSION": b"2"}))
    slots = ReleaseSlots(tmp_path / "application")
    slots.install(archive, "2")
    slots.before_start()
    monkeypatch.setenv(release_watch.VARIABLE, str(slots.release))
    monkeypatch.setattr(release_watch, "WELL_S", 0.0)

    async def act(stage: Stage) -> None:
        await stage.until(lambda: slots.trial is None)

    hold(lambda: Stage(parts, tmp_path), act)
    assert (slots.before_start(), slots.version) == (Verdict.NONE, "2")


def test_a_fault_of_the_audio_thread_is_survived(parts: Parts) -> None:
    async def act(stage: Stage) -> None:
        for opens in (1, 2):
            await frames_come(stage)
            assert stage.card.opens == opens
            stage.card.fail = True
            await stage.until(lambda opens=opens: stage.card.opens == opens + 1)
        await frames_come(stage)

    assert hold(lambda: Stage(parts), act).card.opens == 3


def test_the_third_fault_within_a_minute_ends_the_daemon(parts: Parts) -> None:
    async def act(stage: Stage) -> None:
        while True:
            await frames_come(stage, 2)
            stage.card.fail = True

    with pytest.raises(SpeakerError, match="the audio thread failed several times"):
        hold(lambda: Stage(parts), act)


def test_killed_workers_are_named_and_the_daemon_goes_on(tmp_path: Path) -> None:
    async def act(stage: Stage) -> None:
        for _ in range(3):
            await stage.until(lambda: worker.pid is not None)
            pid = worker.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await stage.until(lambda pid=pid: worker.pid not in (None, pid))
        await stage.until(lambda: stage.mood is Mood.FAULT)
        assert '"voice"' in (tmp_path / "health.json").read_text(encoding="utf-8")
        await frames_come(stage)

    with ExitStack() as stack:
        own = start_services(Settings(), stack)
        worker = own.voice.worker
        parts = assemble(Settings(), own, stack, clock=SystemClock(), store_folder=None)
        hold(lambda: Stage(parts, tmp_path), act)
        assert worker.restarts >= 3
