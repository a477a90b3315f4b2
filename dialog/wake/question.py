"""What is asked about a sound that may hold the wake phrase, in the recogniser's process."""

from __future__ import annotations

from dataclasses import dataclass

Way = tuple[str, ...]
"""Phones of a word, as `dialog.lexicon.Pronunciation`; this file stays free of what others need."""


@dataclass(frozen=True, slots=True)
class WakeQuestion:
    """One question.

    Attributes:
        text: The phrase as written.
        further: For every word ways to say it that children taught; none, or one entry a word.
        bias: Logit by which they made waking easier.
    """

    text: str
    further: tuple[tuple[Way, ...], ...] = ()
    bias: float = 0.0
