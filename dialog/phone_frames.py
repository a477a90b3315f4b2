"""What an acoustic model makes of an utterance, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dialog.phone_features import FRAME_S, Waveform


@dataclass(frozen=True, slots=True)
class Frames:
    """What the model makes of an utterance.

    Attributes:
        log_posteriors: Natural logs, shape (T, 118): the three states of each of
            `dialog.phone_set.PHONES` at ``3 * phone + state``, then silence. Float32.
        expert_score: Shape (T, 39): the score 0..2 that an expert would give each phone if it
            were the one being said. Float32.
        log_priors: Shape (118,): how common each output was in training. A posterior minus its
            prior is a likelihood, up to a constant for each frame.
        frame_s: Seconds from one frame to the next; the first window is centred on 12.5 ms.
    """

    log_posteriors: NDArray[np.float32]
    expert_score: NDArray[np.float32]
    log_priors: NDArray[np.float32]
    frame_s: float = FRAME_S


class Ears(Protocol):
    """Hear phones in whole utterances; see `dialog.speech_ears.SpeechEars`."""

    def frames(self, samples: Waveform) -> Frames: ...
