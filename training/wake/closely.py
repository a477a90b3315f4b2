"""What the last word learns from: phrases that people said, and others, heard by the ears.

As on the device the ears hear some seconds of sound that end shortly after a phrase. What the best
path of that phrase looks like there, of the same with a few sounds changed, and of phrases that
others said, is kept, with whether it is right.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from audio.ports import WAKE_SOUND_S
from dialog.phone_graph import likelihoods
from dialog.speech_ears import SpeechEars
from dialog.wake.confirm import best_path
from dialog.wake.evidence import evidence
from dialog.wake.phrase import Phrase
from dialog.wake.spotter import Path as SpottedPath
from training.realign import Aligned
from training.wake.pairs import Pair, Sound, Words, nearly, said, scene, states, unsaid, word_spans

RATE_HZ = 16_000
SOUND_SAMPLES = math.ceil(WAKE_SOUND_S * RATE_HZ)
"""What the device hands over."""
LEAD_S = 2.4
"""Of quiet before an utterance: a phrase at its beginning is heard with as much before it."""
AFTER_S = (0.25, 0.65)
"""The first stage knows a phrase so long after its end."""
OWN, NEAR, OTHERS = 3, 5, 24
EARLY_FRAMES, LATE_FRAMES = 12, 12
"""How far from the phrase's end a path may end that counts as having found it."""


class CloseListener:
    """Makes pairs of utterances.

    Args:
        ears: By fold the model that has not heard its speakers.
        folds: Of the speakers.
        others: Background voices.
        pool: Phrases that are searched everywhere.
    """

    def __init__(
        self,
        ears: Mapping[int, Path],
        folds: Mapping[str, int],
        others: Sequence[Sound],
        pool: Sequence[Words],
    ) -> None:
        self._ears = {fold: SpeechEars(path) for fold, path in ears.items()}
        self._folds, self._others, self._pool = folds, others, pool

    def listen(self, aligned: Aligned, scene_name: str, copy: int) -> list[Pair]:
        """Pairs of one utterance in a scene; every copy draws phrases and noise of its own."""
        utterance, path = aligned
        rng = np.random.default_rng([zlib.crc32(utterance.name.encode()), copy, 7])
        spans, own = word_spans(utterance, path), said(utterance)
        sound = scene(scene_name, utterance, self._others, f"closely {copy}", lead_s=LEAD_S)
        # Phrases with the frame of their end; None for somewhere.
        chosen: list[tuple[Words | None, int]] = []
        if own:
            for at in rng.choice(len(own), min(OWN, len(own)), replace=False):
                words = list(own)[at]
                chosen.append((words, spans[own[words]][1]))
        else:
            chosen.append((None, int(rng.integers(len(path)))))
        made = []
        for words, end in chosen:
            after_s = float(rng.uniform(*AFTER_S))
            heard = _window(sound, end, after_s)
            rows = likelihoods(self._ears[self._folds[utterance.speaker]].frames(heard))
            asked = self._asked(words, utterance.words, rng)
            # From the end of the phrase to the end of what is heard.
            ends_at = len(rows) - round(100 * after_s)
            where = [(ends_at - EARLY_FRAMES, ends_at + LATE_FRAMES) if kind == "said" else None
                     for _, kind in asked]  # fmt: skip
            found = best_path(rows, [phrase for phrase, _ in asked], where)
            made += [
                self._pair(best, phrase, kind, aligned, scene_name)
                for best, (phrase, kind) in zip(found, asked, strict=True)
                if best is not None
            ]
        return made

    def _asked(
        self, words: Words | None, text: Words, rng: np.random.Generator
    ) -> list[tuple[Phrase, str]]:
        asked: list[tuple[Phrase, str]] = []
        if words is not None:
            phrase = states(words)
            if phrase is not None:
                asked.append((phrase, "said"))
            for _ in range(NEAR):
                near = nearly(words, rng)
                if near is not None:
                    asked.append((near, "near"))
        others = unsaid(self._pool, " ".join(text), OTHERS, rng)
        return [*asked, *((phrase, "other") for phrase in others)]

    def _pair(
        self, path: SpottedPath, phrase: Phrase, kind: str, aligned: Aligned, scene_name: str
    ) -> Pair:
        who = aligned[0]
        return Pair(
            evidence(path), kind, phrase.text, who.name, who.speaker, who.age, scene_name,
            path.ratio / path.frames,
        )  # fmt: skip


def _window(sound: Sound, end: int, after_s: float) -> Sound:
    """What the device would hand over so long after a phrase whose last frame is `end`."""
    stop = round((LEAD_S + end / 100 + after_s) * RATE_HZ)
    return sound[max(0, stop - SOUND_SAMPLES) : stop].astype(np.float32)
