"""What earlier recordings say about a child's voice: running sums, kept on the device.

No sound and no word is kept: how much was heard, the mean of the scores, and the mean of the
figures that they came from. From it the scorer learns where this voice usually lies, so that a
single short utterance is not all it goes by.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from dialog.scoring.figures import COUNT

VERSION = 1
FORGET = 0.98
"""What older utterances keep of their weight at every new one: a child improves, a cold passes."""


@dataclass(frozen=True, slots=True)
class Past:
    """What one utterance adds.

    Attributes:
        phones: How many it has.
        score_sum: Of its scores 0..2, as they were without any history.
        figure_sums: Of its figures, shape (`COUNT`,).
    """

    phones: int
    score_sum: float
    figure_sums: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class VoiceHistory:
    """Running statistics of one child's voice; a new value after every utterance.

    Attributes:
        utterances: How many there were, older ones counting less.
        phones: The same for phones.
        score_sum: Of the phones' scores, with the same weights.
        figure_sums: The same for each of `dialog.scoring.figures.NAMES`.
    """

    utterances: float = 0.0
    phones: float = 0.0
    score_sum: float = 0.0
    figure_sums: tuple[float, ...] = field(default=(0.0,) * COUNT)

    def joined(self, past: Past) -> Self:
        """The history after one more utterance."""
        sums = zip(self.figure_sums, past.figure_sums, strict=True)
        return type(self)(
            self.utterances * FORGET + 1.0,
            self.phones * FORGET + past.phones,
            self.score_sum * FORGET + past.score_sum,
            tuple(old * FORGET + new for old, new in sums),
        )

    @property
    def mean_score(self) -> float:
        """0..2; meaningless before the first utterance."""
        return self.score_sum / max(self.phones, 1.0)

    @property
    def mean_figures(self) -> NDArray[np.float64]:
        """Shape (`COUNT`,); meaningless before the first utterance."""
        return np.array(self.figure_sums) / max(self.phones, 1.0)

    def to_json(self) -> str:
        """For the store."""
        return json.dumps(
            {
                "version": VERSION,
                "utterances": round(self.utterances, 4),
                "phones": round(self.phones, 4),
                "score_sum": round(self.score_sum, 4),
                "figure_sums": [round(total, 4) for total in self.figure_sums],
            }
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What `to_json` wrote; anything else, such as an older version's, is a fresh start."""
        try:
            kept: Any = json.loads(text)
            if kept["version"] != VERSION:
                return cls()
            history = cls(
                float(kept["utterances"]),
                float(kept["phones"]),
                float(kept["score_sum"]),
                tuple(map(float, kept["figure_sums"])),
            )
        except (ValueError, TypeError, KeyError):
            return cls()
        numbers = [history.utterances, history.phones, history.score_sum, *history.figure_sums]
        whole = len(history.figure_sums) == COUNT and bool(np.all(np.isfinite(numbers)))
        return history if whole else cls()
