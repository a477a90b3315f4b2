"""Both stages of the wake phrase for the few sounds of a lesson, each of them heard only once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Samples
from dialog.phone_features import Waveform
from dialog.phone_frames import Frames
from dialog.wake.acoustics import Network
from dialog.wake.confirm import LastWord, WakeEars
from dialog.wake.detector import WakeModels
from dialog.wake.following import Floats, Sighting, best_of, rows_of
from dialog.wake.phrase import Phrase
from dialog.wake.question import WakeQuestion
from dialog.wake.verifier import Verifier

KEPT = 8
TAIL_S = 0.6
"""Of quiet after a sound: a phrase at its very end is judged whole."""
DITHER = 1e-4

_Heard = TypeVar("_Heard")


@dataclass(frozen=True, slots=True)
class Remembered:
    """Ears that keep what they made of the last few sounds."""

    ears: WakeEars
    kept: OrderedDict[bytes, tuple[Frames, Floats]]

    def frames(self, samples: Waveform) -> Frames:
        """See `WakeEars`."""
        return self._heard(samples)[0]

    def encoded(self, samples: Waveform) -> Floats:
        """See `WakeEars`."""
        return self._heard(samples)[1]

    def _heard(self, samples: Waveform) -> tuple[Frames, Floats]:
        return _once(
            self.kept,
            samples.tobytes(),
            lambda: (self.ears.frames(samples), self.ears.encoded(samples)),
        )


class BothStages:
    """What either stage says of a sound.

    Args:
        network: Of the phones.
        verifier: Of the evidence.
        last_word: What follows.
    """

    def __init__(self, network: Network, verifier: Verifier, last_word: LastWord) -> None:
        self._network, self._verifier = network, verifier
        self._ears = Remembered(last_word.ears, OrderedDict())
        self._last_word = replace(last_word, ears=self._ears)
        self._rows: OrderedDict[bytes, Floats] = OrderedDict()

    @classmethod
    def load(cls, ears: WakeEars) -> BothStages:
        """With the models that ship.

        Raises:
            ModelError: One is missing or broken.
        """
        models = WakeModels.load()
        return cls(models.network, models.verifier, LastWord.load(ears))

    def first(self, sound: Samples, sought: Phrase) -> tuple[float, Sighting | None]:
        """The highest logit of the first stage, and where; minus infinity for nothing.

        Args:
            sound: int16, 16 000 Hz.
            sought: The phrase.
        """
        rows = _once(self._rows, sound.tobytes(), lambda: rows_of(with_tail(sound), self._network))
        return best_of(rows, sought, self._network, self._verifier)

    def last(self, sound: Samples, question: WakeQuestion) -> float:
        """The logit of the last word; minus infinity for nothing.

        Raises:
            ModelError: The phrase cannot be said.
        """
        return self._last_word.logit(sound, question)

    def forget(self) -> None:
        """Keep nothing of what was heard."""
        self._rows.clear()
        self._ears.kept.clear()


def with_tail(sound: Samples) -> Waveform:
    """A sound as -1..1 with quiet after it."""
    tail = np.random.default_rng(0).normal(0.0, DITHER, round(TAIL_S * SAMPLE_RATE_HZ))
    return np.concatenate([sound / np.float32(32768.0), tail]).astype(np.float32)


def _once(kept: OrderedDict[bytes, _Heard], key: bytes, hear: Callable[[], _Heard]) -> _Heard:
    if key not in kept:
        kept[key] = hear()
        while len(kept) > KEPT:
            kept.popitem(last=False)
    return kept[key]
