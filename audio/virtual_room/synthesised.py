"""Synthetic talkers: children and grown-ups spoken by espeak-ng or flite."""

from __future__ import annotations

import io
import random
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from audio.ports import SAMPLE_RATE_HZ
from audio.virtual_room.acoustics import Signal
from audio.virtual_room.speech import Spoken, trimmed
from core.errors import ModelError

SENTENCES = (
    "what is that",
    "my name is lily",
    "i like apples",
    "it is a red ball",
    "can we play a game",
    "this is my mother",
    "the cat is on the table",
    "i have two brothers",
    "where is the blue book",
    "good morning",
    "we go to school by bus",
    "she can swim and run",
)
"""Things a child of this age says; also what a synthesised television babbles."""


@dataclass(frozen=True, slots=True)
class _Talker:
    """One synthetic person.

    Attributes:
        variant: The synthesiser's voice.
        pitch: espeak-ng's pitch, 0..99.
        words_per_minute: Speaking rate as it is heard.
        tract: How much shorter than the synthesiser's the vocal tract is: the sound is
            played this much faster, which moves formants and pitch up together.
    """

    variant: str
    pitch: int
    words_per_minute: int
    tract: float


# Voices that PocketSphinx understands: higher and smaller ones (tract 1.10 in most variants) it
# does not, and a scenario is about turn-taking. How children are understood, recordings tell.
_CHILDREN = (
    _Talker("en-us+f2", 60, 130, 1.05),
    _Talker("en-us+f5", 70, 135, 1.10),
    _Talker("en-us+f3", 60, 130, 1.05),
    _Talker("en-gb+f2", 50, 130, 1.00),
)
_ADULTS = (
    _Talker("en-us+m3", 40, 175, 1.0),
    _Talker("en-gb+f1", 50, 180, 1.0),
    _Talker("en-us+m7", 30, 165, 1.0),
    _Talker("en-gb+f4", 45, 185, 1.0),
)
# A name in the lessons that synthesisers of English misread, as "lie".
_LI = re.compile(r"\bli\b", re.IGNORECASE)
# And one in the wake phrase, which espeak-ng reads as "mina".
_MYNA = re.compile(r"\bmynah?\b", re.IGNORECASE)
_FLITE_VOICES = ("slt", "kal16", "rms", "awb")


class SynthesisedVoice:
    """A child spoken by espeak-ng, or by flite where only that is installed.

    Args:
        seed: Chooses which synthetic child (and which second one) it is.
    """

    def __init__(self, seed: int = 0) -> None:
        children = list(_CHILDREN)
        random.Random(seed).shuffle(children)  # noqa: S311 - a choice, not a secret
        self._first, self._second = children[:2]

    def say(self, text: str, *, second: bool = False) -> Spoken:
        return _render(text, self._second if second else self._first)

    def texts(self, *, max_words: int) -> tuple[str, ...]:
        short = [text for text in SENTENCES if len(text.split()) <= max_words]
        return tuple(sorted(short, key=lambda text: (len(text.split()), text)))


def say_as_adult(text: str, number: int) -> Spoken:
    """A text in the voice of one of several grown-ups, counted from 0."""
    return _render(text, _ADULTS[number % len(_ADULTS)])


@lru_cache(maxsize=64)
def _render(text: str, talker: _Talker) -> Spoken:
    """One text by one talker, rendered once."""
    if not any(letter.isalnum() for letter in text):
        raise ValueError("a text without a letter cannot be said")
    written = _LI.sub("lee", text)
    if shutil.which("espeak-ng"):
        speed = max(80, round(talker.words_per_minute / talker.tract))
        wav = _run(
            ["espeak-ng", "-v", talker.variant, "-p", str(talker.pitch), "-s", str(speed),
             "--stdin", "--stdout"],
            _MYNA.sub("[[m'aIn@]]", written),
        )  # fmt: skip
        source = f"espeak-ng {talker.variant}"
    elif shutil.which("flite"):
        everyone = _CHILDREN + _ADULTS
        voice = _FLITE_VOICES[everyone.index(talker) % len(_FLITE_VOICES)]
        wav = _run(["flite", "-voice", voice, "-t", written, "-o", "/dev/stdout"], None)
        source = f"flite {voice}"
    else:
        raise ModelError(
            "the virtual room's child has no voice: install one with "
            "`sudo apt-get install espeak-ng`",
            code="room.no_voice",
        )
    samples = trimmed(_at_16_khz(wav, talker.tract))
    samples.setflags(write=False)
    return Spoken(samples, text, source)


def _run(command: list[str], text: str | None) -> bytes:
    try:
        done = subprocess.run(
            command, input=text.encode() if text is not None else b"", capture_output=True,
            timeout=30, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise ModelError(
            f"the virtual room's child could not speak with {command[0]}; "
            f"try `{command[0]} hello` in a terminal and reinstall it if that fails",
            code="room.no_voice",
        ) from error
    return done.stdout


def _at_16_khz(wav: bytes, tract: float) -> Signal:
    import soundfile
    import soxr

    samples, rate_hz = soundfile.read(io.BytesIO(wav), dtype="float64", always_2d=True)
    return np.asarray(soxr.resample(samples[:, 0], rate_hz * tract, SAMPLE_RATE_HZ), np.float64)
