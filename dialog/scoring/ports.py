"""What scoring promises to others."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from audio.ports import Samples
from dialog.scoring.history import VoiceHistory
from dialog.scoring.result import Score
from dialog.scoring.trained import Trained


class Scorer(Protocol):
    """Scores how English sentences are said. Loaded once, called from one thread."""

    def score(self, samples: Samples, text: str, history: VoiceHistory | None = None) -> Score:
        """How well a text was said; whatever is wrong with either is an outcome, no error.

        Args:
            samples: The utterance, int16, 16 000 Hz, mono, any length including 0.
            text: What was to be said, in English.
            history: Of the child who speaks; None for somebody unknown.
        """


class Judge(Protocol):
    """Turns figures into experts' scores.

    Attributes:
        trained: What goes with it.
    """

    trained: Trained

    def scores(
        self,
        inputs: NDArray[np.float32],
        phones: NDArray[np.int64],
        places: NDArray[np.int64],
    ) -> NDArray[np.float64]:
        """Scores 0..2 of a sentence's phones, shape (phones,).

        Args:
            inputs: As `dialog.scoring.figures.with_sentence` gives them.
            phones: Indices into `dialog.phone_set.PHONES`, shape (phones,).
            places: As `dialog.scoring.figures.places` gives them.
        """
