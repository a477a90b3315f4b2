"""What else sounds in a room: a fan, a television, a cough, a door. All synthesised, seeded."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.random import Generator

from audio.ports import SAMPLE_RATE_HZ
from audio.virtual_room.acoustics import Signal
from audio.virtual_room.synthesised import SENTENCES, say_as_adult

_LOUDEST_S = 0.1


def fan(seconds: float, rng: Generator) -> Signal:
    """Air and blades: a loop without a seam, RMS 1.0.

    Noise that falls by 6 dB per octave above 200 Hz and below 60 Hz, with the blades' tone at
    110 Hz and its harmonics 12 dB and more under it, as small table fans measure.
    """
    samples = round(seconds * SAMPLE_RATE_HZ)
    frequency = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE_HZ)
    shape = (frequency / 60) / (1 + (frequency / 60)) / (1 + frequency / 200)
    phases = np.exp(2j * np.pi * rng.random(len(frequency)))
    air = np.fft.irfft(shape * phases * np.sqrt(rng.exponential(size=len(frequency))), samples)
    air /= np.sqrt(np.mean(air**2))
    time = np.arange(samples) / SAMPLE_RATE_HZ
    for harmonic, level_db in ((1, -12), (2, -16), (3, -22)):
        cycles = round(110 * harmonic * seconds)  # whole cycles, so that the loop has no seam
        air += np.sqrt(2) * 10 ** (level_db / 20) * np.sin(
            2 * np.pi * cycles / seconds * time + rng.uniform(0, 2 * np.pi)
        )  # fmt: skip
    return np.asarray(air / np.sqrt(np.mean(air**2)))


class Says(Protocol):
    """Gives a talker's next sentence, active level about 1.0."""

    def __call__(self, talker: int, rng: Generator, /) -> Signal: ...


def synthesised(talker: int, rng: Generator) -> Signal:
    """One of a few sentences, by the grown-up of this number."""
    return say_as_adult(SENTENCES[rng.integers(len(SENTENCES))], talker).samples


def television(seconds: float, talkers: int, rng: Generator, says: Says = synthesised) -> Signal:
    """Grown-ups who talk without an end, several at once: a loop, active level about 1.0.

    Args:
        seconds: Length of the loop.
        talkers: How many.
        rng: Draws what is said when.
        says: Who they are.

    Raises:
        ModelError: No synthesiser is installed.
    """
    samples = round(seconds * SAMPLE_RATE_HZ)
    together = np.zeros(samples)
    for number in range(talkers):
        place = int(rng.uniform(0, 2) * SAMPLE_RATE_HZ)
        end = place + samples
        while place < end:
            sentence = says(number, rng)
            part = sentence[: end - place]
            together[(place + np.arange(len(part))) % samples] += part
            place += len(sentence) + int(rng.uniform(0.1, 0.5) * SAMPLE_RATE_HZ)
    return np.asarray(together / np.sqrt(talkers))


def cough(rng: Generator) -> Signal:
    """Two explosions of breath; level 1.0 (RMS) in the loudest 100 ms.

    Each has the three phases of J. Korpas, J. Sadlonova, M. Vrabec, "Analysis of the cough
    sound: an overview", Pulm. Pharmacol. 9 (1996), 261-268: a burst of some 50 ms, a steady
    flow of some 150 ms, and a voiced end.
    """
    parts = []
    for strength in (1.0, 0.7):
        length = int(rng.uniform(0.26, 0.34) * SAMPLE_RATE_HZ)
        time = np.arange(length) / SAMPLE_RATE_HZ
        burst = np.minimum(time / 0.004, 1) * np.exp(-time / 0.03)
        flow = (
            0.35 * np.clip((time - 0.02) / 0.03, 0, 1) * np.exp(-np.maximum(time - 0.1, 0) / 0.06)
        )
        breath = _coloured(length, ((700, 250, 1.0), (1500, 400, 0.8), (3000, 900, 0.5)), rng)
        pitch_hz = rng.uniform(330, 400) * (1 - 0.5 * time)
        voiced = np.sign(np.sin(2 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ))
        ending = (
            0.12 * np.clip((time - 0.16) / 0.03, 0, 1) * np.exp(-np.maximum(time - 0.2, 0) / 0.04)
        )
        parts.append(strength * ((burst + flow) * breath + ending * voiced))
        parts.append(np.zeros(int(rng.uniform(0.05, 0.15) * SAMPLE_RATE_HZ)))
    return _loudest_at_one(np.concatenate(parts))


def door(rng: Generator) -> Signal:
    """A door falls shut: latch, thump, rattle; level 1.0 (RMS) in the loudest 100 ms."""
    length = int(0.7 * SAMPLE_RATE_HZ)
    time = np.arange(length) / SAMPLE_RATE_HZ
    thump = np.exp(-time / 0.07) * np.minimum(time / 0.002, 1)
    sound = thump * _coloured(length, ((90, 30, 1.0), (180, 60, 0.8), (420, 150, 0.3)), rng)
    for at_s in (0.0, rng.uniform(0.04, 0.07), rng.uniform(0.1, 0.16)):
        click = np.exp(-np.maximum(time - at_s, 0) / 0.006) * (time >= at_s)
        sound += 0.5 * click * _coloured(length, ((1800, 700, 1.0), (4000, 1500, 0.6)), rng)
    return _loudest_at_one(sound)


def loudest_rms(sound: Signal) -> float:
    """RMS of the loudest 100 ms: how loud a burst is, which has no active level."""
    size = int(_LOUDEST_S * SAMPLE_RATE_HZ)
    return float(np.sqrt(np.convolve(sound**2, np.ones(size) / size, "valid").max()))


def _coloured(
    samples: int, bands: tuple[tuple[float, float, float], ...], rng: Generator
) -> Signal:
    """Noise with resonances, RMS 1.0; bands are (centre Hz, width Hz, amplitude)."""
    frequency = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE_HZ)
    shape = sum(
        gain / (1 + ((frequency - centre_hz) / width_hz) ** 2)
        for centre_hz, width_hz, gain in bands
    )
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(samples)) * shape, samples)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)))


def _loudest_at_one(sound: Signal) -> Signal:
    return np.asarray(sound / loudest_rms(sound))
