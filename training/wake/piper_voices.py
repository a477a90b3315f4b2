"""English Piper voices, where some are installed, saying a wake phrase and what is like it."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from provisioning.models import speech_models
from training.wake.voices import Sound

if TYPE_CHECKING:
    from piper import PiperVoice

SPELLINGS = {"myna": "mynah"}
"""Words that Piper would misread: it says "mina" for "myna"."""
LENGTH_SCALE = (0.75, 1.4)


@functools.cache
def installed() -> tuple[Path, ...]:
    """The voices' files; none where piper-tts is missing."""
    if importlib.util.find_spec("piper") is None:
        return ()
    voices = speech_models().voices
    return tuple(path for name, path in sorted(voices.items()) if name.startswith("en"))


def say(text: str, rng: np.random.Generator) -> tuple[Sound, int]:
    """A text by one of them, and its sample rate.

    Args:
        text: Plain words.
        rng: Draws voice, speaker and pace.

    Raises:
        ValueError: Nothing was said.
    """
    from piper import SynthesisConfig

    paths = installed()
    voice = _loaded(paths[int(rng.integers(len(paths)))])
    config = SynthesisConfig(
        speaker_id=int(rng.integers(voice.config.num_speakers)),
        length_scale=float(rng.uniform(*LENGTH_SCALE)),
    )
    spelled = " ".join(SPELLINGS.get(word, word) for word in text.split())
    pieces = [made.audio_float_array for made in voice.synthesize(spelled, config)]
    if not pieces:
        raise ValueError("a text of which the voice said nothing")
    return np.concatenate(pieces).astype(np.float32), int(voice.config.sample_rate)


@functools.cache
def _loaded(path: Path) -> PiperVoice:
    from piper import PiperVoice

    return PiperVoice.load(path)
