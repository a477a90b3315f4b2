"""Myna's own acoustic model: how likely each phone is, and how well it is said, every 10 ms.

A dilated convolutional network of half a million weights, trained on Mandarin speakers' English
(`training/`; what it is good for stands in ``docs/models.md``), run by ONNX Runtime.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError
from dialog.phone_features import FRAME_S, Waveform, features

MODEL_PATH = Path(__file__).parent / "models" / "phones.onnx"
CONTEXT_FRAMES = 38
"""Frames before and after that the model looks at; beyond the edges the outermost is repeated."""


@dataclass(frozen=True, slots=True)
class Frames:
    """What the model makes of an utterance.

    Attributes:
        log_posteriors: Natural logs, shape (T, 118): the three states of each of
            `dialog.phone_set.PHONES` at ``3 * phone + state``, then silence. Float32.
        expert_score: Shape (T, 39): the score 0..2 that an expert would give each phone if it
            were the one being said. Float32.
        log_priors: Shape (118,): how common each output was in training. A posterior minus its
            prior is a likelihood, up to a constant for each frame.
        frame_s: Seconds from one frame to the next; the first window is centred on 12.5 ms.
    """

    log_posteriors: NDArray[np.float32]
    expert_score: NDArray[np.float32]
    log_priors: NDArray[np.float32]
    frame_s: float = FRAME_S


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
