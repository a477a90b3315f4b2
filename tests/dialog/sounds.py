"""Sounds that are no answer."""

from __future__ import annotations

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Samples


def noise(seconds: float, level: float) -> Samples:
    drawn = np.random.default_rng(1).normal(0.0, level, int(seconds * SAMPLE_RATE_HZ))
    return np.clip(drawn, -32768, 32767).astype(np.int16)


def music(seconds: float) -> Samples:
    at_s = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tune = np.array([262, 330, 392, 523])[(at_s * 3).astype(int) % 4]
    chord = sum(np.sin(2 * np.pi * tune * n * at_s) / n for n in (1, 2, 3))
    return np.asarray(4000 * chord, np.int16)
