"""What a child says over Myna, in rooms that differ in everything that makes cancelling hard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Samples
from device.bench import acoustics, echo_scene
from device.bench.acoustics import Point, Signal
from device.bench.echo_scene import FAR_RMS, FIRST_WORD_S, GAP_S, NOISE_RMS
from device.bench.echo_signals import int16

ROOMS_M: tuple[Point, ...] = ((3.1, 2.7, 2.4), (4.2, 3.4, 2.5), (6.4, 5.1, 2.9))
"""A bedroom, a living room, a class room; each is varied by up to 0.4 m a side."""
RT60_S = (0.2, 0.35, 0.5, 0.8)
CLIPS = {"off": None, "mild": 0.25, "hard": 0.12}
"""Amplitude at which the loudspeaker saturates, where its peaks reach about 0.5."""
DELAYS_MS = (10.0, 40.0, 90.0, 160.0, 250.0)
DRIFTS_PPM = (0.0, 100.0, 0.0, -100.0)
FARS = ("speech", "speech", "music")
Level = TypeVar("Level")
LOST_SAMPLES = 480
"""A block that the card did not play: what follows comes 30 ms sooner."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One place to listen in.

    Attributes:
        room: Index into `ROOMS_M`.
        clip: One of `CLIPS`.
        jump_ms: By how much the delay grows at `jump_at_s`.
        lost_block: Whether 30 ms of playback are lost at `jump_at_s`.
        seed: Of room and noise.
    """

    room: int
    rt60_s: float
    clip: str
    delay_ms: float
    drift_ppm: float
    far: str
    seed: int
    jump_ms: float = 0.0
    lost_block: bool = False
    jump_at_s: float = 6.0


@dataclass(frozen=True, slots=True)
class Place:
    """A condition's sounds before anybody speaks; all of one length, full scale 1.0."""

    condition: Condition
    far: Signal
    echo: Signal
    noise: Signal


@dataclass(frozen=True, slots=True)
class Talk:
    """A child in a place.

    Attributes:
        near: The microphone.
        far: What the card was given.
        child: The child's part of `near`, full scale 1.0.
        echo: The echo's part of `near`.
        words: First and last sample of each sentence.
    """

    near: Samples
    far: Samples
    child: Signal
    echo: Signal
    words: tuple[tuple[int, int], ...]


def grid(count: int, *, seed: int) -> list[Condition]:
    """Conditions in which every level of every factor comes equally often, drawn by `seed`.

    A Latin square of sorts: each factor's levels are repeated to `count` and shuffled on their
    own, which covers the grid's margins with far fewer scenes than all its corners.
    """
    rng = np.random.default_rng(seed)

    def shuffled(levels: Sequence[Level]) -> list[Level]:
        return [levels[int(place) % len(levels)] for place in rng.permutation(count)]

    columns = zip(
        shuffled(range(len(ROOMS_M))),
        shuffled(RT60_S),
        shuffled(tuple(CLIPS)),
        shuffled(DELAYS_MS),
        shuffled(DRIFTS_PPM),
        shuffled(FARS),
        strict=True,
    )
    return [
        Condition(room, rt60_s, clip, delay_ms, drift_ppm, far, 1000 * seed + number)
        for number, (room, rt60_s, clip, delay_ms, drift_ppm, far) in enumerate(columns)
    ]


def jumps(count: int, *, seed: int) -> list[Condition]:
    """The same with a delay that jumps to and fro, and with lost blocks of playback."""
    moved: list[Condition] = []
    for number, condition in enumerate(grid(count, seed=seed + 77)):
        delay_ms = max(condition.delay_ms, 40.0)
        plain = replace(condition, drift_ppm=0.0, delay_ms=delay_ms, far="speech")
        if number % 3 == 2:
            moved.append(replace(plain, lost_block=True))
        else:
            up = number % 3 == 0 and delay_ms < 200
            moved.append(replace(plain, jump_ms=120.0 if up else -min(100.0, delay_ms - 10)))
    return moved


