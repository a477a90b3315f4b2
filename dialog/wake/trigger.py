"""When a score of the first stage is a candidate: not at every step while a phrase rings on."""

from __future__ import annotations

REARM_SHARE = 0.5
"""The score must fall below this share of the threshold before the phrase may hit again."""
RISEN = 2.0
"""A score that has grown so many times since the last hit is a hit of its own: the first one may
have come before the phrase was whole."""
AGAIN_CHUNKS = 3
"""So many chunks after a hit a phrase that is still as likely hits again: more of it was heard."""


class Trigger:
    """For one phrase, asked about every chunk that was listened to.

    Args:
        threshold: Score of a hit, 0..1.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._armed = True
        self._told, self._told_at = 0.0, 0

    def rearm(self) -> None:
        """What was heard before counts no more."""
        self._armed = True

    def hit(self, score: float, chunk: int) -> bool:
        """Whether a score is a hit.

        Args:
            score: Of the path that ends now, 0..1; 0 for none.
            chunk: Number of the chunk, from 0 or any other.
        """
        if score < self._threshold:
            self._armed = self._armed or score < self._threshold * REARM_SHARE
            return False
        again = score >= RISEN * self._told or chunk - self._told_at >= AGAIN_CHUNKS
        if not self._armed and not again:
            return False
        self._armed, self._told, self._told_at = False, score, chunk
        return True
