"""A wake phrase and its near-misses by every synthesiser installed, shifted towards children."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

Sound = NDArray[np.float32]

ESPEAK_SPELLINGS = {"myna": "[[m'aIn@]]"}
"""Words that espeak-ng would misread: it says "mina" for "myna"."""
ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-029")
VARIANTS = (
    *("f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"),
    *("belinda", "linda", "steph", "Andrea", "Annie", "Jacky", "Lee", "Michael", "grandma"),
)
FLITE = ("slt", "rms", "awb", "kal16")
FESTIVAL = ("kal_diphone", "cmu_us_slt_arctic_hts")
"""Held out: no head ever learns from festival's voices."""
TIMEOUT_S = 60


@dataclass(frozen=True, slots=True)
class Voice:
    """A way of speaking.

    Attributes:
        engine: ``espeak-ng``, ``flite`` or ``festival``.
        name: The voice's name there.
        words_per_minute: As it is heard.
        pitch: espeak-ng's, 0..99.
        tract: How much shorter the vocal tract is made, by playing that much faster.
    """

    engine: str
    name: str
    words_per_minute: int
    pitch: int
    tract: float


def drawn(rng: np.random.Generator, *, held_out: bool) -> Voice:
    """A random voice, of festival's where `held_out`; half of them shifted towards children."""
    if held_out:
        engine, name = "festival", str(rng.choice(FESTIVAL))
    elif shutil.which("flite") and rng.random() < 0.25:
        engine, name = "flite", str(rng.choice(FLITE))
    else:
        engine, name = "espeak-ng", f"{rng.choice(ACCENTS)}+{rng.choice(VARIANTS)}"
    tract = float(rng.uniform(1.1, 1.35) if rng.random() < 0.5 else rng.uniform(0.95, 1.1))
    speed, pitch = int(rng.integers(100, 200)), int(rng.integers(25, 85))
    return Voice(engine, name, speed, pitch, tract)


def speak(text: str, voice: Voice, scratch: Path) -> Sound:
    """Float32, -1..1, 16 000 Hz, silence at the ends cut off.

    Args:
        text: Plain words.
        voice: Who says them.
        scratch: Folder for festival's file.
    """
    speed = max(80, round(voice.words_per_minute / voice.tract))
    if voice.engine == "festival":
        path = scratch / "festival.wav"
        program = [
            f"(voice_{voice.name})",
            '(lex.add.entry \'("myna" n (((m ay) 1) ((n ax) 0))))',
            f"(Parameter.set 'Duration_Stretch {160 / speed:.2f})",
            f'(utt.save.wave (SynthText "{text}") "{path}" (quote riff))',
        ]
        path.unlink(missing_ok=True)
        subprocess.run(
            ["festival", "--batch", *program], capture_output=True, check=True, timeout=TIMEOUT_S
        )
        wav = path.read_bytes()
    else:
        if voice.engine == "flite":
            stretch = f"duration_stretch={160 / speed:.2f}"
            command = ["flite", "-voice", voice.name, "--setf", stretch, "-t", text]
            command += ["-o", "/dev/stdout"]
        else:
            words = [ESPEAK_SPELLINGS.get(word, word) for word in text.split()]
            command = ["espeak-ng", "-v", voice.name, "-p", str(voice.pitch), "-s", str(speed)]
            command += ["--stdout", " ".join(words)]
        wav = subprocess.run(command, capture_output=True, check=True, timeout=TIMEOUT_S).stdout
    sound, rate_hz = soundfile.read(io.BytesIO(wav), dtype="float32", always_2d=True)
    return trimmed(soxr.resample(sound[:, 0], rate_hz * voice.tract, 16_000).astype(np.float32))


def trimmed(sound: Sound) -> Sound:
    """Without what is 34 dB below the loudest at either end; a peak of 0.6."""
    level = np.convolve(np.abs(sound), np.full(160, 1 / 160, np.float32), "same")
    loud = np.flatnonzero(level > level.max() * 0.02)
    if loud.size == 0:
        return np.zeros(0, np.float32)
    kept = sound[max(0, loud[0] - 160) : loud[-1] + 160]
    return np.asarray(kept * (0.6 / np.abs(kept).max()), np.float32)


def near_misses(phrase: str, words: Sequence[str]) -> list[str]:
    """Texts that sound like the phrase and are not: its parts, its parts with other words.

    Args:
        phrase: Plain lower-case words.
        words: A vocabulary; those that share a beginning or an end with a word are taken.
    """
    parts = phrase.split()
    texts = set(NEAR_MISSES.get(phrase, ()))
    for place, part in enumerate(parts):
        before, after = parts[:place], parts[place + 1 :]
        texts.add(part)
        stem = re.sub(r"[aeiouy]+$", "", part)
        alike = [w for w in words if w != part and (w[:2] == part[:2] or w.endswith(stem[-2:]))]
        texts.update(" ".join([*before, word, *after]) for word in alike[:40])
    return sorted(text for text in texts if text != phrase and phrase not in text)


NEAR_MISSES = {
    "hello myna": (
        *("hello mina", "hello Miles", "hey minor", "hello my name is", "yellow", "hello"),
        *("hello mama", "hello my friend", "hello Mike", "hello mine", "hello China", "my nose"),
        *("hello Diana", "hello Maya", "hello money", "hello Nina", "hollow mind", "hello Maria"),
        *("hello banana", "hello, how are you", "hello dinosaur", "hello mommy", "my llama"),
        *("hello Lina", "hello Luna", "hello panda", "hello my", "hello may", "below the line"),
        *("mine", "hi there", "I know my name", "no mine", "hello Mia", "below minus", "minor"),
        *("hello moon", "yellow liner", "mellow diner", "hello Michael", "hello Anna", "finer"),
        *("hello Milo", "hello monkey", "hello mister", "hello Monica", "a final", "rhino"),
    )
}
