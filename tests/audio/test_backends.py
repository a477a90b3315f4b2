"""The contract on every backend, and the live ones against a real sound server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from audio.file import FileBackend
from audio.files import write_wav
from audio.live import available, list_cards, make_live_backend
from audio.settings import AudioSettings
from core.errors import AudioError, DeviceLost
from device.bench.sound_server import SoundServer, missing_programs, sound_server
from tests.audio.backend_contract import (
    BackendContract,
    CountingSource,
    MakeBackend,
    read_frames,
)

LIBRARIES = ("sounddevice", "pyaudio")
TONE_HZ = 1_000


class Quiet:
    def pull(self, out: NDArray[np.int16]) -> None:
        out[:] = 0


class Hum:
    """A tone that goes on, sample for sample, from pull to pull."""

    def __init__(self, hz: float, level: int = 8_000) -> None:
        self.hz, self.level, self.place = hz, level, 0

    def pull(self, out: NDArray[np.int16]) -> None:
        at = np.arange(self.place, self.place + len(out)) / 16_000
        out[:] = np.rint(self.level * np.sin(2 * np.pi * self.hz * at))
        self.place += len(out)


class Hiss:
    """Noise below 4 kHz, where every filter on the way is flat; the same every time."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(1)

    def pull(self, out: NDArray[np.int16]) -> None:
        out[:] = np.repeat(self.rng.integers(-6_000, 6_000, len(out) // 4), 4)


def amplitude(sound: NDArray[np.int16], hz: float, rate_hz: int = 16_000) -> float:
    at = np.arange(len(sound)) / rate_hz
    window = np.hanning(len(sound))
    return float(2 * abs(np.sum(window * sound * np.exp(-2j * np.pi * hz * at))) / np.sum(window))


def delay_of(near: NDArray[np.int16], far: NDArray[np.int16]) -> tuple[int, float]:
    """By how many samples near follows far, and how alike they are there (0..1)."""
    size = 2 * len(near)
    cross = np.fft.irfft(np.fft.rfft(near, size) * np.conj(np.fft.rfft(far, size)))
    delay = int(np.argmax(cross))
    there = len(far) - delay
    return delay, float(np.corrcoef(near[delay:].astype(float), far[:there].astype(float))[0, 1])


def settings(**changes: object) -> AudioSettings:
    return AudioSettings(input_card="pulse:microphone", output_card="pulse:speaker", **changes)


@pytest.fixture(scope="module")
def server() -> Iterator[SoundServer]:
    if missing := missing_programs():
        pytest.skip(f"needs {', '.join(missing)} (apt-get install pulseaudio pulseaudio-utils)")
    with sound_server() as started:
        yield started


@pytest.fixture(scope="module", params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    if request.param == "pyaudio":
        pytest.importorskip("pyaudio", reason="PyAudio is optional")
    return str(request.param)


# ------------------------------------------------------------ the contract


class TestFile(BackendContract):
    @pytest.fixture
    def make(self, tmp_path: Path) -> MakeBackend:
        noise = np.random.default_rng(1).integers(-9_000, 9_000, 64_000).astype(np.int16)
        write_wav(tmp_path / "in.wav", noise)
        return lambda: FileBackend(tmp_path / "in.wav", tmp_path / "out.wav")


@pytest.mark.live
class TestLive(BackendContract):
    @pytest.fixture
    def make(self, server: SoundServer, library: str) -> MakeBackend:
        return lambda: make_live_backend(settings(backend=library))


# ------------------------------------------------- on a real sound server


@pytest.mark.live
@pytest.mark.parametrize("rates_hz", [(), (48_000,), (44_100,)])
def test_what_is_said_arrives_with_pitch_and_level(
    server: SoundServer, library: str, rates_hz: tuple[int, ...]
) -> None:
    at = np.arange(16_000 * 8) / 16_000
    said = np.rint(8_000 * np.sin(2 * np.pi * TONE_HZ * at)).astype(np.int16)
    with make_live_backend(settings(backend=library, card_rates_hz=rates_hz)) as backend:
        backend.open(Quiet())
        with server.talking(said):
            heard: list[NDArray[np.int16]] = []
            for _ in range(300):
                heard += read_frames(backend, 1)[0]
                if len(heard) > 50 and np.max(heard[-50]) > 7_000:
                    break
        best = max(
            amplitude(np.concatenate(heard[i : i + 20]), TONE_HZ) for i in range(len(heard) - 20)
        )
    assert best == pytest.approx(8_000, rel=0.02)


@pytest.mark.live
@pytest.mark.parametrize("rates_hz", [(), (48_000,), (44_100,)])
def test_near_follows_far_by_a_constant_number_of_samples(
    server: SoundServer, library: str, rates_hz: tuple[int, ...]
) -> None:
    cards = AudioSettings(
        backend=library,
        input_card="pulse:echo",
        output_card="pulse:speaker",
        card_rates_hz=rates_hz,
    )
    with make_live_backend(cards) as backend:
        backend.open(Hiss())
        read_frames(backend, 50)
        longest: list[tuple[NDArray[np.int16], NDArray[np.int16]]] = []
        run: list[tuple[NDArray[np.int16], NDArray[np.int16]]] = []
        for _ in range(4):  # on a loaded machine a server may run dry: take the runs between
            for near, far, status in zip(*read_frames(backend, 100), strict=True):
                run = [] if status.discontinuity else run
                run.append((near, far))
                longest = max(longest, run, key=len)
        assert len(longest) >= 200
    near = np.concatenate([pair[0] for pair in longest])
    far = np.concatenate([pair[1] for pair in longest])
    parts = [slice(0, 8_000), slice(len(near) // 2, len(near) // 2 + 8_000), slice(-8_000, None)]
    found = [delay_of(near[part], far[part]) for part in parts]
    delays = {delay for delay, _ in found}
    assert len(delays) == 1, found
    assert 0 < delays.pop() < 16_000 // 4, "the echo follows its reference, within the room's tail"
    # At other rates filters stand between, and the delay is no whole number of samples.
    assert min(likeness for _, likeness in found) > (0.85 if rates_hz else 0.999)


@pytest.mark.live
def test_playback_reaches_the_loudspeaker_sample_for_sample(
    server: SoundServer, library: str
) -> None:
    source = CountingSource()
    with server.recording() as recorded, make_live_backend(settings(backend=library)) as backend:
        backend.open(source)
        read_frames(backend, 150)
    saw = recorded[0].astype(int)
    steps = np.diff(saw) % CountingSource.PERIOD
    counted = np.flatnonzero(steps != 1)
    longest = int(np.max(np.diff(np.concatenate([[-1], counted, [len(steps)]]))))
    assert longest >= 4_000, "a quarter of a second in which no sample differs"


@pytest.mark.live
def test_a_killed_server_is_noticed_and_a_new_one_is_used(library: str) -> None:
    if missing := missing_programs():
        pytest.skip(f"needs {', '.join(missing)}")
    with sound_server() as own, make_live_backend(settings(backend=library)) as backend:
        backend.open(Quiet())
        read_frames(backend, 10)
        own.kill()
        with pytest.raises(DeviceLost, match="went away"):
            read_frames(backend, 200)
        backend.close()
        with pytest.raises(DeviceLost) as caught:
            backend.open(Quiet())
        assert caught.value.retryable
        assert not available(settings(backend=library))
        own.start()
        backend.open(Quiet())
        nears, _, _ = read_frames(backend, 20)
        assert len(nears) == 20
        assert backend.counters.reopened == 1


@pytest.mark.live
def test_cards_of_a_server_are_listed_by_name(server: SoundServer, library: str) -> None:
    found = {card.id: card for card in list_cards(library)}
    assert {"pulse:microphone", "pulse:speaker", "portaudio:default"} <= set(found)
    assert found["pulse:microphone"].inputs == 1
    assert found["pulse:microphone"].outputs == 0
    assert found["pulse:speaker"].rate_hz == 16_000
    assert available(AudioSettings(backend=library))
    assert not available(AudioSettings(backend=library, input_card="another"))


@pytest.mark.live
def test_a_channel_that_the_microphone_has_not_is_refused(
    server: SoundServer, library: str
) -> None:
    backend = make_live_backend(settings(backend=library, input_channel=3))
    with pytest.raises(AudioError, match="has 1 channels and") as caught:
        backend.open(Quiet())
    assert caught.value.code == "audio.no_channel"


@pytest.mark.live
def test_a_timeout_is_a_value(server: SoundServer, library: str) -> None:
    near, far = np.zeros(160, np.int16), np.zeros(160, np.int16)
    with make_live_backend(settings(backend=library)) as backend:
        backend.open(Quiet())
        statuses = [backend.read(near, far, timeout_s=0) for _ in range(1_000)]
    assert {status.ok for status in statuses} == {True, False} or not statuses[0].ok
    assert not any(status.ended for status in statuses)


@pytest.mark.live
def test_no_thread_of_ours_outlives_a_backend(server: SoundServer, library: str) -> None:
    before = set(threading.enumerate())
    with make_live_backend(settings(backend=library)) as backend:
        backend.open(Quiet())
        read_frames(backend, 5)
    left = {t for t in threading.enumerate() if t not in before and not t.name.startswith("Dummy")}
    assert left == set()


def test_an_unknown_backend_is_refused_with_the_known_ones() -> None:
    with pytest.raises(AudioError, match="sounddevice, pyaudio"):
        make_live_backend(AudioSettings(backend="jack"))
