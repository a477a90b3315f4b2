"""Cuts a text into the pieces that the encoder of `dialog.safety.encoder` knows.

A unigram model: of all ways to cut a text, the one whose pieces are the most common together.
"""

from __future__ import annotations

from collections.abc import Sequence

UNKNOWN, BEGIN, END = 0, 1, 2
_SPACE = "\u2581"
_UNKNOWN_COSTS = 10.0
LONGEST = 400
"""Characters of a text that are looked at; nobody says more in a breath."""


class Pieces:
    """The pieces and how common each is.

    Args:
        pieces: By number; the first three mean unknown, begin, end.
        scores: Logarithm of how common each is.
    """

    def __init__(self, pieces: Sequence[str], scores: Sequence[float]) -> None:
        self._number = {piece: number for number, piece in enumerate(pieces) if number > END}
        self._scores = scores
        self._longest = max(map(len, pieces))
        self._unknown = min(scores) - _UNKNOWN_COSTS

    def numbers(self, text: str) -> list[int]:
        """The pieces of a text by number, begin and end around them.

        Args:
            text: In one spelling, as the first of `dialog.safety.normal.readings`.
        """
        marked = (_SPACE + text.replace(" ", _SPACE))[:LONGEST]
        # The best way to cut what ends at each place: its score, its last piece, where that began.
        best = [(0.0, UNKNOWN, 0)]
        for end in range(1, len(marked) + 1):
            found = (best[end - 1][0] + self._unknown, UNKNOWN, end - 1)
            for begin in range(max(0, end - self._longest), end):
                number = self._number.get(marked[begin:end])
                if number is not None:
                    score = best[begin][0] + self._scores[number]
                    if score > found[0]:
                        found = (score, number, begin)
            best.append(found)
        numbers = [END]
        end = len(marked)
        while end:
            _, number, begin = best[end]
            numbers.append(number)
            end = begin
        return [BEGIN, *reversed(numbers)]
