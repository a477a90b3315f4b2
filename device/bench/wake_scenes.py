"""Who says the wake phrase in the benchmark, and where."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from audio.ports import SAMPLE_RATE_HZ
from audio.virtual_room.noise import fan, television
from device.bench.acoustics import CHILD, Signal, convolve, room_response

SCENES: tuple[tuple[str, float | None], ...] = (("quiet", None), ("10db", 10.0), ("5db", 5.0))
RT60_S = (0.2, 0.6)
VOICE_DBFS = -26.0
LEAD_S, TAIL_S = 1.5, 1.2
TRACTS = (1.0, 1.1, 1.2, 1.3)
"""How much shorter the vocal tract is made: from the synthesiser's own to a child's."""
_MYNA = re.compile(r"\bmyna\b")


@dataclass(frozen=True, slots=True)
class Voice:
    """A synthetic voice that no model of ours has heard (`training.synthetic.HELD_OUT`).

    Attributes:
        program: ``espeak-ng``, ``flite`` or ``festival``.
        name: The voice's name there.
        words_per_minute: As it is heard, about.
        tract: How much faster it is played than it was made.
    """

    program: str
    name: str
    words_per_minute: int
    tract: float


_NAMED = (
    ("espeak-ng", "en-us+f4"),
    ("flite", "awb"),
    ("espeak-ng", "en-us+f1"),
    ("festival", "kal_diphone"),
    ("espeak-ng", "en-gb+f4"),
    ("festival", "cmu_us_slt_arctic_hts"),
)


def voices(
    count: int, programs: Sequence[str] = ("espeak-ng", "flite", "festival")
) -> Iterator[Voice]:
    """So many, of these programs where they are installed, each at another rate and size."""
    named = [each for each in _NAMED if each[0] in programs and shutil.which(each[0])]
    for number in range(count):
        program, name = named[number % len(named)]
        turn = number // len(named)
        yield Voice(program, name, 110 + 15 * (turn % 5), TRACTS[(number + turn) % len(TRACTS)])


@lru_cache(maxsize=256)
def say(text: str, voice: Voice) -> Signal:
    """A text by a voice, its peak at 0.6; empty where the program cannot say it."""
    speed = max(80, round(voice.words_per_minute / voice.tract))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        if voice.program == "festival":
            program = [
                f"(voice_{voice.name})",
                '(lex.add.entry \'("myna" n (((m ay) 1) ((n ax) 0))))',
                f"(Parameter.set 'Duration_Stretch {160 / speed:.2f})",
                f'(utt.save.wave (SynthText "{text}") "{path}" (quote riff))',
            ]
            command = ["festival", "--batch", *program]
        elif voice.program == "flite":
            stretch = f"duration_stretch={160 / speed:.2f}"
            command = ["flite", "-voice", voice.name, "--setf", stretch, "-t", text]
            command += ["-o", str(path)]
        else:
            spelled = _MYNA.sub("[[m'aIn@]]", text)
            command = ["espeak-ng", "-v", voice.name, "-s", str(speed), "-w", str(path), spelled]
        try:
            subprocess.run(command, capture_output=True, check=True, timeout=60)
            wav = path.read_bytes()
        except (OSError, subprocess.SubprocessError):
            return np.zeros(0)
    return _at_16_khz(wav, voice.tract)


def heard(voice: Signal, *, snr_db: float | None, rng: np.random.Generator) -> Signal:
    """A voice 1 m away in a room, with quiet before and after; alone or with noise.

    Args:
        voice: 16 000 Hz.
        snr_db: Level of the voice over a fan or a television; None for a quiet room.
        rng: Draws the room and the noise.
    """
    response = room_response(rng.uniform(*RT60_S), CHILD, seed=int(rng.integers(1 << 30)))
    laid = np.pad(voice, (int(LEAD_S * SAMPLE_RATE_HZ), int(TAIL_S * SAMPLE_RATE_HZ)))
    sound = convolve(laid, response)
    loud = _loud_rms(sound)
    sound *= 10 ** (VOICE_DBFS / 20) / max(loud, 1e-9)
    sound += rng.normal(0.0, 10 ** (-70 / 20), sound.size)
    if snr_db is not None:
        seconds = sound.size / SAMPLE_RATE_HZ + 0.1
        noise = fan(seconds, rng) if rng.random() < 0.5 else television(seconds, 2, rng)
        noise = np.asarray(noise[: sound.size])
        sound += noise * 10 ** ((VOICE_DBFS - snr_db) / 20) / max(_loud_rms(noise), 1e-9)
    return np.asarray(np.clip(sound, -1.0, 1.0))


def _loud_rms(sound: Signal) -> float:
    """RMS of the part within 20 dB of the loudest."""
    blocks = sound[: sound.size // 320 * 320].reshape(-1, 320)
    power = np.square(blocks).mean(axis=1)
    return float(np.sqrt(power[power >= 0.01 * power.max()].mean()))


def _at_16_khz(wav: bytes, tract: float) -> Signal:
    import soundfile
    import soxr

    samples, rate_hz = soundfile.read(io.BytesIO(wav), dtype="float64", always_2d=True)
    sound = soxr.resample(samples[:, 0], rate_hz * tract, SAMPLE_RATE_HZ)
    loud = np.flatnonzero(np.abs(sound) > 0.02 * np.abs(sound).max())
    if not loud.size:
        return np.zeros(0)
    kept = sound[loud[0] : loud[-1] + 1]
    return np.asarray(kept * (0.6 / np.abs(kept).max()))
