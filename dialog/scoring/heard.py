"""What was heard instead of a phone, where the acoustic model can tell.

Each doubtful word is aligned again with one phone replaced by a sound that Mandarin speakers put
in its place, with its last consonant left out, or with a vowel after it. What explains the sound
better by a wide margin is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dialog.phone_alignment import PhoneSpan
from dialog.phone_frames import Frames
from dialog.phone_graph import Graph, Pronunciation, best_paths, likelihoods

INSTEAD: dict[str, tuple[str, ...]] = {
    "TH": ("S", "T", "F"), "DH": ("D", "Z", "L"), "V": ("W", "F", "B"), "W": ("V",),
    "L": ("N", "R", "W"), "N": ("L", "NG", "M"), "R": ("L", "W"), "NG": ("N",), "M": ("N",),
    "SH": ("S",), "S": ("SH", "TH"), "Z": ("S",), "ZH": ("SH", "JH"), "JH": ("CH", "Z"),
    "CH": ("SH",), "B": ("P",), "D": ("T",), "G": ("K",), "P": ("B",), "T": ("D",), "K": ("G",),
    "F": ("HH", "V"), "HH": ("F",), "IH": ("IY", "EH"), "IY": ("IH",), "AE": ("EH", "AA"),
    "EH": ("AE", "IH"), "UH": ("UW",), "UW": ("UH",), "AH": ("AA",), "AA": ("AH",), "EY": ("EH",),
    "ER": ("AH", "AA"), "OW": ("AO",), "AO": ("OW",), "AY": ("AE",), "AW": ("AA",), "OY": ("AO",),
}  # fmt: skip
"""Sounds that are put in a phone's place, after the literature on Mandarin speakers' English."""

VOWELS = frozenset(
    ("AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW")
)
ADDED_VOWEL = "AH"
BESIDE_FRAMES = 4
"""Frames before and after the word that are looked at too: boundaries are not exact."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The best of the other explanations of a phone.

    Attributes:
        phones: As in `dialog.scoring.result.PhoneResult.heard`.
        margin: By how much its log likelihood is above that of what was asked for.
    """

    phones: str
    margin: float


def instead(
    frames: Frames, spans: Sequence[PhoneSpan], doubtful: Sequence[int]
) -> dict[int, Heard]:
    """What fits best in place of doubtful phones, better or not.

    Args:
        frames: Of the whole utterance.
        spans: All phones of the sentence.
        doubtful: Indices into `spans`.
    """
    likelihood = likelihoods(frames)
    found: dict[int, Heard] = {}
    for word in sorted({spans[index].word_index for index in doubtful}):
        members = [i for i, span in enumerate(spans) if span.word_index == word]
        said = tuple(spans[i].phone for i in members)
        others = [
            (index, phones, way)
            for index in members
            if index in doubtful
            for phones, way in _others(said, index - members[0])
        ]
        if not others:
            continue
        start = max(0, spans[members[0]].start_frame - BESIDE_FRAMES)
        end = spans[members[-1]].end_frame + BESIDE_FRAMES
        graph = Graph()
        graph.add_sentence([[said]])
        for _, _, way in others:
            graph.add_sentence([[way]])
        scores = best_paths(likelihood[start:end], graph).scores
        margins = scores[1:].astype(np.float64) - float(scores[0])
        for (index, phones, _), margin in zip(others, margins.tolist(), strict=True):
            if index not in found or margin > found[index].margin:
                found[index] = Heard(phones, margin)
    return found


def _others(said: Pronunciation, place: int) -> Iterator[tuple[str, Pronunciation]]:
    """Other ways of saying a word that differ at one place: what is heard there, and the whole."""
    phone, before, after = said[place], said[:place], said[place + 1 :]
    for other in INSTEAD.get(phone, ()):
        yield other, (*before, other, *after)
    if phone not in VOWELS and len(said) > 1 and (not after or after[0] not in VOWELS):
        yield "", (*before, *after)
        yield f"{phone} {ADDED_VOWEL}", (*before, phone, ADDED_VOWEL, *after)
