"""The live backends by their configured name, and whether there is a card for them at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audio.cards import Card, choose, identify, look_around
from audio.settings import AudioSettings
from core.errors import AudioError

if TYPE_CHECKING:
    from audio.portaudio import Library, PortAudioBackend

LIBRARIES = ("sounddevice", "pyaudio")


def make_live_backend(settings: AudioSettings) -> PortAudioBackend:
    """The backend that ``[audio] backend`` names; ``auto`` is sounddevice.

    Raises:
        AudioError: There is no backend of this name.
    """
    from audio.portaudio import PortAudioBackend

    name = LIBRARIES[0] if settings.backend == "auto" else settings.backend
    return PortAudioBackend(settings, make_library(name))


def make_library(name: str) -> Library:
    """PortAudio's bindings by name.

    Raises:
        AudioError: There are none of this name.
    """
    if name == "sounddevice":
        from audio.sounddevice import SoundDeviceLibrary

        return SoundDeviceLibrary()
    if name == "pyaudio":
        from audio.pyaudio import PyAudioLibrary

        return PyAudioLibrary()
    raise AudioError(
        f'there is no sound backend "{name}": set [audio] backend to one of {", ".join(LIBRARIES)}',
        code="audio.backend_unknown",
    )


def list_cards(library: str = "sounddevice") -> list[Card]:
    """All cards there are now; an empty list when there are none.

    Not while a backend of the same library is open: looking anew closes its streams.

    Raises:
        AudioError: The library is missing.
    """
    bindings = make_library(library)
    try:
        bindings.connect()
        return identify(bindings.devices(), look_around())
    finally:
        bindings.disconnect()


def available(settings: AudioSettings | None = None) -> bool:
    """Whether there is a microphone and a loudspeaker; takes about 0.1 s, prints nothing.

    Args:
        settings: Whose cards; the system's defaults when not given.
    """
    settings = settings or AudioSettings()
    library = settings.backend if settings.backend in LIBRARIES else LIBRARIES[0]
    try:
        cards = list_cards(library)
        choose(cards, settings.input_card, is_input=True)
        choose(cards, settings.output_card, is_input=False)
    except AudioError:
        return False
    return True
