"""Short signals for echo tests: bursts of noise shaped like speech, a room, a loudspeaker."""

from __future__ import annotations

import functools
import math

import numpy as np

from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, EchoCanceller, Samples
from device.bench import acoustics
from device.bench.acoustics import Signal

FAR_RMS = 0.08


def babble(seconds: float, *, seed: int) -> Signal:
    """Noise falling 6 dB per octave in syllables of 50 to 250 ms; full scale 1.0."""
    rng = np.random.default_rng(seed)
    length = int(seconds * SAMPLE_RATE_HZ)
    noise = np.convolve(rng.standard_normal(length), 0.8 ** np.arange(40))[:length]
    envelope = np.zeros(length)
    at = 0
    while at < length:
        size = int(rng.uniform(0.05, 0.25) * SAMPLE_RATE_HZ)
        envelope[at : at + size] = np.hanning(size)[: length - at] * rng.uniform(0.2, 1.0)
        at += size
    shaped = noise * envelope
    return np.asarray(np.clip(shaped / acoustics.active_rms(shaped) * FAR_RMS, -1, 1))


@functools.cache
def response(source: acoustics.Point = acoustics.LOUDSPEAKER) -> Signal:
    """A room of 0.3 s reverberation, scaled to pass on white noise at its level."""
    heard = acoustics.room_response(0.3, source, seed=3)
    return np.asarray(heard / np.sqrt(np.sum(np.square(heard))))


def echo_of(far: Signal, *, delay_samples: int = 0, clip: float | None = None) -> Signal:
    """What the microphone hears of `far`, as loud as `far`."""
    echo = acoustics.convolve(acoustics.loudspeaker(far, clip), response())
    return np.concatenate([np.zeros(delay_samples), echo])[: len(far)]


def int16(signal: Signal) -> Samples:
    """Full scale 1.0 to int16, clipped."""
    return np.clip(np.rint(signal * 32768), -32768, 32767).astype(np.int16)


def noise(length: int, *, seed: int) -> Signal:
    """A quiet room, -70 dBFS."""
    return np.asarray(10 ** (-70 / 20) * np.random.default_rng(seed).standard_normal(length))


def through(canceller: EchoCanceller, near: Samples, far: Samples) -> Samples:
    """A whole recording through a canceller."""
    out = np.zeros_like(near)
    for start in range(0, len(near) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        frame = slice(start, start + FRAME_SAMPLES)
        canceller.process(near[frame], far[frame], out[frame])
    return out


def erle_db(near: Samples, out: Samples, *, from_s: float, to_s: float) -> float:
    """Power in over power out within a stretch of time, in dB."""
    part = slice(int(from_s * SAMPLE_RATE_HZ), int(to_s * SAMPLE_RATE_HZ))
    before = float(np.mean(np.square(near[part].astype(float))))
    after = float(np.mean(np.square(out[part].astype(float))))
    return 10 * math.log10(before / max(after, 1e-12))
