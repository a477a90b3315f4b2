"""What was said, who can say something, and how loud and how long speech is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from audio.ports import SAMPLE_RATE_HZ
from audio.virtual_room.acoustics import Signal

_FRAME_S = 0.02
_ACTIVE_BELOW_PEAK = 1e-3  # frames within 30 dB of the loudest count as speech


@dataclass(frozen=True, slots=True)
class Spoken:
    """A text that was said.

    Attributes:
        samples: Mono, 16 000 Hz, active level 1.0 (RMS), silence at both ends trimmed.
        text: What was really said.
        source: Which voice said it, for the record.
    """

    samples: Signal
    text: str
    source: str


class ChildVoice(Protocol):
    """Somebody who can say a text."""

    def say(self, text: str, *, second: bool = False) -> Spoken:
        """A text in the child's voice, or in the `second` child's.

        Raises:
            ModelError: No synthesiser is installed, or it refused.
        """

    def texts(self, *, max_words: int) -> tuple[str, ...]:
        """Texts that this voice says best, lower-case, shortest first."""


def active_rms(signal: Signal) -> float:
    """RMS over the parts that are speech: 20 ms frames within 30 dB of the loudest.

    Returns:
        0.0 for silence or less than one frame.
    """
    size = int(_FRAME_S * SAMPLE_RATE_HZ)
    frames = signal[: len(signal) // size * size].reshape(-1, size)
    power = np.mean(frames**2, axis=1)
    if not len(power) or power.max() == 0:
        return 0.0
    return float(np.sqrt(power[power > power.max() * _ACTIVE_BELOW_PEAK].mean()))


def audible_span(signal: Signal) -> tuple[int, int]:
    """First and one past the last sample that is heard.

    In 5 ms windows: audible is what lies within 35 dB of the active level and 10 dB above the
    recording's own floor (its quietest tenth).

    Returns:
        (0, 0) when nothing is.
    """
    size = SAMPLE_RATE_HZ // 200
    level = active_rms(signal)
    windows = signal[: len(signal) // size * size].reshape(-1, size)
    if level == 0.0:
        return 0, 0
    rms = np.sqrt(np.mean(windows**2, axis=1))
    floor = float(np.percentile(rms, 10))
    # A text spoken without any pause has no floor: its quietest tenth is speech itself.
    threshold = max(level * 10 ** (-35 / 20), min(floor * 10 ** (10 / 20), level * 0.1))
    heard = np.flatnonzero(rms > threshold)
    return int(heard[0]) * size, int(heard[-1] + 1) * size


def trimmed(signal: Signal) -> Signal:
    """The audible part with 30 ms around it, faded over 5 ms, at an active level of 1.0."""
    start, end = audible_span(signal)
    margin = SAMPLE_RATE_HZ * 30 // 1000
    cut = signal[max(start - margin, 0) : end + margin] / max(active_rms(signal), 1e-9)
    fade = np.linspace(0, 1, SAMPLE_RATE_HZ // 200)
    if len(cut) >= 2 * len(fade):
        cut[: len(fade)] *= fade
        cut[-len(fade) :] *= fade[::-1]
    return cut
