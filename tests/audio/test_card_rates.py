"""Which rate a card is opened at: its board's, where the card takes it."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pytest

import audio.portaudio
from audio.cards import AlsaCard, PortAudioDevice, Surroundings
from audio.portaudio import Captured, PortAudioBackend, Wanted
from audio.ports import Samples
from audio.settings import AudioSettings
from core.errors import AudioError


class Codec:
    """Honours `audio.portaudio.Library`: one card that takes some rates, and notes which it got."""

    name = "codec"

    def __init__(self, takes_hz: Collection[int]) -> None:
        self._takes_hz = takes_hz
        self.opened_hz: list[int] = []

    def connect(self) -> None: ...

    def disconnect(self) -> None: ...

    def devices(self) -> list[PortAudioDevice]:
        return [PortAudioDevice(0, "Codec: hifi (hw:0,0)", 2, 2, 44_100)]

    def supports(self, device: int, *, rate_hz: int, channels: int, is_input: bool) -> bool:
        return rate_hz in self._takes_hz

    def open_input(
        self, device: int, *, rate_hz: int, channels: int, captured: Captured
    ) -> Running:
        self.opened_hz.append(rate_hz)
        return Running(lambda: captured(np.zeros(rate_hz // 100 * channels, np.int16), False))

    def open_output(self, device: int, *, rate_hz: int, channels: int, wanted: Wanted) -> Running:
        self.opened_hz.append(rate_hz)
        return Running(lambda: wanted(np.zeros(rate_hz // 100 * channels, np.int16), False))


class Running:
    """Honours `audio.portaudio.NativeStream`: its first callback comes with the start."""

    active = True

    def __init__(self, first: object) -> None:
        self._first = first

    def start(self) -> None:
        assert callable(self._first)
        self._first()

    def close(self) -> None: ...


class Quiet:
    def pull(self, frame: Samples) -> None:
        frame[:] = 0


@pytest.fixture(autouse=True)
def one_alsa_card(monkeypatch: pytest.MonkeyPatch) -> None:
    around = Surroundings(alsa={0: AlsaCard("codec", "Codec")})
    monkeypatch.setattr(audio.portaudio, "look_around", lambda: around)


@pytest.mark.parametrize(
    ("wanted_hz", "takes_hz", "opened_hz"),
    [
        ((), {16_000, 44_100, 48_000}, 16_000),  # what the pipeline runs at: nothing to convert
        ((48_000,), {16_000, 44_100, 48_000}, 48_000),
        ((96_000, 48_000), {16_000, 48_000}, 48_000),
        ((96_000,), {44_100}, 44_100),  # a wish is no condition
    ],
)
def test_the_best_rate_that_the_card_takes_is_used_on_both_sides(
    wanted_hz: tuple[int, ...], takes_hz: set[int], opened_hz: int
) -> None:
    codec = Codec(takes_hz)
    with PortAudioBackend(AudioSettings(card_rates_hz=wanted_hz), codec) as backend:
        backend.open(Quiet())
    assert codec.opened_hz == [opened_hz, opened_hz]


def test_a_card_that_takes_no_rate_is_told_with_each_that_was_tried() -> None:
    backend = PortAudioBackend(AudioSettings(card_rates_hz=(96_000,)), Codec(()))
    with pytest.raises(AudioError, match="96000, 16000, 44100, 48000, 32000 Hz"):
        backend.open(Quiet())
