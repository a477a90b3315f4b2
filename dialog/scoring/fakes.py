"""A scorer for tests of other rooms: exact, quick, and held to the same contract.

It reads what `dialog.fakes.FakeVoice` wrote into the sound: a word that is there was said
perfectly, a word that is not was left out.
"""

from __future__ import annotations

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Samples
from dialog import matching
from dialog.fakes import SYMBOL_SAMPLES, read_back
from dialog.scoring.figures import COUNT
from dialog.scoring.fluency import UNHURRIED_PHONES_S
from dialog.scoring.history import Past, VoiceHistory
from dialog.scoring.lexicon import Entry, Lexicon
from dialog.scoring.result import Fluency, Outcome, PhoneResult, Score, WordResult
from dialog.scoring.text import read

SURE = 0.9


class FakeScorer:
    """See `dialog.scoring.ports.Scorer`."""

    def __init__(self) -> None:
        self._lexicon = Lexicon()

    def score(self, samples: Samples, text: str, history: VoiceHistory | None = None) -> Score:
        """See `dialog.scoring.ports.Scorer`; the history changes nothing."""
        wanted = read(text)
        entries = self._lexicon.entries(wanted.tokens)
        if wanted.other_script or not entries:
            return Score(Outcome.OTHER_SCRIPT if wanted.other_script else Outcome.NO_WORDS)
        if not np.any(samples):
            return Score(Outcome.SILENCE)
        heard = matching.words(read_back(samples))
        if not any(entry.word in heard for entry in entries):
            return Score(Outcome.OTHER_SOUND)
        words = tuple(
            _word(entry, said=entry.word in heard, at_s=at * SYMBOL_SAMPLES / SAMPLE_RATE_HZ)
            for at, entry in enumerate(entries)
        )
        said = sum(word.said for word in words) / len(words)
        scores = [phone.score_0_2 for word in words for phone in word.phones]
        return Score(
            Outcome.SCORED,
            words,
            accuracy_0_2=2.0 * said,
            sure=SURE,
            completeness=said,
            fluency=Fluency(2.0, UNHURRIED_PHONES_S, 0, 0.0, 1.0),
            past=Past(len(scores), sum(scores), (0.0,) * COUNT),
        )


def _word(entry: Entry, *, said: bool, at_s: float) -> WordResult:
    length_s = SYMBOL_SAMPLES / SAMPLE_RATE_HZ
    phones = tuple(
        PhoneResult(
            phone,
            2.0 if said else 0.0,
            SURE,
            wrong=0.0 if said else 1.0,
            start_s=at_s,
            end_s=at_s + length_s,
            heard=None if said else "",
            flagged=not said,
        )
        for phone in entry.pronunciations[0]
    )
    return WordResult(entry.word, phones[0].score_0_2, SURE, entry.guessed, said, phones)
