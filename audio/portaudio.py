"""The live backend: two PortAudio streams, two rings, one pairing. Both adapters share it.

Capture and playback are separate streams: one duplex stream grows its latency after every
underrun (64 to 250 ms, measured on ALSA) and then never gives it back.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from audio.cards import Card, PortAudioDevice, choose, identify, look_around
from audio.pairing import Pairing
from audio.ports import (
    FRAME_SAMPLES,
    SAMPLE_RATE_HZ,
    BackendCounters,
    PlaybackSource,
    ReadStatus,
    Samples,
)
from audio.resample import StreamResampler
from audio.ring import Ring
from audio.settings import AudioSettings
from core.errors import AudioError, DeviceLost

LATENCY_S = 0.04
RING_S = 1.0
START_LIMIT_S = 3.0
"""Longest wait for the first callbacks of a card that was opened."""
WAIT_SLICE_S = 0.05
COMMON_RATES_HZ = (48_000, 44_100, 32_000, SAMPLE_RATE_HZ)

Block = NDArray[np.int16]  # native rate, interleaved channels
Captured = Callable[[Block, bool], None]
"""Takes a captured block and whether the card lost input before it."""
Wanted = Callable[[Block, bool], None]
"""Fills a block to play; told whether the card ran dry before it."""


class NativeStream(Protocol):
    """One direction of a card, opened."""

    def start(self) -> None:
        """Raises DeviceLost."""

    @property
    def active(self) -> bool: ...

    def close(self) -> None:
        """Stop at once and release. Never raises; the card may be gone."""


class Library(Protocol):
    """What PortAudio's Python bindings differ in; calls raise AudioError or DeviceLost."""

    name: str

    def connect(self) -> None:
        """Make PortAudio's list of devices anew: it never sees what was plugged in later."""

    def devices(self) -> list[PortAudioDevice]: ...

    def supports(self, device: int, *, rate_hz: int, channels: int, is_input: bool) -> bool: ...

    def open_input(
        self, device: int, *, rate_hz: int, channels: int, captured: Captured
    ) -> NativeStream: ...

    def open_output(
        self, device: int, *, rate_hz: int, channels: int, wanted: Wanted
    ) -> NativeStream: ...

    def disconnect(self) -> None:
        """Let PortAudio go. Idempotent."""


