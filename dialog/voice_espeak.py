"""espeak-ng's library as a voice: small, immediate, in English and Mandarin.

Called through ctypes in its synchronous mode: `espeak_Synth` hands samples to a callback and
returns when the sentence is done (4 ms for one on a desktop). See espeak-ng's `speak_lib.h`.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import soxr

from audio.ports import SAMPLE_RATE_HZ, Samples
from core.errors import ModelError
from dialog.espeak_library import CHARS_UTF8, PHONEMES, REMEDY, espeak, use_voice
from dialog.levelling import levelled
from dialog.ports import Language, Line
from dialog.speech_text import sentences

SENTENCE_PAUSE_S = 0.3
QUOTE_PAUSE_S = 0.1

_POSITION_CHARACTER = 1
_RATE = 1  # espeak_PARAMETER

WORDS_PER_MINUTE = {Language.ENGLISH: 165, Language.CHINESE: 170}
VOICES = {Language.ENGLISH: "en-us", Language.CHINESE: "cmn-latn-pinyin"}
"""Debian's plain `cmn` turns characters into pinyin and says that by English rules."""
USUAL_VARIANT = "f3"

# espeak-ng says "meena" for the bird.
_SAID_AS = ((re.compile(r"\bmyna\b", re.IGNORECASE), "[[m'aIn@]]"),)
# A Chinese sentence often quotes English; each part gets the voice of its language.
_LATIN_RUN = re.compile(r"[A-Za-z][A-Za-z'’ ,.\-]*[A-Za-z][.!?]?|[A-Za-z]")

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_int16), ctypes.c_int, ctypes.c_void_p
)


class EspeakVoice:
    """One thread per process may use it, as the library's state is global.

    Args:
        variant: Colours both languages' voices; one of espeak-ng's, ``f1`` to ``m8``.

    Raises:
        ModelError: The library, its data or one of its voices is missing.
    """

    name = "espeak-ng"

    def __init__(self, variant: str = USUAL_VARIANT) -> None:
        self._lib, self._rate_hz = espeak()
        self._chunks: list[Samples] = []
        self._callback = _Callback(self._collect)  # kept: the library holds only a pointer
        self._voices = {language: f"{name}+{variant}" for language, name in VOICES.items()}
        for voice in self._voices.values():
            use_voice(voice)

    def speak(self, line: Line) -> Iterator[Samples]:
        """One chunk per sentence, trimmed and at the common level."""
        pause_s = 0.0
        for sentence in sentences(line.text):
            for part in _parts(replace(line, text=sentence)):
                chunk = levelled(self._synthesised(part), pause_s=pause_s)
                if chunk.size:
                    yield chunk
                    pause_s = QUOTE_PAUSE_S
            pause_s = pause_s and SENTENCE_PAUSE_S

    def close(self) -> None:
        """Nothing to release: the library stays with its process."""

    def _synthesised(self, line: Line) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
        use_voice(self._voices[line.language])
        words_per_minute = round(WORDS_PER_MINUTE[line.language] * line.rate)
        self._lib.espeak_SetParameter(_RATE, words_per_minute, 0)
        text = line.text
        if line.language is Language.ENGLISH:
            for pattern, phonemes in _SAID_AS:
                text = pattern.sub(phonemes, text)
        data = text.encode()
        self._chunks = []
        self._lib.espeak_SetSynthCallback(self._callback)
        # Its breath noise is drawn from C's generator: the same line shall sound the same.
        ctypes.CDLL(None).srand(1)
        status = self._lib.espeak_Synth(
            ctypes.c_char_p(data),
            ctypes.c_size_t(len(data) + 1),
            0,
            _POSITION_CHARACTER,
            0,
            CHARS_UTF8 | PHONEMES,  # not SSML: a text is a text
            None,
            None,
        )
        if status != 0:
            raise ModelError(f"espeak-ng could not speak (status {status}); {REMEDY}")
        if not self._chunks:
            return np.zeros(0, np.float32)
        speech = np.concatenate(self._chunks).astype(np.float32) / 32768.0
        return np.asarray(soxr.resample(speech, self._rate_hz, SAMPLE_RATE_HZ), np.float32)

    def _collect(self, wav: ctypes._Pointer[ctypes.c_int16], count: int, _events: int) -> int:
        if wav and count > 0:
            self._chunks.append(np.ctypeslib.as_array(wav, (count,)).copy())
        return 0


def _parts(line: Line) -> Iterator[Line]:
    """The line cut where its script changes, when it is Chinese; else the line."""
    if line.language is not Language.CHINESE:
        yield line
        return
    at = 0
    for run in _LATIN_RUN.finditer(line.text):
        yield replace(line, text=line.text[at : run.start()])
        yield replace(line, text=run.group(), language=Language.ENGLISH)
        at = run.end()
    yield replace(line, text=line.text[at:])
