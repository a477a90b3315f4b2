"""Whether a path through the phones is the phrase: a small network over its evidence.

A layer looks at each phone, a second at each with its neighbours; their mean, highest and lowest
over the phrase, with the figures of the whole, decide. It was trained on thousands of phrases that
people said (`training.wake`), none of which it knows by name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError
from dialog.wake.evidence import RATIO, Evidence

Floats = NDArray[np.float32]

VERIFIER_PATH = Path(__file__).parent.parent / "models" / "wake" / "verifier.npz"
USUAL_RATIO = -0.5
"""Log likelihood ratio for each frame of a phrase that was said; it changes no logit."""
_NAMES = ("phone", "around", "whole", "last")


@dataclass(frozen=True, slots=True)
class Verifier:
    """The weights.

    Attributes:
        weights: Of the four layers, shape (inputs, outputs) each.
        biases: Of the same.
        ratio_weight: How much the path's likelihood ratio counts besides: a network that has seen
            few paths as bad as some in other talk must not overrule it.
    """

    weights: Mapping[str, Floats]
    biases: Mapping[str, Floats]
    ratio_weight: float

    @classmethod
    def load(cls, path: Path = VERIFIER_PATH) -> Verifier:
        """Read the weights.

        Raises:
            ModelError: The file is missing or broken.
        """
        try:
            with np.load(path) as kept:
                weights = {name: kept[f"{name}.weight"].astype(np.float32) for name in _NAMES}
                biases = {name: kept[f"{name}.bias"].astype(np.float32) for name in _NAMES}
                ratio_weight = float(kept["ratio_weight"])
        except (OSError, KeyError, ValueError) as fault:
            raise ModelError(
                f"the wake phrase's model {path} is missing or broken; install Myna again",
                code="model.wake",
            ) from fault
        return cls(weights, biases, ratio_weight)

    def logit(self, seen: Evidence) -> float:
        """Natural log of the odds that the phrase was said; 0 where the device wakes."""
        each = np.maximum(self._layer("phone", seen.phones), 0.0)
        padded = np.pad(each, ((1, 1), (0, 0)))
        around = np.concatenate([padded[:-2], padded[1:-1], padded[2:]], axis=1)
        each = np.maximum(self._layer("around", around), 0.0)
        pooled = [each.mean(axis=0), each.max(axis=0), each.min(axis=0), seen.whole]
        hidden = np.maximum(self._layer("whole", np.concatenate(pooled)), 0.0)
        ratio = self.ratio_weight * (float(seen.whole[RATIO]) - USUAL_RATIO)
        return float(self._layer("last", hidden)[0]) + ratio

    def _layer(self, name: str, given: Floats) -> Floats:
        made: Floats = given @ self.weights[name] + self.biases[name]
        return made


def share(logit: float) -> float:
    """A logit as a score 0..1."""
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, logit))))
