"""Myna's own acoustic model: how likely each phone is, and how well it is said, every 10 ms.

A dilated convolutional network of half a million weights, trained on Mandarin speakers' English
(`training/`; what it is good for stands in ``docs/models.md``), run by ONNX Runtime.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from core.errors import ModelError
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
        import onnxruntime

        path = path or MODEL_PATH
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
            metadata = self._session.get_modelmeta().custom_metadata_map
            self._log_priors = np.array(json.loads(metadata["log_priors"]), np.float32)
        except Exception as fault:  # the runtime's errors share no base class
            raise ModelError(
                f"the acoustic model {path} is missing or broken; install Myna again"
            ) from fault

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
