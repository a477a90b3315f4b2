"""From an utterance and its text to scores: align, measure, judge, remember, and say how sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio.ports import Samples
from dialog.phone_alignment import PhoneSpan, align
from dialog.phone_frames import Ears, Frames
from dialog.phone_graph import Word
from dialog.phone_set import PHONE_ID
from dialog.scoring import heard, levels
from dialog.scoring.confusions import Confusions
from dialog.scoring.figures import COUNT, Figures, figures, places, with_sentence
from dialog.scoring.fluency import fluency
from dialog.scoring.history import Past, VoiceHistory
from dialog.scoring.lexicon import Entry, Lexicon
from dialog.scoring.melody import intonation
from dialog.scoring.memory import remembered, terms
from dialog.scoring.ports import Judge
from dialog.scoring.result import Outcome, PhoneResult, Score, WordResult
from dialog.scoring.text import read

SAID_FROM = 0.7
"""Mean score of a word's phones from which it counts as said."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the networks make of a sentence in an utterance.

    Attributes:
        spans: Of its phones.
        rows: Their figures.
        plain: Their scores 0..2 without history, shape (phones,).
        scores: The same with history.
        fits: Log odds that this sentence was said at all, well or badly.
    """

    spans: tuple[PhoneSpan, ...]
    rows: Figures
    plain: NDArray[np.float64]
    scores: NDArray[np.float64]
    fits: float

    @property
    def past(self) -> Past:
        """What a child's history keeps of it."""
        sums = self.rows.sum(axis=0, dtype=np.float64)
        return Past(len(self.spans), float(self.plain.sum()), tuple(sums.tolist()))


class PronunciationScorer:
    """Scores how English sentences are said. Loaded once, called from one thread.

    Args:
        acoustic: Hears phones.
        network: Judges them.
        lexicon: Knows how words are said.
        confusions: Say when it is sure what was heard instead; None takes what ships with Myna.
    """

    def __init__(
        self,
        acoustic: Ears,
        network: Judge,
        lexicon: Lexicon,
        confusions: Confusions | None = None,
    ) -> None:
        self._acoustic = acoustic
        self._network = network
        self._lexicon = lexicon
        self._confusions = confusions or Confusions.load()

    def score(self, samples: Samples, text: str, history: VoiceHistory | None = None) -> Score:
        """See `dialog.scoring.ports.Scorer`."""
        wanted = read(text)
        entries = self._lexicon.entries(wanted.tokens)
        sound = samples.astype(np.float32) / np.float32(32768.0)
        if wanted.other_script or not entries:
            return Score(Outcome.OTHER_SCRIPT if wanted.other_script else Outcome.NO_WORDS)
        fault = levels.fault(sound)
        if fault is not None:
            return Score(fault)
        frames = self._acoustic.frames(sound)
        judgement = self.judge(frames, [entry.pronunciations for entry in entries], history)
        if judgement is None:
            return Score(Outcome.TOO_SHORT)
        if levels.too_long(frames, len(judgement.spans)):
            return Score(Outcome.TOO_LONG)
        if judgement.fits < self._network.trained.gate_from:
            return Score(levels.why_it_does_not_fit(sound))
        return self._result(sound, frames, entries, judgement)

    def judge(
        self, frames: Frames, words: Sequence[Word], history: VoiceHistory | None = None
    ) -> Judgement | None:
        """Scores of a sentence whose pronunciations are known; None where it cannot fit in."""
        spans = tuple(align(frames, words))
        if not spans:
            return None
        trained = self._network.trained
        rows = figures(frames, spans)
        phones = np.array([PHONE_ID[span.phone] for span in spans])
        plain = self._network.scores(with_sentence(rows), phones, places(spans))
        mean, deviation = trained.mean[COUNT : 2 * COUNT], trained.deviation[COUNT : 2 * COUNT]
        means = rows.mean(axis=0)
        drawn = terms(history or VoiceHistory(), plain, means, mean, deviation)
        away = np.clip((means - mean) / deviation, -6.0, 6.0)
        return Judgement(
            spans,
            rows,
            plain,
            remembered(plain, drawn, trained.history),
            float(away @ trained.gate[:-1] + trained.gate[-1]),
        )

    def phones(self, frames: Frames, judgement: Judgement) -> list[PhoneResult]:
        """What is said of each phone of a judged sentence, in order."""
        trained, spans = self._network.trained, judgement.spans
        wrong = trained.at(trained.wrong, judgement.scores)
        instead = heard.instead(frames, spans, wrong.tolist(), self._confusions)
        return [
            self._phone(frames, span, score, chance, instead.get(index))
            for index, (span, score, chance) in enumerate(
                zip(spans, judgement.scores.tolist(), wrong.tolist(), strict=True)
            )
        ]

    def _result(
        self,
        sound: NDArray[np.float32],
        frames: Frames,
        entries: Sequence[Entry],
        judgement: Judgement,
    ) -> Score:
        trained, spans = self._network.trained, judgement.spans
        phones = self.phones(frames, judgement)
        words = tuple(
            self._word(entry, [p for p, s in zip(phones, spans, strict=True) if s.word_index == i])
            for i, entry in enumerate(entries)
        )
        whole = float(judgement.scores.mean())
        return Score(
            Outcome.SCORED,
            words,
            accuracy_0_2=whole,
            sure=float(trained.at(trained.near_sentence, whole)),
            completeness=sum(word.said for word in words) / len(words),
            fluency=fluency(spans, frames.frame_s),
            intonation=intonation(sound),
            past=judgement.past,
        )

    def _phone(
        self,
        frames: Frames,
        span: PhoneSpan,
        score: float,
        wrong: float,
        instead: str | None,
    ) -> PhoneResult:
        trained = self._network.trained
        return PhoneResult(
            span.phone,
            score,
            float(trained.at(trained.near, score)),
            wrong,
            span.start_frame * frames.frame_s,
            span.end_frame * frames.frame_s,
            heard=instead,
            flagged=wrong >= trained.flag_from,
        )

    def _word(self, entry: Entry, phones: Sequence[PhoneResult]) -> WordResult:
        trained = self._network.trained
        score = sum(phone.score_0_2 for phone in phones) / len(phones)
        return WordResult(
            entry.word,
            score,
            float(trained.at(trained.near_word, score)),
            entry.guessed,
            score >= SAID_FROM,
            tuple(phones),
        )
