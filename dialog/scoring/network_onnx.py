"""The trained scorer, run by ONNX Runtime: figures in, experts' scores out.

Everything that was trained travels in one file: the mean of several recurrent networks, how its
inputs are standardised, and the tables that say how sure an output is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dialog.onnx_model import open_model
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
        self._session, self.trained = open_model(path or MODEL_PATH, "the scorer's model", _trained)

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


def _trained(notes: Mapping[str, str]) -> Trained:
    return Trained.from_plain(json.loads(notes["trained"]))
