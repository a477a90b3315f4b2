"""espeak-ng's shared library, opened once per process: all its state is global.

Nobody calls `espeak_Terminate`: after it the library cannot be used again, and the end of the
process frees everything anyway. One thread at a time.
"""

from __future__ import annotations

import ctypes
import functools

from core.errors import ModelError

LIBRARY = "libespeak-ng.so.1"
REMEDY = "install it with: sudo apt install espeak-ng"

CHARS_UTF8 = 1
IPA = 0x02
PHONEMES = 0x100  # [[…]] in a text holds phonemes

_OUTPUT_SYNCHRONOUS = 2
_BUFFER_MS = 100
_DONT_EXIT = 0x8000  # report a missing data folder instead of ending the process


@functools.lru_cache(maxsize=1)
def espeak(library: str = LIBRARY) -> tuple[ctypes.CDLL, int]:
    """The library, in its synchronous mode, and its sample rate in Hz.

    Raises:
        ModelError: The library or its data is missing.
    """
    try:
        loaded = ctypes.CDLL(library)
    except OSError as fault:
        raise ModelError(f"the voice's library {library} is missing; {REMEDY}") from fault
    rate_hz = int(loaded.espeak_Initialize(_OUTPUT_SYNCHRONOUS, _BUFFER_MS, None, _DONT_EXIT))
    if rate_hz <= 0:
        raise ModelError(f"espeak-ng finds no data of its own; {REMEDY}")
    loaded.espeak_TextToPhonemes.restype = ctypes.c_char_p
    return loaded, rate_hz


def use_voice(voice: str) -> None:
    """Speak and transcribe with a voice from now on.

    Raises:
        ModelError: There is no such voice.
    """
    if espeak()[0].espeak_SetVoiceByName(voice.encode()) != 0:
        raise ModelError(f"espeak-ng has no voice {voice}; {REMEDY}")


def ipa_of(word: str) -> str:
    """How the voice in use says a word, in IPA."""
    text = ctypes.c_char_p(word.encode())
    said = espeak()[0].espeak_TextToPhonemes(ctypes.byref(text), CHARS_UTF8, IPA)
    return said.decode() if said else ""
