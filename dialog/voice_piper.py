"""Piper's neural voices, where one is installed (``pip install myna[piper]``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from audio.ports import SAMPLE_RATE_HZ, Samples
from core.errors import ModelError
from dialog.levelling import levelled
from dialog.ports import Language, Line, Synthesizer
from dialog.speech_text import sentences

SENTENCE_PAUSE_S = 0.3


class PiperSynthesizer:
    """Piper for the languages that have a voice.

    Args:
        voices: ``.onnx`` files, each with its ``.onnx.json`` beside it.
        otherwise: Makes the voice of the other languages, when one is first needed.

    Raises:
        ModelError: The library is missing, or a voice is missing or broken.
    """

    name = "piper"

    def __init__(
        self, voices: Mapping[Language, Path], *, otherwise: Callable[[], Synthesizer]
    ) -> None:
        self._voices = {language: _load(path) for language, path in voices.items()}
        self._make_other = otherwise
        self._other: Synthesizer | None = None

    def speak(self, line: Line) -> Iterator[Samples]:
        """One chunk per sentence, trimmed and at the common level."""
        voice = self._voices.get(line.language)
        if voice is None:
            if self._other is None:
                self._other = self._make_other()
            yield from self._other.speak(line)
            return
        from piper import SynthesisConfig

        config = SynthesisConfig(length_scale=voice.config.length_scale / line.rate)
        pause_s = 0.0
        for sentence in sentences(line.text):
            for made in voice.synthesize(sentence, config):
                speech = soxr.resample(made.audio_float_array, made.sample_rate, SAMPLE_RATE_HZ)
                chunk = levelled(np.asarray(speech, np.float32), pause_s=pause_s)
                if chunk.size:
                    yield chunk
                    pause_s = SENTENCE_PAUSE_S

    def close(self) -> None:
        self._voices = {}
        if self._other is not None:
            self._other.close()


def _load(path: Path) -> Any:  # noqa: ANN401 - piper comes without types
    try:
        from piper import PiperVoice
    except ImportError as fault:
        raise ModelError(
            "a Piper voice is set but piper-tts is not installed; install it with: "
            'pip install "piper-tts>=1.3", or set voice.engine to "espeak"'
        ) from fault
    for part in (path, Path(f"{path}.json")):
        if not part.is_file():
            raise ModelError(f"the Piper voice file {part} is missing; put it there")
    try:
        return PiperVoice.load(path)
    except Exception as fault:  # whatever json and the runtime find wrong with a broken file
        raise ModelError(f"the Piper voice {path} is broken; install it again") from fault
