"""Judged sentences as the scorer sees them, from the acoustic model's out-of-fold frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialog.phone_alignment import PhoneSpan, align
from dialog.phone_frames import Frames
from dialog.phone_set import PHONE_ID, PHONES
from dialog.scoring.figures import figures, places, with_sentence
from training.corpus import OLDEST_CHILD, Utterance
from training.scoring_network import Sentence

LARGEST = 4.0
"""Standardised inputs are cut here; see `dialog.scoring.network_onnx`."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An utterance, aligned and judged.

    Attributes:
        utterance: What was recorded.
        fold: Of its speaker, 0..3.
        spans: Of its phones.
        rows: `dialog.scoring.figures.figures` of it.
        scores: The experts', shape (phones,).
    """

    utterance: Utterance
    fold: int
    spans: tuple[PhoneSpan, ...]
    rows: NDArray[np.float32]
    scores: NDArray[np.float32]

    @property
    def phones(self) -> NDArray[np.int64]:
        """Indices into `dialog.phone_set.PHONES`."""
        return np.array([PHONE_ID[span.phone] for span in self.spans])

    @property
    def words(self) -> NDArray[np.int64]:
        """Which word each phone belongs to."""
        return np.array([span.word_index for span in self.spans])

    @property
    def by_child(self) -> bool:
        """Whether a child of at most 12 years speaks."""
        return self.utterance.age <= OLDEST_CHILD


@dataclass(frozen=True, slots=True)
class Standard:
    """How inputs are standardised; shape (inputs,) each."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]

    def sentence(self, one: Judged) -> Sentence:
        """What the network is given."""
        inputs = (with_sentence(one.rows) - self.mean) / self.deviation
        inputs = np.clip(inputs, -LARGEST, LARGEST).astype(np.float32)
        return Sentence(inputs, one.phones, places(one.spans), one.scores)


def judged(
    utterances: Sequence[Utterance], frames: Mapping[str, Frames], folds: Mapping[str, int]
) -> list[Judged]:
    """Every utterance that was judged, in order; one that cannot be aligned is left out."""
    found = []
    for utterance in utterances:
        if utterance.scores is None or utterance.name not in frames:
            continue
        words = [[tuple(PHONES[phone] for phone in word)] for word in utterance.phones]
        spans = tuple(align(frames[utterance.name], words))
        if not spans:
            continue
        rows = figures(frames[utterance.name], spans)
        scores = np.array([s for word in utterance.scores for s in word], np.float32)
        found.append(Judged(utterance, folds[utterance.speaker], spans, rows, scores))
    return found


def standard(sentences: Sequence[Judged]) -> Standard:
    """Mean and deviation of the inputs over all phones."""
    inputs = np.concatenate([with_sentence(one.rows) for one in sentences])
    return Standard(inputs.mean(axis=0), inputs.std(axis=0) + np.float32(1e-3))
