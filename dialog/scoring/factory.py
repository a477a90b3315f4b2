"""Makes the scorer from the models that ship with Myna, or from others."""

from __future__ import annotations

from pathlib import Path

from dialog.scoring.lexicon import Lexicon
from dialog.scoring.network_onnx import ScorerNetwork
from dialog.scoring.scorer import PronunciationScorer
from dialog.speech_ears import SpeechEars, shared_in_noise


def build_scorer(models: Path | None = None) -> PronunciationScorer:
    """Load the scorer; takes a few tenths of a second.

    Args:
        models: Folder with ``ears.onnx`` and ``scorer.onnx``; None takes Myna's own.

    Raises:
        ModelError: A model or the dictionary is missing or broken.
    """
    if models is None:
        return PronunciationScorer(shared_in_noise(), ScorerNetwork(), Lexicon())
    acoustic, network = SpeechEars(models / "ears.onnx"), ScorerNetwork(models / "scorer.onnx")
    return PronunciationScorer(acoustic, network, Lexicon())
