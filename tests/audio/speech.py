"""Sounds for the tests of hearing, made when they are needed."""

from __future__ import annotations

import io
import subprocess

import numpy as np
import soundfile
import soxr

from audio.ports import SAMPLE_RATE_HZ, Samples


def espeak(text: str, *options: str) -> Samples:
    """`text` by espeak-ng, without silence around it."""
    wav = subprocess.run(
        ["espeak-ng", "--stdout", *options, text], capture_output=True, check=True
    ).stdout
    sound, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
    sound = soxr.resample(sound, rate, SAMPLE_RATE_HZ)
    loud = np.flatnonzero(np.abs(sound) > 0.01)
    return (sound[loud[0] : loud[-1] + 1] * 32767).astype(np.int16)


def silence(seconds: float) -> Samples:
    """Digital silence."""
    return np.zeros(round(seconds * SAMPLE_RATE_HZ), np.int16)


def pink_noise(seconds: float, dbfs: float, *, seed: int = 1) -> Samples:
    """Noise that falls by 3 dB an octave, like a fan."""
    count = round(seconds * SAMPLE_RATE_HZ)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 20))
    noise = np.fft.irfft(spectrum, count)
    noise *= 32768 * 10 ** (dbfs / 20) / np.sqrt(np.mean(noise**2))
    return noise.astype(np.int16)


def cough(peak: float = 0.3, *, seed: int = 2) -> Samples:
    """A burst of noise with a sharp start that dies away within 0.3 s."""
    count = int(0.3 * SAMPLE_RATE_HZ)
    time_s = np.arange(count) / SAMPLE_RATE_HZ
    burst = np.random.default_rng(seed).uniform(-1, 1, count)
    envelope = np.minimum(time_s / 0.008, 1) * np.exp(-time_s / 0.09)
    return (burst * envelope * peak * 32767).astype(np.int16)
