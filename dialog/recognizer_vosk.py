"""Vosk, where one of its models is installed (``pip install myna[vosk]``).

Its grammar at run time is a smoothed bigram over the listed sentences, not the list; so what it
heard is mapped to the nearest candidate afterwards. ``[unk]`` in the grammar takes other speech.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from audio.ports import SAMPLE_RATE_HZ, Samples
from core.errors import ModelError
from dialog import matching
from dialog.ports import Hints, Recognition

UNKNOWN = "[unk]"
PIECE_SAMPLES = SAMPLE_RATE_HZ // 5
"""Vosk drops Python's lock within a call; pieces bound how long one is."""


class VoskRecognizer:
    """A Vosk model with a grammar for every utterance.

    Args:
        folder: The model's folder.

    Raises:
        ModelError: The package or the model is missing or broken.
    """

    name = "vosk"

    def __init__(self, folder: Path) -> None:
        try:
            import vosk
        except ImportError as fault:
            raise ModelError(
                "a Vosk model is set but vosk is not installed; install it with: "
                'pip install vosk, or set recognition.engine to "pocketsphinx"'
            ) from fault
        if not folder.is_dir():
            raise ModelError(f"there is no Vosk model at {folder}; correct recognition.vosk_model")
        vosk.SetLogLevel(-1)
        try:
            self._model: Any = vosk.Model(str(folder))
        except Exception as fault:  # vosk raises the bare class
            raise ModelError(f"the Vosk model {folder} is broken; install it again") from fault
        self._vosk = vosk

    def recognize(self, samples: Samples, hints: Hints) -> Recognition:
        """See `dialog.ports.Recognizer`."""
        candidates = tuple(matching.words(candidate) for candidate in hints.candidates)
        said = self._heard(samples, candidates)
        # What lay outside the grammar counts against a candidate; it is no word of the text.
        heard = [(word, sure) for word, sure in said if word != UNKNOWN]
        text = " ".join(word for word, _ in heard)
        if not heard:
            return Recognition("", None, 0.0, complete=False)
        sure = sum(confidence for _, confidence in heard) / len(heard)
        if not any(candidates):
            return Recognition(text, None, sure, complete=False)
        found = matching.match([word for word, _ in said], candidates)
        return Recognition(text, found.index, sure * found.likeness, found.complete)

    def close(self) -> None:
        self._model = None

    def _heard(
        self, samples: Samples, candidates: tuple[tuple[str, ...], ...]
    ) -> list[tuple[str, float]]:
        """Words in order with how sure Vosk is of each, 0..1."""
        arguments: list[Any] = [self._model, SAMPLE_RATE_HZ]
        if any(candidates):
            arguments.append(json.dumps([*(" ".join(c) for c in candidates if c), UNKNOWN]))
        recogniser = self._vosk.KaldiRecognizer(*arguments)
        recogniser.SetWords(True)
        said: list[dict[str, Any]] = []
        for at in range(0, samples.size, PIECE_SAMPLES):
            # True at an inner pause: Vosk starts a new result there, and forgets the old one.
            if recogniser.AcceptWaveform(samples[at : at + PIECE_SAMPLES].tobytes()):
                said += json.loads(recogniser.Result()).get("result", [])
        said += json.loads(recogniser.FinalResult()).get("result", [])
        return [(str(part["word"]), float(part.get("conf", 1.0))) for part in said]
