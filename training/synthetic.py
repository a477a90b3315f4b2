"""Speech that no person said: lesson words and commands by espeak-ng and flite.

It widens words, not voices; real speakers decide what is good. The voices of `HELD_OUT` are kept
for measuring.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from dialog import matching
from training.corpus import Utterance

ESPEAK = tuple(
    f"{accent}+{variant}"
    for accent in ("en-us", "en-gb")
    for variant in ("f2", "f3", "f5", "m1", "m3", "m7", "belinda", "linda", "steph")
)
FLITE = ("slt", "rms", "kal16")
HELD_OUT = (("espeak-ng", "en-us+f4"), ("espeak-ng", "en-us+f1"), ("flite", "awb"))
TRACT = (1.0, 1.2)
PITCH = (40, 80)
WORDS_PER_MINUTE = (95, 165)
LONGEST_WORDS = 9
AGE = 0
"""Of a voice that nobody has."""


@dataclass(frozen=True, slots=True)
class Talker:
    """A synthetic voice.

    Attributes:
        engine: ``espeak-ng`` or ``flite``.
        voice: Its name there.
        pitch: espeak-ng's, 0..99.
        words_per_minute: As it is heard.
        tract: How much shorter the vocal tract is made, by playing that much faster.
    """

    engine: str
    voice: str
    pitch: int
    words_per_minute: int
    tract: float


def speak_all(
    sentences: Sequence[str],
    lexicon: Mapping[str, Sequence[tuple[str, ...]]],
    folder: Path,
    *,
    count: int,
    seed: int,
) -> list[Utterance]:
    """Sound files of sentences by random talkers, as utterances without phones or scores."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    sayable = sorted({words for text in sentences if _sayable(words := text_words(text), lexicon)})
    spoken = []
    for number in range(count):
        words = sayable[number % len(sayable)]
        talker = drawn(rng)
        path = folder / f"{number:05d}.wav"
        if not path.is_file():
            soundfile.write(path, render(" ".join(words), talker), 16_000, subtype="PCM_16")
        name = f"synthetic-{number:05d}"
        spoken.append(Utterance(name, talker.voice, AGE, path, words, (), None))
    return spoken


def text_words(text: str) -> tuple[str, ...]:
    """Words as answers are compared."""
    return matching.words(text)


def drawn(rng: np.random.Generator) -> Talker:
    """Any talker but those held out."""
    flite = shutil.which("flite") is not None and rng.random() < 0.35
    voice = str(rng.choice(FLITE if flite else ESPEAK))
    return Talker(
        "flite" if flite else "espeak-ng",
        voice,
        int(rng.integers(*PITCH)),
        int(rng.integers(*WORDS_PER_MINUTE)),
        float(rng.uniform(*TRACT)),
    )


def render(text: str, talker: Talker) -> np.ndarray:
    """Float32, 16 000 Hz, with a little silence around."""
    speed = max(80, round(talker.words_per_minute / talker.tract))
    if talker.engine == "flite":
        stretch = f"duration_stretch={160 / speed:.2f}"
        command = ["flite", "-voice", talker.voice, "--setf", stretch, "-t", text]
        command += ["-o", "/dev/stdout"]
    else:
        command = ["espeak-ng", "-v", talker.voice, "-p", str(talker.pitch), "-s", str(speed)]
        command += ["--stdout", text]
    wav = subprocess.run(command, capture_output=True, check=True, timeout=30).stdout
    sound, rate_hz = soundfile.read(io.BytesIO(wav), dtype="float32", always_2d=True)
    voice = soxr.resample(sound[:, 0], rate_hz * talker.tract, 16_000)
    return np.pad(voice, 3200).astype(np.float32)


def _sayable(words: Sequence[str], lexicon: Mapping[str, Sequence[tuple[str, ...]]]) -> bool:
    return 0 < len(words) <= LONGEST_WORDS and all(word in lexicon for word in words)
