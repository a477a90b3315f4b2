"""What no recorded person gives: synthetic English and Mandarin, in which no phrase was said.

The ears learnt from people; of a synthetic voice, or of another language, they are sometimes sure
of the wrong phones, and only examples tell the last word so. The voices are others than those that
`myna bench hours` plays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dialog.lexicon import entries
from dialog.phone_frames import Ears
from dialog.phone_graph import likelihoods
from dialog.wake.confirm import best_path
from dialog.wake.evidence import evidence
from training.augment import spoiled
from training.synthetic import TRACT, Talker, drawn, render
from training.vocabulary import chinese_sentences, lesson_sentences
from training.wake.closely import LEAD_S, RATE_HZ, SOUND_SAMPLES
from training.wake.pairs import Pair, Sound, Words, unsaid

MANDARIN = tuple(f"cmn-latn-pinyin{each}" for each in ("+f1", "+f3", "+f5", "+m1", "+m2", "+m4"))
MANDARIN_WORDS_PER_MINUTE = (130, 210)
PHRASES_A_WINDOW = 60
WORDS = range(3, 10)
KIND = "foreign"


@dataclass(frozen=True, slots=True)
class Foreign:
    """Makes pairs of synthetic talk.

    Attributes:
        ears: Listen.
        pool: Phrases that are asked about.
        others: Background voices.
    """

    ears: Ears
    pool: Sequence[Words]
    others: Sequence[Sound]

    def pairs(self, windows: int, seed: int) -> list[Pair]:
        """The best paths of phrases in so many windows, every second in rooms and noise."""
        rng = np.random.default_rng(seed)
        chinese, english = chinese_sentences(), lesson_sentences()
        words = sorted(entries())
        made: list[Pair] = []
        for number in range(windows):
            if number % 2:
                text = str(rng.choice(chinese))
                voice = str(rng.choice(MANDARIN))
                speed = int(rng.integers(*MANDARIN_WORDS_PER_MINUTE))
                talker = Talker("espeak-ng", voice, 50, speed, float(rng.uniform(*TRACT)))
            else:
                drawn_words = [str(rng.choice(words)) for _ in range(int(rng.choice(WORDS)))]
                text = " ".join(drawn_words) if number % 4 else str(rng.choice(english))
                talker = drawn(rng)
            sound = np.pad(render(text, talker), (round(LEAD_S * RATE_HZ), RATE_HZ // 2))
            if number // 2 % 2:
                sound = spoiled(rng, sound.astype(np.float32), self.others)
            stop = int(rng.integers(min(SOUND_SAMPLES, sound.size), sound.size + 1))
            window = sound[max(0, stop - SOUND_SAMPLES) : stop].astype(np.float32)
            made += self._pairs(window, text, f"foreign-{number:05d}", talker.voice, rng)
        return made

    def _pairs(
        self, window: Sound, text: str, name: str, voice: str, rng: np.random.Generator
    ) -> list[Pair]:
        asked = unsaid(self.pool, text.lower(), PHRASES_A_WINDOW, rng)
        found = best_path(likelihoods(self.ears.frames(window)), asked)
        return [
            Pair(evidence(path), KIND, phrase.text, name, voice, 0, KIND, path.ratio / path.frames)
            for phrase, path in zip(asked, found, strict=True)
            if path is not None
        ]
