"""What rooms, noise, microphones and Myna's own front end do to a voice, drawn at random."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import webrtc_noise_gain
from numpy.typing import NDArray

from audio.virtual_room.acoustics import convolve, room_response

Sound = NDArray[np.float32]

SAMPLE_RATE_HZ = 16_000
ROOM_SHARE, NOISE_SHARE, COLOUR_SHARE, FRONT_END_SHARE = 0.7, 0.8, 0.5, 0.4
RT60_S = (0.15, 0.7)
SNR_DB = (0.0, 25.0)
LEVEL_DBFS = (-45.0, -12.0)
BOXES = 24
"""Rooms computed by image sources; the others decay exponentially."""


def spoiled(rng: np.random.Generator, voice: Sound, others: Sequence[Sound]) -> Sound:
    """One voice as it might reach the recogniser, of the same length and timing.

    Args:
        rng: Draws everything.
        voice: -1..1, 16 000 Hz.
        others: Other people's speech, for babble and television.
    """
    sound = voice.astype(np.float64)
    if rng.random() < ROOM_SHARE:
        sound = in_room(rng, sound)
    if rng.random() < NOISE_SHARE:
        noise = _noise(rng, sound.size, others)
        sound = mixed(sound, noise, rng.uniform(*SNR_DB))
    return recorded(rng, sound, FRONT_END_SHARE)


def recorded(rng: np.random.Generator, sound: NDArray[np.float64], front_end_share: float) -> Sound:
    """What a microphone gives of a sound, at some level, by chance behind the front end."""
    if rng.random() < COLOUR_SHARE:
        sound = _coloured(rng, sound)
    sound = sound * (10 ** (rng.uniform(*LEVEL_DBFS) / 20) / level(sound))
    sound = np.clip(sound, -1.0, 1.0)
    if rng.random() < front_end_share:
        sound = _front_end(rng, sound)
    return sound.astype(np.float32)


def heard(
    rng: np.random.Generator, voice: Sound, others: Sequence[Sound], *, snr_db: float | None
) -> Sound:
    """One voice in a random room at -26 dBFS, for judging: with noise at `snr_db` or without."""
    sound = in_room(rng, voice.astype(np.float64))
    if snr_db is not None:
        sound = mixed(sound, _noise(rng, sound.size, others), snr_db)
    return np.clip(sound * (0.05 / level(sound)), -1.0, 1.0).astype(np.float32)


def mixed(
    sound: NDArray[np.float64], noise: NDArray[np.float64], snr_db: float
) -> NDArray[np.float64]:
    """A sound and another one, so far below it."""
    return sound + noise * (level(sound) / level(noise) * 10 ** (-snr_db / 20))


def in_room(rng: np.random.Generator, sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """A sound in a random room, of the same length, its direct part where it was."""
    return np.asarray(convolve(sound, _room(rng))[: sound.size])


def _room(rng: np.random.Generator) -> NDArray[np.float64]:
    """Impulse response whose first sample is the direct sound."""
    if rng.random() < 0.5:
        return _box(int(rng.integers(BOXES)))
    rt60_s = rng.uniform(*RT60_S)
    time_s = np.arange(int(rt60_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tail = rng.normal(size=time_s.size) * 10 ** (-3.0 * time_s / rt60_s)
    tail[: int(rng.uniform(0.001, 0.008) * SAMPLE_RATE_HZ)] = 0.0
    direct_to_rest_db = rng.uniform(-6.0, 12.0)
    tail *= 10 ** (-direct_to_rest_db / 20) / np.sqrt(np.square(tail).sum())
    tail[0] = 1.0
    return tail


@functools.lru_cache(maxsize=BOXES)
def _box(index: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(1000 + index)
    size = tuple(rng.uniform((2.5, 2.5, 2.3), (6.0, 5.0, 2.9)))
    places = [tuple(rng.uniform(0.15, 0.85, 3) * size) for _ in range(2)]
    response = room_response(size, float(rng.uniform(0.2, 0.6)), places[0], places[1])
    direct = int(np.argmax(np.abs(response)))
    return np.asarray(response[direct:] / np.abs(response[direct]))


def machine(rng: np.random.Generator, length: int) -> NDArray[np.float64]:
    """A fan and the like: noise that falls off, with a hum or without one."""
    noise = _shaped(rng.normal(size=length), -rng.uniform(3.0, 9.0))
    hum = np.sin(2 * np.pi * rng.uniform(80, 400) * np.arange(length) / SAMPLE_RATE_HZ)
    return np.asarray(noise / level(noise) + rng.uniform(0.0, 0.7) * hum)


def _noise(rng: np.random.Generator, length: int, others: Sequence[Sound]) -> NDArray[np.float64]:
    kind = rng.random()
    if kind < 0.4:
        return machine(rng, length)
    voices = 1 if kind < 0.6 else int(rng.integers(3, 7))
    babble = np.zeros(length)
    for _ in range(voices):
        other = others[int(rng.integers(len(others)))].astype(np.float64)
        turned = np.roll(np.resize(other, length), int(rng.integers(length)))
        babble += turned / level(other)
    return in_room(rng, babble) + 1e-4 * rng.normal(size=length)


def _shaped(noise: NDArray[np.float64], db_per_octave: float) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(noise)
    octaves = np.log2(np.maximum(np.arange(spectrum.size) / spectrum.size * 160, 1.0))
    return np.fft.irfft(spectrum * 10 ** (db_per_octave * octaves / 20), noise.size)


def _coloured(rng: np.random.Generator, sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Through a microphone whose response wanders by a few dB."""
    spectrum = np.fft.rfft(sound)
    knots = rng.normal(0.0, 3.0, 8)
    gain_db = np.interp(np.linspace(0, 7, spectrum.size), np.arange(8), knots)
    return np.fft.irfft(spectrum * 10 ** (gain_db / 20), sound.size)


def _front_end(rng: np.random.Generator, sound: NDArray[np.float64]) -> NDArray[np.float64]:
    """Noise suppression and gain, as `audio` applies them to every frame."""
    processor = webrtc_noise_gain.AudioProcessor(int(rng.integers(0, 16)), int(rng.integers(1, 4)))
    pcm = np.rint(np.pad(sound, (0, -sound.size % 160)) * 32767).astype(np.int16)
    out = b"".join(
        processor.Process10ms(pcm[at : at + 160].tobytes()).audio for at in range(0, pcm.size, 160)
    )
    return np.frombuffer(out, np.int16)[: sound.size] / 32768.0


def level(sound: NDArray[np.float64] | Sound) -> float:
    """RMS of the loud part."""
    power = np.square(np.asarray(sound[: sound.size // 320 * 320]).reshape(-1, 320)).mean(axis=1)
    return float(np.sqrt(power[power >= 0.01 * power.max()].mean()) + 1e-9)
