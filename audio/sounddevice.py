"""PortAudio through the `sounddevice` package."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from audio.cards import PortAudioDevice, quiet_stderr
from audio.portaudio import LATENCY_S, Captured, Wanted
from core.errors import AudioError, DeviceLost


class SoundDeviceLibrary:
    """Honours `audio.portaudio.Library`."""

    name = "sounddevice"

    def __init__(self) -> None:
        self._sd: ModuleType | None = None

    def connect(self) -> None:
        with quiet_stderr():
            sd = self._sd = _import()
            # Importing initialises PortAudio once, and it is counted: only from zero does
            # PortAudio look for cards again.
            _terminate(sd)
            try:
                sd._initialize()
            except sd.PortAudioError as error:
                raise _lost(error) from error

    def devices(self) -> list[PortAudioDevice]:
        sd = self._library
        default_input, default_output = sd.default.device
        api = sd.query_hostapis(0) if len(sd.query_hostapis()) else {}
        if default_input < 0:
            default_input = api.get("default_input_device", -1)
        if default_output < 0:
            default_output = api.get("default_output_device", -1)
        return [
            PortAudioDevice(
                index=int(entry["index"]),
                name=str(entry["name"]),
                inputs=int(entry["max_input_channels"]),
                outputs=int(entry["max_output_channels"]),
                rate_hz=round(entry["default_samplerate"]),
                is_default_input=entry["index"] == default_input,
                is_default_output=entry["index"] == default_output,
            )
            for entry in sd.query_devices()
        ]

    def supports(self, device: int, *, rate_hz: int, channels: int, is_input: bool) -> bool:
        sd = self._library
        check = sd.check_input_settings if is_input else sd.check_output_settings
        try:
            with quiet_stderr():
                check(device=device, channels=channels, dtype="int16", samplerate=rate_hz)
        except sd.PortAudioError:
            return False
        return True

    def open_input(
        self, device: int, *, rate_hz: int, channels: int, captured: Captured
    ) -> SoundDeviceStream:
        def callback(data: Any, frames: int, when: Any, status: Any) -> None:  # noqa: ANN401
            captured(np.frombuffer(data, np.int16), bool(status.input_overflow))

        return self._open("RawInputStream", device, rate_hz, channels, callback)

    def open_output(
        self, device: int, *, rate_hz: int, channels: int, wanted: Wanted
    ) -> SoundDeviceStream:
        def callback(data: Any, frames: int, when: Any, status: Any) -> None:  # noqa: ANN401
            wanted(np.frombuffer(data, np.int16), bool(status.output_underflow))

        return self._open("RawOutputStream", device, rate_hz, channels, callback)

    def disconnect(self) -> None:
        if self._sd is not None:
            _terminate(self._sd)

    @property
    def _library(self) -> ModuleType:
        if self._sd is None:
            raise AudioError("PortAudio is not connected: connect before asking for cards")
        return self._sd

    def _open(
        self,
        kind: str,
        device: int,
        rate_hz: int,
        channels: int,
        callback: Any,  # noqa: ANN401 - sounddevice has no types
    ) -> SoundDeviceStream:
        sd = self._library
        try:
            with quiet_stderr():
                stream = getattr(sd, kind)(
                    device=device,
                    samplerate=rate_hz,
                    blocksize=rate_hz // 100,
                    channels=channels,
                    dtype="int16",
                    latency=LATENCY_S,
                    callback=callback,
                )
        except sd.PortAudioError as error:
            raise _lost(error) from error
        return SoundDeviceStream(stream, sd)


class SoundDeviceStream:
    """Honours `audio.portaudio.NativeStream`."""

    def __init__(self, stream: Any, sd: ModuleType) -> None:  # noqa: ANN401
        self._stream, self._sd = stream, sd

    def start(self) -> None:
        try:
            self._stream.start()
        except self._sd.PortAudioError as error:
            raise _lost(error) from error

    @property
    def active(self) -> bool:
        return bool(self._stream.active)

    def close(self) -> None:
        # Errors are ignored by these calls: there is nothing to be done for a card that is gone.
        self._stream.abort(ignore_errors=True)
        self._stream.close(ignore_errors=True)


def _import() -> ModuleType:
    try:
        import sounddevice
    except ImportError as error:
        raise AudioError(
            "the Python package sounddevice is missing: run make setup",
            code="audio.no_library",
        ) from error
    except OSError as error:
        raise AudioError(
            "the library PortAudio is missing: run make setup, or apt install libportaudio2",
            code="audio.no_library",
        ) from error
    module: ModuleType = sounddevice
    return module


def _terminate(sd: ModuleType) -> None:
    while sd._initialized:
        sd._terminate()


def _lost(error: Exception) -> DeviceLost:
    said = error.args[0] if error.args else type(error).__name__
    return DeviceLost(
        f"the sound card cannot be opened ({said}): check that it is connected and that no "
        "other program holds it",
        code="audio.cannot_open",
    )
