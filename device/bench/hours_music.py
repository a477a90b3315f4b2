"""Music without a recording: a band of sines and noise with somebody who sings vowels, seeded.

A tune has a key, a speed and four chords that go round. On them play a plucked or a held
instrument (harmonics that decay or tremble), a bass, drums (a falling sine, noise, a hiss) and, in
two tunes of three, a voice: the harmonics of a gliding pitch under the resonances of a vowel that
turns into another within the note, with a puff of noise before it. Nobody's music is in it.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from audio.ports import SAMPLE_RATE_HZ
from device.bench.acoustics import Signal, active_rms

_SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 4, 7, 9))
_CHORDS = ((0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 4, 0), (0, 3, 1, 4))
_VOWELS = (
    # Resonances in Hz, about those of a grown-up's a, e, i, o, u.
    (800.0, 1200.0, 2600.0), (500.0, 1800.0, 2500.0), (300.0, 2300.0, 3000.0),
    (500.0, 900.0, 2400.0), (330.0, 800.0, 2300.0),
)  # fmt: skip
_WIDTH_HZ = 120.0
_HIGHEST_HZ = 6000.0


def tune(seconds: float, rng: Generator) -> Signal:
    """A tune of so many seconds, active level 1.0."""
    out = np.zeros(round(seconds * SAMPLE_RATE_HZ))
    beat = round(SAMPLE_RATE_HZ * 60 / rng.uniform(70, 150))
    scale = _SCALES[int(rng.integers(len(_SCALES)))]
    chords = _CHORDS[int(rng.integers(len(_CHORDS)))]
    root_hz = 110.0 * 2 ** (int(rng.integers(12)) / 12)
    held, sung = rng.random() < 0.4, rng.random() < 0.67
    drums = rng.random() < 0.8
    roll_off = rng.uniform(0.8, 1.6)
    for number, at in enumerate(range(0, len(out), beat)):
        degree = chords[number // 4 % 4]
        tones = [_hz(root_hz, scale, degree + step) for step in (0, 2, 4)]
        for tone in tones if held and number % 4 == 0 else [tones[int(rng.integers(3))] * 2]:
            _add(out, at, 0.5 * _note(tone, beat * (4 if held else 2), roll_off, held=held))
        if number % 2 == 0:
            _add(out, at, 0.9 * _note(tones[0] / 2, 2 * beat, 1.8, held=False))
        if drums:
            _add(out, at, _drum(number % 4, rng))
        if sung and rng.random() < 0.7:
            pitch_hz = _hz(2 * root_hz, scale, degree + int(rng.integers(-2, 5)))
            _add(out, at, 1.1 * _sung(pitch_hz, round(beat * rng.uniform(0.5, 1.0)), rng))
    return np.asarray(out / active_rms(out))


def _hz(root_hz: float, scale: tuple[int, ...], degree: int) -> float:
    octave, place = divmod(degree, len(scale))
    return float(root_hz * 2 ** (octave + scale[place] / 12))


def _add(out: Signal, at: int, sound: Signal) -> None:
    part = sound[: len(out) - at]
    out[at : at + len(part)] += part


def _note(hz: float, size: int, roll_off: float, *, held: bool) -> Signal:
    time = np.arange(size) / SAMPLE_RATE_HZ
    phase = 2 * np.pi * hz * time
    if held:
        phase = phase + 0.4 * np.sin(2 * np.pi * 5.5 * time)
    sound = np.zeros(size)
    for harmonic in range(1, 9):
        if hz * harmonic > _HIGHEST_HZ:
            break
        fall = 1.0 if held else np.exp(-time * (2.0 + 1.5 * harmonic))
        sound += fall * np.sin(harmonic * phase) / harmonic**roll_off
    return np.asarray(sound * _edges(size, 0.05 if held else 0.004))


def _drum(beat: int, rng: Generator) -> Signal:
    size = SAMPLE_RATE_HZ // 5
    time = np.arange(size) / SAMPLE_RATE_HZ
    hiss = np.diff(rng.standard_normal(size), append=0.0) * np.exp(-time / 0.02) * 0.3
    if beat % 2:
        return np.asarray(hiss + 0.7 * rng.standard_normal(size) * np.exp(-time / 0.05))
    fall_hz = 50 + 90 * np.exp(-time / 0.03)
    thump = np.sin(2 * np.pi * np.cumsum(fall_hz) / SAMPLE_RATE_HZ) * np.exp(-time / 0.08)
    return np.asarray(hiss + 1.5 * thump)


def _sung(hz: float, size: int, rng: Generator) -> Signal:
    """One syllable: a vowel that becomes another."""
    time = np.arange(size) / SAMPLE_RATE_HZ
    glide = hz * (1 + 0.01 * np.sin(2 * np.pi * 5 * time) - 0.06 * np.exp(-time / 0.04))
    phase = 2 * np.pi * np.cumsum(glide) / SAMPLE_RATE_HZ
    first, last = (_VOWELS[int(place)] for place in rng.integers(len(_VOWELS), size=2))
    turn = np.clip(time * SAMPLE_RATE_HZ / max(size, 1) * 2 - 0.5, 0, 1)
    sound = np.zeros(size)
    for harmonic in range(1, int(_HIGHEST_HZ / hz)):
        at_hz = hz * harmonic
        strength = (1 - turn) * _resonance(at_hz, first) + turn * _resonance(at_hz, last)
        sound += strength * np.sin(harmonic * phase) / harmonic**0.5
    puff = rng.standard_normal(size) * np.exp(-time / 0.02) * rng.uniform(0, 0.5)
    return np.asarray((sound / (np.abs(sound).max() + 1e-9) + puff) * _edges(size, 0.02))


def _resonance(hz: float, vowel: tuple[float, ...]) -> float:
    return sum(1 / (1 + ((hz - centre) / _WIDTH_HZ) ** 2) for centre in vowel) + 0.02


def _edges(size: int, seconds: float) -> Signal:
    time = np.arange(size) / SAMPLE_RATE_HZ
    return np.asarray(np.minimum(1.0, np.minimum(time, time[::-1]) / seconds))
