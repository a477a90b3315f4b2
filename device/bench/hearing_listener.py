"""A front end fed from arrays, as the device makes it."""

from __future__ import annotations

import functools

from audio.factory import make_front_end
from audio.front_end import FrontEnd
from audio.playback import Playback
from audio.ports import FRAME_SAMPLES, Attention, Edge, ReadStatus, Samples, WakeWord
from audio.settings import AudioSettings, TurnSettings, WakeSettings
from device.wake_words import wake_words, whole_wake_word


class Listener:
    """One front end; its wake words are shared with every other, since loading them takes long.

    Args:
        attention: What it listens for.
        turns: Thresholds; None for the default.
    """

    def __init__(self, attention: Attention, turns: TurnSettings | None = None) -> None:
        turns = turns or TurnSettings()
        detectors = _detectors()
        for detector in detectors:
            detector.reset()
        self.front_end: FrontEnd = make_front_end(
            AudioSettings(), WakeSettings(), turns, Playback(duck_db=turns.duck_db), detectors
        )
        self._status = ReadStatus()
        self.front_end.attend(attention)

    def hear(self, near: Samples, far: Samples) -> list[Edge]:
        """One frame of each, shape (160,)."""
        return self.front_end.process(near, far, self._status)

    def hear_all(self, near: Samples, far: Samples) -> list[Edge]:
        """Recordings of one length; edges in their order."""
        edges: list[Edge] = []
        for start in range(0, len(near) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
            part = slice(start, start + FRAME_SAMPLES)
            edges += self.hear(near[part], far[part])
        return edges


@functools.cache
def _detectors() -> tuple[WakeWord, WakeWord]:
    # No recogniser's process has the last word here: the microphone's detector asks by itself.
    return whole_wake_word(WakeSettings()), wake_words(WakeSettings())[1]
