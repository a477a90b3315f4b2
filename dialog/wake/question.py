"""What is asked about a sound that may hold the wake phrase, in the recogniser's process."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from audio.ports import Samples

LEAST_SCORE = 1e-6
Way = tuple[str, ...]
"""Phones of a word, as `dialog.lexicon.Pronunciation`; this file stays free of what others need."""


@dataclass(frozen=True, slots=True)
class WakeQuestion:
    """One question.

    Attributes:
        text: The phrase as written.
        further: For every word ways to say it that children taught; none, or one entry a word.
        bias: Logit by which they made waking easier.
        first: Logit of the first stage, without that.
        head: File of the phrase's own head; empty for the one that ships, if any.
        over_playback: Whether Myna's own voice sounded meanwhile.
    """

    text: str
    further: tuple[tuple[Way, ...], ...] = ()
    bias: float = 0.0
    first: float = 0.0
    head: str = ""
    over_playback: bool = False

    def after(self, score: float, *, over_playback: bool = False) -> WakeQuestion:
        """The question about a candidate.

        Args:
            score: The first stage's, 0..1.
            over_playback: Whether Myna's own voice sounded meanwhile.
        """
        likely = min(max(score, LEAST_SCORE), 1.0 - LEAST_SCORE)
        first = math.log(likely / (1.0 - likely)) - self.bias
        return replace(self, first=first, over_playback=over_playback)


@dataclass(frozen=True, slots=True)
class WakeExample:
    """Whether a sound is an example of the phrase; after the last one, what all of them teach.

    Attributes:
        text: The phrase as written.
        number: Which example this would be, from 0.
        count: How many there are to be.
        earlier: The sounds of those before it, int16, 16 000 Hz.
    """

    text: str
    number: int
    count: int
    earlier: tuple[Samples, ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Taught:
    """What a child's examples taught.

    Attributes:
        phrase: As written.
        further: For every word the child's own ways of saying it, besides the usual ones.
        bias: Added to the stages' logits, 0 or more.
    """

    phrase: str
    further: tuple[tuple[Way, ...], ...] = field(default=(), repr=False)
    bias: float = 0.0


@dataclass(frozen=True, slots=True)
class Lesson:
    """How well a child is heard after teaching.

    Attributes:
        taught: What to keep.
        examples: Recordings in which something like the phrase was found.
        before: How many of them would have woken Myna before.
        after: How many wake her, each judged by what the others taught.
    """

    taught: Taught
    examples: int
    before: int
    after: int