class PortAudioBackend:
    """A sound card through PortAudio; honours `audio.ports.AudioBackend`.

    Args:
        settings: Which cards, at which rates, which channel, when a card counts as lost.
        library: The bindings.
    """

    def __init__(self, settings: AudioSettings, library: Library) -> None:
        self._settings, self._library = settings, library
        self.name = library.name
        self.counters = BackendCounters()
        self._streams: list[NativeStream] = []
        self._bell = threading.Lock()  # a bare lock as a bell: released once per captured block
        self._fault: BaseException | None = None
        self._was_lost = False
        self._is_open = False
        self._xruns = 0

    # ------------------------------------------------------------------ port

    def open(self, source: PlaybackSource) -> None:
        self.close()
        try:
            self._library.connect()
            self._open(source)
        except BaseException:
            self.close()
            raise
        self._is_open = True
        if self._was_lost:
            self.counters.reopened += 1
        self._was_lost = False

    def read(self, near: Samples, far: Samples, *, timeout_s: float) -> ReadStatus:
        if not self._is_open:
            raise AudioError("the sound card is not open: open it before reading")
        status = ReadStatus()
        deadline = time.monotonic() + timeout_s
        while True:
            if self._fault is not None:
                raise self._fault
            xruns = self.counters.input_overflows + self.counters.output_underflows
            if xruns != self._xruns:
                self._xruns = xruns
                self._pairing.unsettle()
            if self._pairing.take(self._native, far, status):
                near[:] = self._from_card.process(self._native)
                self.counters.frames += 1
                self.counters.overflow_frames += status.lost_frames
                return status
            now = time.monotonic()
            self._check_alive(now)
            if now >= deadline:
                status.ok = False
                return status
            self._bell.acquire(timeout=min(deadline - now, WAIT_SLICE_S))

    def idle(self, seconds: float) -> None:
        time.sleep(seconds)

    def close(self) -> None:
        self._is_open = False
        while self._streams:
            self._streams.pop().close()
        self._library.disconnect()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --------------------------------------------------------------- opening

    def _open(self, source: PlaybackSource) -> None:
        cards = identify(self._library.devices(), look_around())
        microphone = choose(cards, self._settings.input_card, is_input=True)
        loudspeaker = choose(cards, self._settings.output_card, is_input=False)
        if self._settings.input_channel >= microphone.inputs:
            raise AudioError(
                f"{microphone.id} has {microphone.inputs} channels and [audio] input_channel is "
                f"{self._settings.input_channel}: channels are counted from 0",
                code="audio.no_channel",
            )
        self.name = f"{self._library.name}: {microphone.id}, {loudspeaker.id}"
        self._fault = None
        self._source = source
        self._bell.acquire(blocking=False)
        self._near_channels = self._settings.input_channel + 1
        # A stereo card given one channel would play on its left side alone.
        self._far_channels = min(2, loudspeaker.outputs)
        near_hz = self._rate(microphone, self._near_channels, is_input=True)
        far_hz = self._rate(loudspeaker, self._far_channels, is_input=False, first_hz=near_hz)
        self._near_block, self._far_block = near_hz // 100, far_hz // 100
        self._near = Ring(int(near_hz * RING_S))
        self._far = Ring(int(SAMPLE_RATE_HZ * RING_S))
        self._pairing = Pairing(self._near, self._far, near_block=self._near_block)
        self._from_card = StreamResampler(near_hz, SAMPLE_RATE_HZ)
        self._to_card = StreamResampler(SAMPLE_RATE_HZ, far_hz)
        self._native = np.zeros(self._near_block, np.int16)
        self._frame = np.zeros(FRAME_SAMPLES, np.int16)
        self._captured_at_s = self._wanted_at_s = 0.0
        before = (self.counters.input_overflows, self.counters.output_underflows)
        with _asking_server("PULSE_SINK", loudspeaker):
            self._streams.append(
                self._library.open_output(
                    loudspeaker.device,
                    rate_hz=far_hz,
                    channels=self._far_channels,
                    wanted=self._wanted,
                )
            )
            self._streams[-1].start()
        with _asking_server("PULSE_SOURCE", microphone):
            self._streams.append(
                self._library.open_input(
                    microphone.device,
                    rate_hz=near_hz,
                    channels=self._near_channels,
                    captured=self._captured,
                )
            )
            self._streams[-1].start()
        self._await_first_sound(before)

    def _rate(self, card: Card, channels: int, *, is_input: bool, first_hz: int = 0) -> int:
        """The first rate that the card takes: many codecs run both directions at one rate."""
        rates = (*self._settings.card_rates_hz, card.rate_hz, *COMMON_RATES_HZ)
        if card.id.startswith("alsa:"):
            rates = (first_hz, *self._settings.card_rates_hz, SAMPLE_RATE_HZ, *rates)
        variable = "PULSE_SOURCE" if is_input else "PULSE_SINK"
        with _asking_server(variable, card):
            for rate_hz in rates:
                if rate_hz <= 0 or rate_hz % 100:
                    continue  # 10 ms would not be a whole number of samples
                if self._library.supports(
                    card.device, rate_hz=rate_hz, channels=channels, is_input=is_input
                ):
                    return rate_hz
        tried = ", ".join(str(rate_hz) for rate_hz in dict.fromkeys(rates) if rate_hz)
        raise AudioError(
            f"{card.id} takes none of the rates {tried} Hz "
            f"with {channels} channels: choose another card in [audio]",
            code="audio.no_rate",
        )

    def _await_first_sound(self, before: tuple[int, int]) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while not (self._captured_at_s and self._wanted_at_s):
            if time.monotonic() > deadline or not all(s.active for s in self._streams):
                raise DeviceLost(
                    f"{self.name} was opened and gives no sound: reconnect the card",
                    code="audio.no_sound",
                )
            self._bell.acquire(timeout=WAIT_SLICE_S)
        # What a card complains of while it fills its buffers for the first time is no loss.
        self.counters.input_overflows, self.counters.output_underflows = before
        self._xruns = sum(before)

    def _check_alive(self, now_s: float) -> None:
        """Raise DeviceLost when a stream has ended or has been silent for too long."""
        quiet_s = now_s - min(self._captured_at_s, self._wanted_at_s)
        if quiet_s > self._settings.stall_s or not all(s.active for s in self._streams):
            self._was_lost = True
            raise DeviceLost(f"the sound card ({self.name}) went away: reconnect it")

    # ------------------------------------ in the card's threads: never raise

    def _captured(self, block: Block, lost: bool) -> None:
        if lost:
            self.counters.input_overflows += 1
        if self._near_channels > 1:
            block = block[self._settings.input_channel :: self._near_channels]
        self._near.write(block)
        self._captured_at_s = time.monotonic()
        with contextlib.suppress(RuntimeError):  # rung already, and nobody has come yet
            self._bell.release()

    def _wanted(self, block: Block, lost: bool) -> None:
        if lost:
            self.counters.output_underflows += 1
        step = self._far_block * self._far_channels
        for start in range(0, len(block), step):
            part = block[start : start + step]
            self._pull()
            sound = self._to_card.process(self._frame)
            if len(part) == step:
                part.reshape(-1, self._far_channels)[:] = sound[:, np.newaxis]
            else:  # not a multiple of 10 ms, which no stream here asks for
                part[:] = 0
            self._far.write(self._frame)
        self._wanted_at_s = time.monotonic()

    def _pull(self) -> None:
        """The next 10 ms of the source; silence from its first fault on, which `read` raises."""
        if self._fault is None:
            try:
                self._source.pull(self._frame)
            except BaseException as fault:  # the thread's boundary: C code is above
                self._fault = fault
        if self._fault is not None:
            self._frame[:] = 0


@contextlib.contextmanager
def _asking_server(variable: str, card: Card) -> Iterator[None]:
    """While inside, ALSA's door to the sound server leads to this one of its ports."""
    if not card.server_name:
        yield
        return
    before = os.environ.get(variable)
    os.environ[variable] = card.server_name
    try:
        yield
    finally:
        if before is None:
            del os.environ[variable]
        else:
            os.environ[variable] = before
