"""Shipped fakes of the audio ports: they keep the contracts and do what a script says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np

from audio.ports import (
    FRAME_SAMPLES,
    BackendCounters,
    PlaybackSource,
    ReadStatus,
    Samples,
    WakeHit,
    seconds,
)
from core.errors import AudioError, DeviceLost


class FakeBackend:
    """A card that hears an array and remembers what it played. No time passes by itself.

    Args:
        near: What the microphone hears, int16, any length; then the stream ends.
        lost_at: Frame counts at which the card goes away.
        away_opens: How many attempts to open fail after each loss.
        lost_frames: Frame count to frames lost just before it.
    """

    name = "fake card"

    def __init__(
        self,
        near: Samples,
        *,
        lost_at: Iterable[int] = (),
        away_opens: int = 0,
        lost_frames: dict[int, int] | None = None,
    ) -> None:
        self._near = near
        self._lost_at = set(lost_at)
        self._away_opens = away_opens
        self._away = 0
        self._lost_frames = dict(lost_frames or {})
        self._source: PlaybackSource | None = None
        self._frame = 0
        self.counters = BackendCounters()
        self.played: list[Samples] = []
        self.idled_s = 0.0

    def open(self, source: PlaybackSource) -> None:
        if self._source is not None:
            raise AudioError("the fake card is open already; close it first")
        if self._away:
            self._away -= 1
            raise DeviceLost("the fake card is away; it comes back by itself")
        self._source = source

    def read(self, near: Samples, far: Samples, *, timeout_s: float) -> ReadStatus:
        if self._source is None:
            raise AudioError("the fake card is closed; open it first")
        if self._frame in self._lost_at:
            self._lost_at.remove(self._frame)
            self._away = self._away_opens
            raise DeviceLost("the fake card was pulled out; it comes back by itself")
        piece = self._near[self._frame * FRAME_SAMPLES :][:FRAME_SAMPLES]
        if len(piece) < FRAME_SAMPLES:
            return ReadStatus(ok=False, ended=True)
        near[:] = piece
        self._source.pull(far)
        self.played.append(far.copy())
        lost = self._lost_frames.pop(self._frame, 0)
        self.counters.overflow_frames += lost
        self._frame += 1
        self.counters.frames += 1
        return ReadStatus(lost_frames=lost)

    def idle(self, seconds: float) -> None:
        self.idled_s += seconds

    def close(self) -> None:
        self._source = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class PassThroughCanceller:
    """No echo, nothing to cancel."""

    residual_echo_dbfs = float("-inf")

    def __init__(self) -> None:
        self.resets: list[bool] = []

    def process(self, near: Samples, far: Samples, out: Samples) -> None:
        out[:] = near

    def reset(self, *, keep_filter: bool = False) -> None:
        self.resets.append(keep_filter)


class PassThroughSuppressor:
    """No noise, nothing to suppress."""

    def process(self, frame: Samples, out: Samples) -> None:
        out[:] = frame

    def reset(self) -> None:
        """Nothing to forget."""


class ScriptedVoiceActivity:
    """Says speech where the script does, or where the frame is louder than -50 dBFS.

    Args:
        probabilities: One per frame, 0 after their end; None listens to the level.
    """

    def __init__(self, probabilities: Sequence[float] | None = None) -> None:
        self._script = probabilities
        self._frame = 0

    def process(self, frame: Samples) -> float:
        index = self._frame
        self._frame += 1
        if self._script is None:
            return 1.0 if float(np.abs(frame).mean()) > 100.0 else 0.0
        return self._script[index] if index < len(self._script) else 0.0

    def reset(self) -> None:
        """A script goes on: its frames are counted from start."""


class FakeWakeWord:
    """Hears its phrase in every frame whose first sample is the magic number.

    Args:
        magic: That number.
        phrase: The phrase.
    """

    def __init__(self, magic: int = 12_345, phrase: str = "hello myna") -> None:
        self.phrases = (phrase,)
        self._magic = magic
        self._frame = 0
        self.resets = 0

    def process(self, frame: Samples) -> WakeHit | None:
        self._frame += 1
        if int(frame[0]) != self._magic:
            return None
        return WakeHit(self.phrases[0], 1.0, seconds(self._frame))

    def reset(self) -> None:
        self.resets += 1
