"""PortAudio through the `PyAudio` package."""

from __future__ import annotations

import contextlib
from types import ModuleType
from typing import Any

import numpy as np

from audio.cards import PortAudioDevice, quiet_stderr
from audio.portaudio import Captured, Wanted
from core.errors import AudioError, DeviceLost


class PyAudioLibrary:
    """Honours `audio.portaudio.Library`.

    PyAudio always asks for a card's low latency, 9 ms on ALSA, which one late callback
    exceeds. Blocks of 20 ms make ALSA's buffer longer, since it holds whole blocks.
    """

    name = "pyaudio"
    blocks = 2
    """Blocks of 10 ms in one callback."""

    def __init__(self) -> None:
        self._pyaudio: ModuleType | None = None
        self._instance: Any = None

    def connect(self) -> None:
        self.disconnect()
        with quiet_stderr():
            self._pyaudio = _import()
            try:
                self._instance = self._pyaudio.PyAudio()
            except OSError as error:
                raise _lost(error) from error

    def devices(self) -> list[PortAudioDevice]:
        pa = self._connected
        default_input = _default(pa.get_default_input_device_info)
        default_output = _default(pa.get_default_output_device_info)
        entries = [pa.get_device_info_by_index(i) for i in range(pa.get_device_count())]
        return [
            PortAudioDevice(
                index=int(entry["index"]),
                name=str(entry["name"]),
                inputs=int(entry["maxInputChannels"]),
                outputs=int(entry["maxOutputChannels"]),
                rate_hz=round(entry["defaultSampleRate"]),
                is_default_input=entry["index"] == default_input,
                is_default_output=entry["index"] == default_output,
            )
            for entry in entries
        ]

    def supports(self, device: int, *, rate_hz: int, channels: int, is_input: bool) -> bool:
        side = "input" if is_input else "output"
        asked = {
            f"{side}_device": device,
            f"{side}_channels": channels,
            f"{side}_format": self._format,
        }
        try:
            with quiet_stderr():
                return bool(self._connected.is_format_supported(rate_hz, **asked))
        except ValueError:
            return False

    def open_input(
        self, device: int, *, rate_hz: int, channels: int, captured: Captured
    ) -> PyAudioStream:
        library = self._module
        overflow, go_on = library.paInputOverflow, library.paContinue

        def callback(data: bytes, frames: int, when: Any, status: int) -> tuple[None, int]:  # noqa: ANN401
            captured(np.frombuffer(data, np.int16), bool(status & overflow))
            return None, go_on

        return self._open(rate_hz, channels, callback, input=True, input_device_index=device)

    def open_output(
        self, device: int, *, rate_hz: int, channels: int, wanted: Wanted
    ) -> PyAudioStream:
        library = self._module
        underflow, go_on = library.paOutputUnderflow, library.paContinue
        block = np.zeros(self.blocks * rate_hz // 100 * channels, np.int16)

        def callback(data: None, frames: int, when: Any, status: int) -> tuple[bytes, int]:  # noqa: ANN401
            part = block[: frames * channels]
            wanted(part, bool(status & underflow))
            return part.tobytes(), go_on

        return self._open(rate_hz, channels, callback, output=True, output_device_index=device)

    def disconnect(self) -> None:
        if self._instance is not None:
            self._instance.terminate()
            self._instance = None

    @property
    def _module(self) -> ModuleType:
        if self._pyaudio is None:
            raise AudioError("PortAudio is not connected: connect before asking for cards")
        return self._pyaudio

    @property
    def _connected(self) -> Any:  # noqa: ANN401 - PyAudio has no types
        if self._instance is None:
            raise AudioError("PortAudio is not connected: connect before asking for cards")
        return self._instance

    @property
    def _format(self) -> int:
        return int(self._module.paInt16)

    def _open(
        self,
        rate_hz: int,
        channels: int,
        callback: Any,  # noqa: ANN401
        **direction: Any,  # noqa: ANN401
    ) -> PyAudioStream:
        try:
            with quiet_stderr():
                stream = self._connected.open(
                    rate=rate_hz,
                    channels=channels,
                    format=self._format,
                    frames_per_buffer=self.blocks * rate_hz // 100,
                    start=False,
                    stream_callback=callback,
                    **direction,
                )
        except (OSError, ValueError) as error:
            raise _lost(error) from error
        return PyAudioStream(stream)


class PyAudioStream:
    """Honours `audio.portaudio.NativeStream`."""

    def __init__(self, stream: Any) -> None:  # noqa: ANN401
        self._stream = stream

    def start(self) -> None:
        try:
            self._stream.start_stream()
        except OSError as error:
            raise _lost(error) from error

    @property
    def active(self) -> bool:
        try:
            return bool(self._stream.is_active())
        except OSError:
            return False  # PyAudio raises where PortAudio answers with an error

    def close(self) -> None:
        with contextlib.suppress(OSError):  # there is nothing to be done for a card that is gone
            self._stream.close()


def _import() -> ModuleType:
    try:
        import pyaudio
    except ImportError as error:
        raise AudioError(
            "the Python package PyAudio is missing: install it with pip install myna[pyaudio], "
            'or set [audio] backend = "sounddevice"',
            code="audio.no_library",
        ) from error
    module: ModuleType = pyaudio
    return module


def _default(ask: Any) -> int:  # noqa: ANN401
    try:
        return int(ask()["index"])
    except OSError:
        return -1


def _lost(error: Exception) -> DeviceLost:
    return DeviceLost(
        f"the sound card cannot be opened ({error}): check that it is connected and that no "
        "other program holds it",
        code="audio.cannot_open",
    )
