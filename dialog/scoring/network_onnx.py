"""The trained scorer, run by ONNX Runtime: figures in, experts' scores out.

Everything that was trained travels in one file: the mean of several recurrent networks, how its
inputs are standardised, and the tables that say how sure an output is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError
from dialog.scoring.trained import Trained

LARGEST = 4.0
"""Standardised inputs are cut here."""
MODEL_PATH = Path(__file__).parent.parent / "models" / "scorer.onnx"


class ScorerNetwork:
    """The network, loaded once.

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
            kept: dict[str, Any] = json.loads(
                self._session.get_modelmeta().custom_metadata_map["trained"]
            )
            self.trained = Trained.from_plain(kept)
        except Exception as fault:  # the runtime's errors share no base class
            raise ModelError(
                f"the scorer's model {path} is missing or broken; install Myna again"
            ) from fault

    def scores(
        self,
        inputs: NDArray[np.float32],
        phones: NDArray[np.int64],
        places: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """See `dialog.scoring.ports.Judge`."""
        spread = np.clip((inputs - self.trained.mean) / self.trained.deviation, -LARGEST, LARGEST)
        (scores,) = self._session.run(
            ["scores"],
            {"figures": spread.astype(np.float32)[:, None], "phones": phones, "places": places},
        )
        clipped: NDArray[np.float64] = np.clip(scores.astype(np.float64), 0.0, 2.0)
        return clipped
