"""How an utterance flowed: rate and pauses, from when each phone was said.

The training half of the corpus carries no judgement of fluency, so this is a plain formula: full
marks for a rate that unhurried fluent readers of the corpus reach and for no pause between words,
less in proportion to what is missing.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from dialog.phone_alignment import PhoneSpan
from dialog.scoring.result import Fluency

PAUSE_FROM_S = 0.2
"""Shorter silences between words belong to their consonants."""
UNHURRIED_PHONES_S = 8.0
"""Children's median rate in the corpus, pauses left out; no faster speech scores more."""


def fluency(spans: Sequence[PhoneSpan], frame_s: float) -> Fluency:
    """Rate and pauses of an aligned sentence of at least one phone."""
    gaps_s = [
        (after.start_frame - before.end_frame) * frame_s
        for before, after in itertools.pairwise(spans)
    ]
    pauses_s = [gap for gap in gaps_s if gap >= PAUSE_FROM_S]
    whole_s = (spans[-1].end_frame - spans[0].start_frame) * frame_s
    speaking_s = whole_s - sum(pauses_s)
    rate = len(spans) / speaking_s
    share = speaking_s / whole_s
    return Fluency(
        score_0_2=2.0 * min(rate / UNHURRIED_PHONES_S, 1.0) * share,
        phones_per_s=rate,
        pauses=len(pauses_s),
        longest_pause_s=max(pauses_s, default=0.0),
        speaking_share=share,
    )
