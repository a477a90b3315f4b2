"""How sure it is that a phone was said otherwise: what ears and scorer say, weighed together.

The ears alone will not do: how much better another sound fits means little where experts take
either for right (AA for AH), and much where they do not (S for SH). The score alone will not do
either: it is as lenient as the experts. So both are weighed by logistic regression, with a term
for every confusion. Of a vowel that was added the score knows nothing, since the phone that it
comes after was said well: there the ears decide alone. See ``training/scoring_heard.py`` for what
all this learnt from.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from core.errors import ModelError

CONFUSIONS = Path(__file__).with_name("confusions.json")
LARGEST_MARGIN = 100.0
LEAST_CHANCE = 1e-3


@dataclass(frozen=True, slots=True)
class Confusions:
    """What was learnt.

    Attributes:
        bias: Log odds at no margin and an even chance of being wrong.
        margin: Weight of the square root of the margin.
        wrong: Weight of the log odds that experts would find the phone wrong.
        terms: Log odds that a confusion has of its own, by `confusion`; others have none.
        name_from: Log odds from which another sound, or none, is named.
        added_from: Margin from which an added vowel is named.
    """

    bias: float
    margin: float
    wrong: float
    terms: Mapping[str, float]
    name_from: float
    added_from: float

    @classmethod
    def load(cls, path: Path = CONFUSIONS) -> Self:
        """What ships with Myna.

        Raises:
            ModelError: It is missing or broken.
        """
        try:
            kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return cls(**kept)
        except (OSError, ValueError, TypeError) as fault:
            raise ModelError(f"{path} is missing or broken; install Myna again") from fault

    def above(self, phone: str, heard: str, margin: float, wrong: float) -> float:
        """By how much it is surer than it has to be that a phone was said otherwise.

        Args:
            phone: What was asked for.
            heard: As in `dialog.scoring.result.PhoneResult.heard`.
            margin: By how much that explains the sound better, in log likelihood.
            wrong: Probability that experts would give the phone less than 1.

        Returns:
            Log odds above the threshold; it may be named from 0. Minus infinity where it
            explains the sound no better.
        """
        if margin <= 0.0:
            return -math.inf
        if is_added(heard):
            return self.margin * (root(margin) - root(self.added_from))
        odds = self.bias + self.margin * root(margin) + self.wrong * logit(wrong)
        return odds + self.terms.get(confusion(phone, heard), 0.0) - self.name_from


def is_added(heard: str) -> bool:
    """Whether this is a vowel that was added, the phone itself being there."""
    return " " in heard


def confusion(phone: str, heard: str) -> str:
    """Name of a confusion: ``TH>S``, or ``T>`` for nothing."""
    return f"{phone}>{heard}"


def root(margin: float) -> float:
    """Margins add up over frames that are much alike, so they grow faster than what they say."""
    return math.sqrt(min(margin, LARGEST_MARGIN))


def logit(chance: float) -> float:
    """Log odds, held within what a table of chances can know."""
    held = min(max(chance, LEAST_CHANCE), 1.0 - LEAST_CHANCE)
    return math.log(held / (1.0 - held))
