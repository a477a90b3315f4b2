"""Myna's own acoustic model: how likely each phone is, and how well it is said, every 10 ms.

A dilated convolutional network of half a million weights, trained on Mandarin speakers' English
(`training/`; what it is good for stands in ``docs/models.md``), run by ONNX Runtime.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dialog.onnx_model import log_priors, open_model
from dialog.phone_features import Waveform, features
from dialog.phone_frames import Frames

MODEL_PATH = Path(__file__).parent / "models" / "phones.onnx"
CONTEXT_FRAMES = 38
"""Frames before and after that the model looks at; beyond the edges the outermost is repeated."""


class PhoneModel:
    """The acoustic model, loaded once; a call takes about 1 % of the sound's duration.

    Args:
        path: The model; None takes the one that ships with Myna.

    Raises:
        ModelError: The model is missing or broken.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._session, self._log_priors = open_model(
            path or MODEL_PATH, "the acoustic model", log_priors
        )

    def frames(self, samples: Waveform) -> Frames:
        """Run the model over a whole utterance.

        Args:
            samples: Float32, mono, 16 000 Hz, -1..1, any length; less than 25 ms is filled up
                with silence.
        """
        bands = features(samples)
        padded = np.pad(bands, ((CONTEXT_FRAMES, CONTEXT_FRAMES), (0, 0)), mode="edge")
        posteriors, scores = self._session.run(
            ["log_posteriors", "expert_score"], {"bands": padded.T[None]}
        )
        return Frames(
            np.ascontiguousarray(posteriors[0].T),
            np.ascontiguousarray(scores[0].T),
            self._log_priors,
        )
