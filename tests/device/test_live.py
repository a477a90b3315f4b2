"""The daemon itself, live on a real sound server's virtual devices; somebody talks to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest

from audio.ports import SAMPLE_RATE_HZ, Samples
from audio.virtual_room.voices import make_voice
from core.clock import SystemClock
from device.app import Parts, Services, assemble, make_card, start_services
from device.bench.sound_server import SoundServer, sound_server
from device.config import Settings
from device.live import Daemon
from device.trace import Entry
from hal.ports import Button, Mood
from hal.simulated import SimulatedBoard
from tests.soundserver import soundserver

__all__ = ["soundserver"]

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

LIMIT_S = 60.0
"""Longest wait for anything: a limit against hanging, not a measurement."""
CHILD_PEAK = 9000


class Watch:
    """Lets a test wait for what happens."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._news = asyncio.Event()
        self._seen = 0

    def see(self, entry: Entry) -> None:
        self.entries.append(entry)
        self._news.set()

    async def until(self, kind: str, fits: Callable[[Entry], bool] = lambda _: True) -> Entry:
        """The next entry of a kind that fits and was not waited for before."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                while self._seen < len(self.entries):
                    entry = self.entries[self._seen]
                    self._seen += 1
                    if entry.kind == kind and fits(entry):
                        return entry
                self._news.clear()
                await self._news.wait()

    async def state(self, name: str) -> None:
        await self.until("state", lambda entry: entry.data["name"] == name)


def child_says(text: str) -> Samples:
    """A child's voice, half a second of silence around it."""
    said = make_voice().say(text).samples
    pad = np.zeros(SAMPLE_RATE_HZ // 2)
    samples: Samples = np.concatenate([pad, said * (CHILD_PEAK / np.abs(said).max()), pad]).astype(
        np.int16
    )
    return samples


@pytest.fixture
def services() -> Iterator[Services]:
    with ExitStack() as stack:
        yield start_services(Settings(), stack)


@pytest.fixture(params=["sounddevice", "pyaudio"])
def parts(request: pytest.FixtureRequest, services: Services) -> Iterator[Parts]:
    audio = replace(Settings().audio, backend=request.param)
    with ExitStack() as stack:
        yield assemble(
            replace(Settings(), audio=audio),
            services,
            stack,
            clock=SystemClock(),
            store_folder=None,
        )


async def live_through(parts: Parts, act: Callable[[Daemon, Watch], object]) -> Daemon:
    """Run the daemon, do something beside it, stop it."""
    watch = Watch()
    daemon = Daemon(parts, make_card(parts.settings), [watch])
    running = asyncio.create_task(daemon.run(), name="test-daemon")
    try:
        await act(daemon, watch)  # type: ignore[misc]
    finally:
        daemon.stop()
        await running
    return daemon


def test_a_child_wakes_it_and_answers(soundserver: SoundServer, parts: Parts) -> None:
    async def act(_daemon: Daemon, watch: Watch) -> None:
        await watch.state("asleep")
        with soundserver.talking(child_says("hello myna")):
            await watch.until("woken")
            prompt = await watch.until("expect", lambda entry: bool(entry.data["answers"]))
            await watch.state("listening")
        answers = prompt.data["answers"]
        assert isinstance(answers, tuple)
        with soundserver.talking(child_says(answers[0])):
            heard = await watch.until("heard", lambda entry: bool(entry.data["text"]))
            assert heard.data["right"] is True
            await watch.state("speaking")

    with soundserver.acoustic_path():
        daemon = asyncio.run(live_through(parts, act))
    assert daemon.loop.counters.frames > 0
    assert daemon.loop.counters.lost == 0


def test_an_unplugged_card_shows_and_is_used_again(parts: Parts) -> None:
    assert isinstance(parts.board, SimulatedBoard)
    ring = parts.board.ring

    # A server of its own: this test ends it and starts it again.
    with sound_server() as server:

        async def act(_daemon: Daemon, watch: Watch) -> None:
            await watch.state("asleep")
            server.kill()
            await watch.until("card_lost")
            assert ring.mood is Mood.NO_CARD
            server.start()
            await watch.until("card_back")
            await watch.state("asleep")
            with server.talking(child_says("hello myna")):
                await watch.until("woken")

        asyncio.run(live_through(parts, act))


def test_while_muted_no_frame_reaches_the_process(soundserver: SoundServer, parts: Parts) -> None:
    assert isinstance(parts.board, SimulatedBoard)
    board = parts.board

    async def act(daemon: Daemon, watch: Watch) -> None:
        await watch.state("asleep")
        board.press(Button.MUTE_ON)
        await watch.state("muted")
        frames = daemon.loop.counters.frames
        with soundserver.talking(child_says("hello myna")):
            await asyncio.sleep(0.3)  # time in which frames would come, were it not closed
        assert daemon.loop.counters.frames == frames
        board.press(Button.MUTE_OFF)
        await watch.state("asleep")
        with soundserver.talking(child_says("hello myna")):
            await watch.until("woken")

    asyncio.run(live_through(parts, act))
