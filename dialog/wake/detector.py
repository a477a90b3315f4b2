"""`WakeWord` for any written phrase, its work spread thinly over the frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from audio.ports import Samples, WakeHit, seconds
from dialog.phone_graph import Word
from dialog.wake.acoustics import Network, PhoneStream
from dialog.wake.bands import StreamBands
from dialog.wake.evidence import BEFORE_FRAMES, Evidence, evidence
from dialog.wake.phrase import phrase
from dialog.wake.spotter import Spotter
from dialog.wake.trigger import Trigger
from dialog.wake.verifier import Verifier, share

CHUNK_FRAMES = 8
LEAD_FRAMES = 5 * CHUNK_FRAMES
"""Kept from before the gate opened: the first sounds of a phrase are faint."""
STEPS, STEPS_BEHIND = 2, 4
"""Steps of work in a frame, and while there is sound to be made up for."""
ROWS_A_STEP = 2
CANDIDATE = -2.0
"""Log likelihood ratio for each frame below which a path is not even looked at."""
FEWEST_FRAMES, MOST_FRAMES = 25, 280


class Gate(Protocol):
    """Tells sound worth listening to from silence."""

    def open(self, frame: Samples) -> bool:
        """Take in a frame; whether to listen to it."""

    def reset(self) -> None:
        """Forget what was heard, not how loud the room is."""


@dataclass(frozen=True, slots=True)
class WakeModels:
    """What all detectors share; loaded once, never changed."""

    network: Network
    verifier: Verifier

    @classmethod
    def load(cls) -> WakeModels:
        """Read both.

        Raises:
            ModelError: One is missing or broken.
        """
        return cls(Network.load(), Verifier.load())


class PhoneWakeWord:
    """`WakeWord` by Myna's own acoustic model.

    Every 80 ms of sound pass the network layer by layer, a few layers a frame; the likelihoods
    move the phrase's best path on; where that comes near enough a verifier looks at it. The
    network looks ahead, so a phrase is known half a second after its end. While the gate is shut
    nothing is computed but the level; when it opens, the last 0.4 s are made up for.

    Args:
        text: The phrase as written.
        threshold: Score of a hit, 0..1.
        gate: Its own, not shared with another detector.
        models: Shared; loaded if not given.
        further: Ways to say each word that children taught.
        bias: Logit by which they made waking easier.

    Raises:
        ModelError: The phrase cannot be listened for, or a model is missing.
    """

    def __init__(
        self,
        text: str,
        *,
        threshold: float,
        gate: Gate,
        models: WakeModels | None = None,
        further: Sequence[Word] = (),
        bias: float = 0.0,
    ) -> None:
        models = models or WakeModels.load()
        self._phrase = phrase(text, further)
        self._bias = bias
        self.phrases: tuple[str, ...] = (self._phrase.text,)
        self._trigger = Trigger(threshold)
        self._gate = gate
        self._verifier = models.verifier
        self._bands = StreamBands(models.network.usual_bands)
        self._stream = PhoneStream(models.network)
        self._spotter = Spotter([self._phrase])
        self._sound: deque[NDArray[np.int16]] = deque()
        self._rows: deque[NDArray[np.float32]] = deque()
        self._frame = 0
        self._listening = False
        self.chunks = 0
        """Pieces of 80 ms that went through the network since start: what the gate saves."""
        self.candidates = 0
        """Paths that the verifier looked at since start."""
        self.reset()

    def process(self, frame: Samples) -> WakeHit | None:
        """See `WakeWord`; `at_s` counts the frames this detector was given."""
        self._frame += 1
        self._sound.append(frame.copy())
        if self._gate.open(frame):
            if not self._listening:
                self._begin()
        elif self._listening:
            self._listening = False
        if not self._listening:
            while len(self._sound) > LEAD_FRAMES:
                self._sound.popleft()
            return None
        behind = len(self._sound) > CHUNK_FRAMES
        hit = None
        for _ in range(STEPS_BEHIND if behind else STEPS):
            hit = self._step() or hit
        return hit

    def reset(self) -> None:
        """As if there had been silence; the room's noise floor stays known."""
        self._sound.clear()
        self._gate.reset()
        self._begin()
        self._listening = False

    def _begin(self) -> None:
        self._listening = True
        self._rows.clear()
        self._bands.reset()
        self._stream.reset(self._bands.quiet())
        self._spotter.reset()
        self._trigger.rearm()

    def _step(self) -> WakeHit | None:
        """One layer, or two frames of the phrase's path, or the next 80 ms of sound."""
        if self._stream.busy:
            made = self._stream.step()
            if made is not None:
                self._rows.extend(made)
            return None
        if self._rows:
            for _ in range(min(ROWS_A_STEP, len(self._rows))):
                self._spotter.step(self._rows.popleft())
            return None if self._rows else self._judge()
        if len(self._sound) >= CHUNK_FRAMES:
            frames = [self._sound.popleft() for _ in range(CHUNK_FRAMES)]
            sound = np.concatenate(frames).astype(np.float32) / np.float32(32768.0)
            self.chunks += 1
            self._stream.begin(self._bands.rows(sound))
        return None

    def _judge(self) -> WakeHit | None:
        seen = self.look()
        score = 0.0 if seen is None else share(self._verifier.logit(seen) + self._bias)
        if not self._trigger.hit(score, self.chunks):
            return None
        return WakeHit(self.phrases[0], score, seconds(self._frame))

    def look(self) -> Evidence | None:
        """What speaks for the phrase ending now; None where hardly anything does."""
        ratio, frames = self._spotter.ratio(0)
        if ratio < CANDIDATE * frames or not FEWEST_FRAMES <= frames <= MOST_FRAMES:
            return None
        path = self._spotter.path(0, before=BEFORE_FRAMES)
        if path is None:
            return None
        self.candidates += 1
        return evidence(path)
