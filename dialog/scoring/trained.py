"""What the scorer's training found beside its networks' weights: scales, tables, thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Trained:
    """What training found beside the networks' weights; see ``training/scoring_tables.py``.

    Attributes:
        mean, deviation: Of the inputs, shape (inputs,).
        knots: Rising scores between which the tables are interpolated.
        wrong: At every knot the probability that experts give a phone less than 1.
        near, near_word, near_sentence: At every knot the probability that experts are within 0.5
            for a phone, and within 0.25 for the mean of a word and of a sentence.
        flag_from: Probability of being wrong from which a phone is flagged.
        gate: Weights of the sentence's mean figures, then the bias: is it this text?
        gate_from: Least log odds with which it is.
        history: Weights of what a child's past adds; see `dialog.scoring.memory`.
    """

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    knots: NDArray[np.float64]
    wrong: NDArray[np.float64]
    near: NDArray[np.float64]
    near_word: NDArray[np.float64]
    near_sentence: NDArray[np.float64]
    flag_from: float
    gate: NDArray[np.float64]
    gate_from: float
    history: NDArray[np.float64]

    @classmethod
    def from_plain(cls, kept: Mapping[str, Any]) -> Self:
        """From numbers and lists of numbers, as JSON holds them; what else is there is left.

        Raises:
            KeyError: One is missing.
        """
        parts: dict[str, Any] = {}
        for field in fields(cls):
            value = kept[field.name]
            parts[field.name] = value if isinstance(value, float) else np.array(value, np.float64)
        return cls(**parts)

    def at(
        self, table: NDArray[np.float64], score: float | NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """A table's values at scores."""
        return np.asarray(np.interp(score, self.knots, table))
