"""What was heard instead of a phone, where the acoustic model can tell.

Each word is aligned again with one phone replaced by a sound that Mandarin speakers put in its
place, with a consonant left out, or with a vowel after it. What explains the sound better is named
where `dialog.scoring.confusions` is sure of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dialog.phone_alignment import PhoneSpan
from dialog.phone_frames import Frames
from dialog.phone_graph import Graph, Pronunciation, best_paths, likelihoods
from dialog.scoring.confusions import Confusions

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
AFTER_FRAMES = 25
"""Of the silence that the word was found to end in, so much is looked at: a vowel that was not
asked for passes for silence there."""


@dataclass(frozen=True, slots=True)
class Other:
    """Another explanation of a phone.

    Attributes:
        index: Which of the sentence's phones.
        heard: As in `dialog.scoring.result.PhoneResult.heard`.
        margin: By how much its log likelihood is above that of what was asked for.
    """

    index: int
    heard: str
    margin: float


def others(frames: Frames, spans: Sequence[PhoneSpan]) -> list[Other]:
    """Every other explanation of every phone, better or not.

    Args:
        frames: Of the whole utterance.
        spans: All phones of the sentence.
    """
    likelihood = likelihoods(frames)
    starts = [*(span.start_frame for span in spans[1:]), len(likelihood)]
    found: list[Other] = []
    for word in sorted({span.word_index for span in spans}):
        members = [i for i, span in enumerate(spans) if span.word_index == word]
        said = tuple(spans[i].phone for i in members)
        ways = [(i, *other) for i in members for other in _others(said, i - members[0])]
        if not ways:
            continue
        start = max(0, spans[members[0]].start_frame - BESIDE_FRAMES)
        last = spans[members[-1]].end_frame
        silent = starts[members[-1]] - last
        end = last + min(max(silent, BESIDE_FRAMES), AFTER_FRAMES)
        graph = Graph()
        graph.add_sentence([[said]])
        for _, _, way in ways:
            graph.add_sentence([[way]])
        scores = best_paths(likelihood[start:end], graph).scores
        margins = scores[1:].astype(np.float64) - float(scores[0])
        found += [
            Other(index, heard, margin)
            for (index, heard, _), margin in zip(ways, margins.tolist(), strict=True)
        ]
    return found


def instead(
    frames: Frames,
    spans: Sequence[PhoneSpan],
    wrong: Sequence[float],
    confusions: Confusions,
) -> dict[int, str]:
    """What was surely heard in place of phones, as `Other.heard`.

    Args:
        frames: Of the whole utterance.
        spans: All phones of the sentence.
        wrong: Of each the probability that experts would give it less than 1.
        confusions: Say what is sure.
    """
    best: dict[int, tuple[float, str]] = {}
    for other in others(frames, spans):
        phone, chance = spans[other.index].phone, wrong[other.index]
        above = confusions.above(phone, other.heard, other.margin, chance)
        if above >= 0.0 and above > best.get(other.index, (-1.0, ""))[0]:
            best[other.index] = (above, other.heard)
    return {index: heard for index, (_, heard) in best.items()}


def _others(said: Pronunciation, place: int) -> Iterator[tuple[str, Pronunciation]]:
    """Other ways of saying a word that differ at one place: what is heard there, and the whole."""
    phone, before, after = said[place], said[:place], said[place + 1 :]
    for other in INSTEAD.get(phone, ()):
        yield other, (*before, other, *after)
    if phone not in VOWELS and len(said) > 1 and (not after or after[0] not in VOWELS):
        yield "", (*before, *after)
        yield f"{phone} {ADDED_VOWEL}", (*before, phone, ADDED_VOWEL, *after)
