"""Who talks on a television beside which a call is heard: people of the corpus, synthetic voices.

The benchmark's television has voices of its own: what is taught or set beside those would know them
when it is judged.
"""

from __future__ import annotations

import itertools
import subprocess
from collections.abc import Callable, Sequence

import numpy as np
from numpy.random import Generator

from audio.files import read_audio
from device.bench.acoustics import Signal, active_rms
from device.bench.wake_said import OLDEST_CHILD, Recording
from training.wake.callers import synthetic

_TRIES = 20


class Readers:
    """`audio.virtual_room.noise.Says` by recorded people.

    Args:
        recordings: At least one is a grown-up's.
        first: Who of them is talker 0, counted in the order of their names and round again.
    """

    def __init__(self, recordings: Sequence[Recording], first: int) -> None:
        grown_up = sorted(
            (each for each in recordings if each.age > OLDEST_CHILD),
            key=lambda each: (each.speaker, each.name),
        )
        self._people = [
            list(group) for _, group in itertools.groupby(grown_up, lambda each: each.speaker)
        ]
        self._first = first

    def __call__(self, talker: int, rng: Generator) -> Signal:
        """One of the talker's recordings, active level 1.0."""
        own = self._people[(self._first + talker) % len(self._people)]
        sound = read_audio(own[int(rng.integers(len(own)))].path) / 32768.0
        return np.asarray(sound / active_rms(sound))


class Synthesised:
    """`audio.virtual_room.noise.Says` by synthetic voices.

    Args:
        sentences: What they say.
        voice: Says a text as the talker of that number.
    """

    def __init__(self, sentences: Sequence[str], voice: Callable[[str, int], Signal]) -> None:
        self._sentences = sentences
        self._voice = voice

    def __call__(self, talker: int, rng: Generator) -> Signal:
        """One of the sentences, active level 1.0.

        Raises:
            RuntimeError: No synthesiser says it.
        """
        sound = self._voice(self._sentences[int(rng.integers(len(self._sentences)))], talker)
        return np.asarray(sound / active_rms(sound))


def teaching_voices(first: int) -> Callable[[str, int], Signal]:
    """Talkers with voices that teach, others for every number.

    Raises:
        RuntimeError: When called, if no synthesiser says the text.
    """

    def say(text: str, talker: int) -> Signal:
        for number in range(_TRIES):  # a synthesiser may lack the voice that was drawn
            try:
                sound = synthetic(text, np.random.default_rng([first, talker, number]))
            except (OSError, RuntimeError, ValueError, subprocess.SubprocessError):
                continue
            if sound.any():
                return sound.astype(np.float64)
        raise RuntimeError(f"no synthesiser says {text!r}")

    return say
