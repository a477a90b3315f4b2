"""A recogniser and a voice for tests of other rooms: exact, quick, and held to the same contract.

The voice writes its words into the sound as code and the recogniser reads them back, so that a
whole conversation can be held with both and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples
from dialog import matching
from dialog.ports import Hints, Line, Recognition
from dialog.speech_text import sanitised, sentences

SYMBOL_SAMPLES = FRAME_SAMPLES
"""One character lasts 10 ms."""
_ALPHABET = " abcdefghijklmnopqrstuvwxyz'"
_LOWEST_HZ, _STEP_HZ = 500.0, 200.0
_AMPLITUDE = 3000.0


class FakeVoice:
    """Says every character of a line as a tone of its own, 10 ms long at rate 1."""

    name = "fake"

    def speak(self, line: Line) -> Iterator[Samples]:
        """One chunk per sentence."""
        for sentence in sentences(line.text):
            spoken = " ".join(matching.words(sentence)) or sanitised(sentence)
            yield spelled_out(f"{spoken} ")

    def close(self) -> None:
        """Nothing to release."""


class FakeRecognizer:
    """Reads what `FakeVoice` said; anything else is noise to it."""

    name = "fake"

    def recognize(self, samples: Samples, hints: Hints) -> Recognition:
        """See `dialog.ports.Recognizer`; sure of everything it can read."""
        heard = matching.words(read_back(samples))
        if not heard:
            return Recognition("", None, 0.0, complete=False)
        text = " ".join(heard)
        if not hints.candidates:
            return Recognition(text, None, 1.0, complete=False)
        found = matching.match(heard, [matching.words(c) for c in hints.candidates])
        return Recognition(text, found.index, found.likeness, found.complete)

    def close(self) -> None:
        """Nothing to release."""


def spelled_out(text: str) -> Samples:
    """Tones for the characters a to z, space and apostrophe; others sound like a space."""
    time_s = np.arange(SYMBOL_SAMPLES) / SAMPLE_RATE_HZ
    tones = [
        _AMPLITUDE * np.sin(2 * np.pi * (_LOWEST_HZ + _STEP_HZ * _code(c)) * time_s)
        for c in text.lower()
    ]
    wave: Samples = np.rint(np.concatenate([np.zeros(0), *tones])).astype(np.int16)
    return wave


def read_back(samples: Samples) -> str:
    """The characters whose tones are in the sound; frames must be where they were made."""
    text = []
    for at in range(0, samples.size - SYMBOL_SAMPLES + 1, SYMBOL_SAMPLES):
        spectrum = np.abs(np.fft.rfft(samples[at : at + SYMBOL_SAMPLES].astype(np.float64)))
        peak = int(np.argmax(spectrum))
        code = round((peak * SAMPLE_RATE_HZ / SYMBOL_SAMPLES - _LOWEST_HZ) / _STEP_HZ)
        pure = spectrum[peak] ** 2 > 0.9 * float(np.sum(spectrum**2)) > 0.0
        text.append(_ALPHABET[code] if pure and 0 <= code < len(_ALPHABET) else " ")
    return "".join(text)


def _code(character: str) -> int:
    return max(0, _ALPHABET.find(character))