def place(condition: Condition, seconds: float, *, far: Signal | None = None) -> Place:
    """What Myna plays, her voice or music where `far` is not given, and its echo in that place."""
    length = int(seconds * SAMPLE_RATE_HZ)
    if far is None:
        spoken = condition.far == "speech"
        far = echo_scene.far_end(seconds) if spoken else music(seconds, condition.seed)
    far = np.pad(far, (0, length - len(far)))
    played = far
    at = int(condition.jump_at_s * SAMPLE_RATE_HZ)
    if condition.lost_block:
        played = np.concatenate([far[:at], far[at + LOST_SAMPLES :], np.zeros(LOST_SAMPLES)])
    echo = acoustics.convolve(
        acoustics.loudspeaker(played, CLIPS[condition.clip]),
        _response(condition, acoustics.LOUDSPEAKER),
    )
    echo *= acoustics.active_rms(far) / acoustics.active_rms(echo)
    echo = acoustics.drifted(echo, condition.drift_ppm)
    early = _delayed(echo, condition.delay_ms)
    if condition.jump_ms:
        late = _delayed(echo, condition.delay_ms + condition.jump_ms)
        early = np.concatenate([early[:at], late[at:]])
    noise = NOISE_RMS * np.random.default_rng(condition.seed + 1).standard_normal(length)
    return Place(condition, far, early, noise)


def alone(where: Place) -> Talk:
    """Nobody speaks."""
    silent = np.zeros_like(where.echo)
    return Talk(int16(where.echo + where.noise), int16(where.far), silent, where.echo, ())


def talk(where: Place, voices: Sequence[Signal], *, child_below_echo_db: float) -> Talk:
    """A child joins in after 8 s, sentence by sentence, so far below the echo."""
    start, gap = int(FIRST_WORD_S * SAMPLE_RATE_HZ), int(GAP_S * SAMPLE_RATE_HZ)
    dry = np.zeros_like(where.echo)
    words: list[tuple[int, int]] = []
    for voice in voices:
        end = start + len(voice)
        if end > len(dry):
            raise ValueError("the place is too short for these sentences")
        dry[start:end] = voice / acoustics.active_rms(voice)
        words.append((start, end))
        start = end + gap
    child = acoustics.convolve(dry, _response(where.condition, acoustics.CHILD))
    child *= FAR_RMS * 10.0 ** (-child_below_echo_db / 20.0) / acoustics.active_rms(child)
    near = int16(where.echo + child + where.noise)
    return Talk(near, int16(where.far), child, where.echo, tuple(words))


def seconds_for(voices: Sequence[Signal]) -> float:
    """How long a place must sound for all of them to be said."""
    return FIRST_WORD_S + sum(len(voice) / SAMPLE_RATE_HZ + GAP_S for voice in voices)


def music(seconds: float, seed: int) -> Signal:
    """A tune with chords and a beat, as loud as Myna's voice: dense and tonal, as no speech is."""
    rng = np.random.default_rng(seed)
    length = int(seconds * SAMPLE_RATE_HZ)
    out = np.zeros(length)
    beat = SAMPLE_RATE_HZ * 3 // 10
    scale = 220.0 * 2.0 ** (np.array([0, 2, 4, 7, 9, 12, 14, 16]) / 12)
    for at in range(0, length, beat):
        size = min(2 * beat, length - at)
        time = np.arange(size) / SAMPLE_RATE_HZ
        for _ in range(3):
            hz = float(rng.choice(scale)) * float(rng.choice([1.0, 2.0]))
            for harmonic in range(1, 7):
                decay = np.exp(-time * (3.0 + harmonic))
                out[at : at + size] += decay * np.sin(2 * np.pi * hz * harmonic * time) / harmonic
        drum = min(1600, size)
        out[at : at + drum] += 2.0 * rng.standard_normal(drum) * np.exp(-np.arange(drum) / 240)
    return np.asarray(np.clip(out / acoustics.active_rms(out) * FAR_RMS, -1, 1))


def _response(condition: Condition, source: Point) -> Signal:
    return acoustics.room_response(
        condition.rt60_s, source, seed=condition.seed, room_m=ROOMS_M[condition.room]
    )


def _delayed(signal: Signal, delay_ms: float) -> Signal:
    shift = round(delay_ms * SAMPLE_RATE_HZ / 1000)
    return np.concatenate([np.zeros(shift), signal])[: len(signal)]
