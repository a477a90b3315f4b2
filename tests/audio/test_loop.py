"""The audio thread's loop: a card that goes and comes back, losses, the end of a stream."""

from __future__ import annotations

import threading

import pytest

from audio.fakes import (
    FakeBackend,
    FakeWakeWord,
    PassThroughCanceller,
    PassThroughSuppressor,
    ScriptedVoiceActivity,
)
from audio.front_end import FrontEnd
from audio.loop import AudioLoop, AudioThread
from audio.playback import Playback
from audio.ports import CardBack, CardLost, Edge, Played, PlayStarted, StreamEnded
from audio.settings import AudioSettings, TurnSettings, WakeSettings
from audio.timing import FrameTimes
from core.errors import DeviceLost
from tests.audio.speech import pink_noise, silence

AUDIO = AudioSettings(reopen_interval_s=0.5)


class Rig:
    """A loop over a fake card, with all its parts at hand."""

    def __init__(self, backend: FakeBackend) -> None:
        self.backend = backend
        self.playback = Playback(duck_db=-15)
        self.canceller = PassThroughCanceller()
        self.front_end = FrontEnd(
            canceller=self.canceller,
            suppressor=PassThroughSuppressor(),
            voice=ScriptedVoiceActivity(),
            wake=FakeWakeWord(),
            far_wake=None,
            playback=self.playback,
            turns=TurnSettings(),
            wake_settings=WakeSettings(),
        )
        self.loop = AudioLoop(backend, self.front_end, self.playback, AUDIO)

    def run(self) -> list[Edge]:
        edges: list[Edge] = []
        while not self.loop.ended:
            edges += self.loop.step()
        return edges


def test_a_stream_is_read_to_its_end_once() -> None:
    rig = Rig(FakeBackend(silence(1.0)))
    rig.loop.open_first()
    assert rig.run() == [StreamEnded(1.0)]
    assert rig.loop.step() == []
    assert rig.loop.counters.frames == rig.loop.times.frames == 100


def test_a_lost_card_is_looked_for_until_it_is_back_and_time_goes_on() -> None:
    rig = Rig(FakeBackend(silence(1.0), lost_at=[40], away_opens=2))
    rig.loop.open_first()
    rig.playback.enqueue(pink_noise(2.0, -20), tag=1, last=True)
    assert rig.run() == [
        PlayStarted(0.01, 1),
        CardLost(0.4),
        Played(0.4, 1, 40 * 160 + 128, cut=True),
        CardBack(0.4 + 1.5),
        StreamEnded(2.5),
    ]
    assert rig.backend.idled_s == 1.5
    assert rig.loop.counters.cards_lost == 1
    assert rig.canceller.resets == [True]


def test_what_is_said_while_the_card_is_away_does_not_pile_up() -> None:
    rig = Rig(FakeBackend(silence(1.0), lost_at=[0], away_opens=1))
    rig.loop.open_first()
    assert rig.loop.step() == [CardLost(0.0)]
    rig.playback.enqueue(pink_noise(0.3, -20), tag=1, last=True)
    assert rig.loop.step() == [PlayStarted(0.5, 1), Played(0.5, 1, 4800, cut=False)]
    assert rig.loop.step() == [CardBack(1.0)]
    rig.run()
    assert not any(block.any() for block in rig.backend.played)


def test_lost_frames_are_counted_and_time_stays_aligned() -> None:
    rig = Rig(FakeBackend(silence(1.0), lost_frames={30: 7}))
    rig.loop.open_first()
    assert rig.run() == [StreamEnded(1.07)]
    assert rig.loop.counters.lost == 7


def test_a_missing_card_at_start_is_said_and_then_looked_for() -> None:
    backend = FakeBackend(silence(0.1))
    backend._away = 1
    rig = Rig(backend)
    with pytest.raises(DeviceLost):
        rig.loop.open_first()
    assert rig.run() == [CardBack(0.5), StreamEnded(0.6)]


def test_the_thread_hands_over_every_edge_and_releases_the_card() -> None:
    rig = Rig(FakeBackend(silence(0.5)))
    rig.loop.open_first()
    edges: list[Edge] = []
    ended = threading.Event()

    def sink(edge: Edge) -> None:
        edges.append(edge)
        ended.set()

    thread = AudioThread(rig.loop, sink, on_fault=lambda fault: None)
    thread.start()
    assert ended.wait(10)
    thread.stop()
    assert edges == [StreamEnded(0.5)]
    assert not thread.alive
    assert not rig.loop.card_present
    assert thread.scheduling.startswith(("fifo", "normal"))


def test_a_fault_in_the_thread_reaches_its_owner() -> None:
    rig = Rig(FakeBackend(silence(0.5)))
    rig.loop.open_first()
    faults: list[BaseException] = []
    told = threading.Event()

    def broken(edge: Edge) -> None:
        raise RuntimeError("sink")

    def on_fault(fault: BaseException) -> None:
        faults.append(fault)
        told.set()

    thread = AudioThread(rig.loop, broken, on_fault)
    thread.start()
    assert told.wait(10)
    thread.stop()
    assert [str(fault) for fault in faults] == ["sink"]


def test_frame_times_give_quantiles_within_a_bucket() -> None:
    times = FrameTimes()
    assert times.quantile_ms(0.5) == 0.0
    for _ in range(999):
        times.add(0.5)
    times.add(8.0)
    assert times.quantile_ms(0.5) == pytest.approx(0.5, rel=0.1)
    assert times.quantile_ms(0.999) == pytest.approx(0.5, rel=0.1)
    assert times.quantile_ms(1.0) == pytest.approx(8.0, rel=0.1)
    assert times.worst_ms == 8.0
