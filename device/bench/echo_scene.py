"""A child who talks over the speaker: microphone, far end and the clean voice."""

from __future__ import annotations

import csv
import functools
import io
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from audio.ports import SAMPLE_RATE_HZ, Samples
from core.errors import ModelError
from device.bench import acoustics
from device.bench.acoustics import Signal
from device.bench.echo_signals import int16

FAR_RMS = 0.08
NOISE_RMS = 10.0 ** (-62.0 / 20.0)
FIRST_WORD_S = 8.0
GAP_S = 1.5

_MYNA_SAYS = (
    "Hello! I am Myna. Shall we practise some words together today?",
    "Listen carefully, and then say it after me. The elephant is drinking water.",
    "Well done, that was very clear! Now let us try another one.",
    "What do you like to eat for breakfast? You can say: I like eggs and milk.",
    "Do you remember the animal with the very long neck? It is called a giraffe.",
    "Put your tongue between your teeth and blow softly. Three thin things.",
)
_CHILD_SAYS = (
    "can you say that again please",
    "I like bananas and orange juice",
    "my mother is in the kitchen",
    "the yellow bird is sleeping in the tree",
    "what is your name",
    "I want to play another game",
)


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything sampled at 16 kHz and of one length.

    Attributes:
        near: The microphone.
        far: What the card was given.
        child: The child's part of `near`, scaled to 1.0.
        echo: The echo's part of `near`, scaled to 1.0.
        words: First and last sample of each of the child's sentences.
    """

    near: Samples
    far: Samples
    child: Signal
    echo: Signal
    words: tuple[tuple[int, int], ...]


@functools.cache
def spoken(text: str, voice: str, pitch: int) -> Signal:
    """A sentence by espeak-ng, at 16 kHz.

    Raises:
        ModelError: espeak-ng is not installed.
    """
    program = shutil.which("espeak-ng")
    if program is None:
        raise ModelError('this benchmark needs espeak-ng: "apt-get install espeak-ng"')
    command = [program, "-v", voice, "-p", str(pitch), "--stdout", text]
    wave = subprocess.run(command, capture_output=True, check=True, timeout=30).stdout
    samples, rate = soundfile.read(io.BytesIO(wave), dtype="float64")
    return np.asarray(soxr.resample(samples, rate, SAMPLE_RATE_HZ))


def far_end(seconds: float) -> Signal:
    """Myna talking, sentences 0.4 s apart."""
    parts: list[NDArray[np.float64]] = []
    length = 0
    while length < seconds * SAMPLE_RATE_HZ:
        sentence = spoken(_MYNA_SAYS[len(parts) // 2 % len(_MYNA_SAYS)], "en-us+f3", 55)
        parts += [sentence / acoustics.active_rms(sentence) * FAR_RMS, np.zeros(6400)]
        length += len(sentence) + 6400
    return np.clip(np.concatenate(parts)[: int(seconds * SAMPLE_RATE_HZ)], -1, 1)


def synthetic_child() -> list[Signal]:
    """Six sentences in a high synthetic voice."""
    return [spoken(text, "en-us+f5", 90) for text in _CHILD_SAYS]


def recorded_child(corpus: Path, *, count: int, seed: int) -> list[Signal]:
    """Sentences of children up to 12 from a corpus folder (``train.tsv``, ``train/``).

    Raises:
        ModelError: The folder holds no such corpus.
    """
    table = corpus / "train.tsv"
    if not table.is_file():
        raise ModelError(f"{table} is missing: give the folder that holds train.tsv and train/")
    with table.open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t") if int(row["age"]) <= 12]
    chosen = np.random.default_rng(seed).permutation(len(rows))[:count]
    voices = []
    for index in chosen:
        row = rows[int(index)]
        path = corpus / "train" / row["speaker"] / f"{row['utterance']}.opus"
        voices.append(soundfile.read(path, dtype="float64")[0])
    return voices


def double_talk(
    voices: list[Signal],
    *,
    child_below_echo_db: float,
    rt60_s: float = 0.35,
    clip: float | None = 0.25,
    delay_ms: float = 40.0,
    drift_ppm: float = 0.0,
    seed: int = 0,
) -> Scene:
    """Myna talks throughout; the child joins in after 8 s, sentence by sentence."""
    gap = int(GAP_S * SAMPLE_RATE_HZ)
    start = int(FIRST_WORD_S * SAMPLE_RATE_HZ)
    length = start + sum(len(v) + gap for v in voices)
    far = far_end(length / SAMPLE_RATE_HZ)[:length]
    length = len(far)
    echo = acoustics.convolve(
        acoustics.loudspeaker(far, clip),
        acoustics.room_response(rt60_s, acoustics.LOUDSPEAKER, seed=seed),
    )
    echo *= acoustics.active_rms(far) / acoustics.active_rms(echo)
    shift = round(delay_ms * SAMPLE_RATE_HZ / 1000)
    echo = np.concatenate([np.zeros(shift), acoustics.drifted(echo, drift_ppm)])[:length]
    level = FAR_RMS * 10.0 ** (-child_below_echo_db / 20.0)
    dry = np.zeros(length)
    words = []
    for voice in voices:
        end = min(start + len(voice), length)
        dry[start:end] += voice[: end - start] / acoustics.active_rms(voice)
        words.append((start, end))
        start = end + gap
    child = acoustics.convolve(dry, acoustics.room_response(rt60_s, acoustics.CHILD, seed=seed))
    child *= level / acoustics.active_rms(child)
    noise = NOISE_RMS * np.random.default_rng(seed + 1).standard_normal(length)
    return Scene(int16(echo + child + noise), int16(far), child, echo, tuple(words))
