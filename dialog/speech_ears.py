"""How whole utterances are heard: an encoder of English speech, and learners' phones on top.

The encoder is the lower part of Moonshine's smallest (Moonshine AI, MIT), which learnt from far
more speech than any corpus of learners holds: its middle layers still know how a sound was said,
its upper ones only which word was meant. What stands on it was trained on Mandarin speakers'
English (``training/ears.py``; what it is good for stands in ``docs/models.md``). It sees the whole
utterance both ways, so it serves recognition, scoring and the last word on a wake phrase; what
listens all the time is `dialog.wake.acoustics`.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dialog.ears_in_noise import EarsInNoise
from dialog.model_difference import applied
from dialog.onnx_model import log_priors, open_model
from dialog.phone_features import SHIFT_SAMPLES, WINDOW_SAMPLES, Waveform, conditioned
from dialog.phone_frames import Frames

Encoded = NDArray[np.float32]

MODEL_PATH = Path(__file__).parent / "models" / "ears.onnx"
NEAR_MODEL_PATH = MODEL_PATH.with_name("near_ears.npz")
"""The same, encoder and all taught to take fainter voices and noise for silence."""
STEP_SAMPLES, FIRST_CENTRE_SAMPLES = 384, 447
"""From one output to the next, and the middle of what the first one sees of the sound."""
SHORTEST_SAMPLES = 1600
"""Shorter sound is filled up with silence: the encoder needs a few windows."""


class SpeechEars:
    """The encoder and what stands on it, loaded once; called from one thread.

    The latest utterance is remembered, so that recognising and then scoring it costs one listening.

    Args:
        path: The model, or its difference from the one that ships with Myna (``.npz``); None takes
            that one.

    Raises:
        ModelError: The model is missing or broken.
    """

    def __init__(self, path: Path | None = None) -> None:
        path = path or MODEL_PATH
        made = applied(MODEL_PATH, path) if path.suffix == ".npz" else None
        self._session, self._log_priors = open_model(path, "the acoustic model", log_priors, made)
        self._latest: tuple[bytes, Frames, Encoded] | None = None

    def frames(self, samples: Waveform) -> Frames:
        """Listen to a whole utterance.

        Args:
            samples: Float32, mono, 16 000 Hz, -1..1, any length.

        Returns:
            One row for every 10 ms, as `dialog.phone_model.PhoneModel.frames` counts them.
        """
        return self._heard(samples)[0]

    def encoded(self, samples: Waveform) -> Encoded:
        """What the encoder alone makes of it, before anything was taken for a phone.

        Args:
            samples: As for `frames`.

        Returns:
            One row for every 24 ms, shape (n, 288).
        """
        return self._heard(samples)[1]

    def _heard(self, samples: Waveform) -> tuple[Frames, Encoded]:
        key = samples.tobytes()
        if self._latest is not None and self._latest[0] == key:
            return self._latest[1:]
        count = max(1, 1 + (samples.size - WINDOW_SAMPLES) // SHIFT_SAMPLES)
        sound = conditioned(samples)
        sound = np.pad(sound, (0, max(0, SHORTEST_SAMPLES - sound.size)))
        states, scores, encoded = self._session.run(
            ["log_posteriors", "expert_score", "encoded"], {"samples": sound[None]}
        )
        posteriors = every_10_ms(states[0].T, count)
        posteriors -= np.logaddexp.reduce(posteriors, axis=1, keepdims=True)
        frames = Frames(posteriors, every_10_ms(scores[0].T, count), self._log_priors)
        self._latest = (key, frames, encoded[0])
        return frames, encoded[0]


def every_10_ms(rows: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """The encoder's rows, one per 24 ms, read at the middles of `count` windows, one per 10 ms."""
    centre = WINDOW_SAMPLES // 2 + SHIFT_SAMPLES * np.arange(count)
    at = np.clip((centre - FIRST_CENTRE_SAMPLES) / STEP_SAMPLES, 0, len(rows) - 1)
    before = np.floor(at).astype(np.int64)
    after = np.minimum(before + 1, len(rows) - 1)
    share = (at - before)[:, None].astype(np.float32)
    between: NDArray[np.float32] = rows[before] * (1 - share) + rows[after] * share
    return between


@functools.cache
def shared() -> SpeechEars:
    """The ears that ship with Myna, one for each process.

    Raises:
        ModelError: The model is missing or broken.
    """
    return SpeechEars()


@functools.cache
def shared_near() -> SpeechEars:
    """The near ears that ship with Myna, one for each process, loaded when they are first needed.

    Raises:
        ModelError: The model is missing or broken.
    """
    return SpeechEars(NEAR_MODEL_PATH)


@functools.cache
def shared_in_noise() -> EarsInNoise:
    """Ears that choose by the noise, one for each process: recogniser and scorer listen together.

    Raises:
        ModelError: A model is missing or broken.
    """
    return EarsInNoise(shared(), shared_near)
