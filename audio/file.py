"""A sound file in place of the microphone, and one in place of the loudspeaker."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np

from audio.files import read_audio, unwritable
from audio.ports import (
    FRAME_SAMPLES,
    SAMPLE_RATE_HZ,
    BackendCounters,
    PlaybackSource,
    ReadStatus,
    Samples,
)
from core.errors import AudioError


class FileBackend:
    """Plays through a recording as fast as it is read; honours `audio.ports.AudioBackend`.

    The file hears nothing of what is played, so `far` and its echo never meet in `near`.

    Args:
        microphone: Any sound file; see `audio.files.read_audio`.
        loudspeaker: WAV file that is written, 16 kHz; None keeps nothing.
        tail_s: Silence heard after the recording's end, for what is still to be said.
    """

    def __init__(
        self, microphone: Path | str, loudspeaker: Path | str | None = None, *, tail_s: float = 0.0
    ) -> None:
        self.name = f"file: {microphone}"
        self.counters = BackendCounters()
        self._microphone, self._loudspeaker, self._tail_s = microphone, loudspeaker, tail_s
        self._heard: Samples = np.zeros(0, np.int16)
        self._source: PlaybackSource | None = None
        self._written: wave.Wave_write | None = None
        self._raw: BinaryIO | None = None
        self._place = 0

    def open(self, source: PlaybackSource) -> None:
        """Start at the recording's beginning.

        Raises:
            AudioError: The recording cannot be read or the other file not written.
        """
        self.close()
        sound = read_audio(self._microphone)
        tail = round(self._tail_s * SAMPLE_RATE_HZ)
        frames = -(-(len(sound) + tail) // FRAME_SAMPLES)
        self._heard = np.zeros(frames * FRAME_SAMPLES, np.int16)
        self._heard[: len(sound)] = sound
        if self._loudspeaker is not None:
            self._raw, self._written = _open_wav(self._loudspeaker)
        self._place = 0
        self._source = source

    def read(self, near: Samples, far: Samples, *, timeout_s: float) -> ReadStatus:
        if self._source is None:
            raise AudioError("the sound file is not open: open it before reading")
        if self._place == len(self._heard):
            return ReadStatus(ok=False, ended=True)
        near[:] = self._heard[self._place : self._place + FRAME_SAMPLES]
        self._place += FRAME_SAMPLES
        self._source.pull(far)
        if self._written is not None:
            try:
                self._written.writeframesraw(far.astype("<i2").tobytes())
            except OSError as error:
                raise unwritable(str(self._loudspeaker), error) from error
        self.counters.frames += 1
        return ReadStatus()

    def idle(self, seconds: float) -> None:
        """A file is never away."""

    def close(self) -> None:
        self._source = None
        if self._written is not None:
            written, self._written = self._written, None
            try:
                written.close()  # writes the length into the header
                if self._raw is not None:
                    self._raw.close()
            except OSError as error:
                raise unwritable(str(self._loudspeaker), error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _open_wav(path: Path | str) -> tuple[BinaryIO, wave.Wave_write]:
    try:
        raw = Path(path).open("wb")  # noqa: SIM115 - closed by `close`
    except OSError as error:
        raise unwritable(path, error) from error
    file = wave.open(raw, "wb")  # noqa: SIM115 - closed by `close`
    file.setnchannels(1)
    file.setsampwidth(2)
    file.setframerate(SAMPLE_RATE_HZ)
    return raw, file
