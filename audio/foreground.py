"""Who is meant by a voice: the child that Myna knows, and not the television behind."""

from __future__ import annotations

from collections import deque

import numpy as np

from audio.ear import SILENCE_DBFS
from audio.ports import FRAME_MS
from audio.settings import TurnSettings

WAKE_FRAMES = 100
"""How much of the last sound is looked at for the wake phrase's level."""
WAKE_PERCENTILE = 90
"""The phrase's vowels, whatever silence lies around it."""
HOLD_FRAMES = 15
"""A voice's faint sounds lie between loud ones: it stays in front for this long after one."""
LEARNING = 0.5
"""How far an accepted answer moves the child's level towards its own."""


class Foreground:
    """Tells the child in front of Myna from fainter voices in the room, by level.

    The level is learned from the wake phrase and from each answer that was accepted. When
    nobody is heard for a while, the gate opens step by step, so that a child who has gone
    further away or whispers is not locked out. Without a wake phrase it is open.

    Args:
        settings: `foreground_range_db`, `interrupt_range_db`, `foreground_patience_s`,
            `foreground_relax_db`, `tail_range_db`.
    """

    def __init__(self, settings: TurnSettings) -> None:
        self._range_db = settings.foreground_range_db
        self._interrupt_range_db = settings.interrupt_range_db
        self._patience = settings.foreground_patience_s * 1000 / FRAME_MS
        self._relax_db = settings.foreground_relax_db
        self._tail_range_db = settings.tail_range_db
        self._recent: deque[float] = deque(maxlen=WAKE_FRAMES)
        self._turn: list[float] = []
        self.forget()

    def forget(self) -> None:
        """Nobody is known: every voice counts."""
        self._level_dbfs = SILENCE_DBFS
        self._relaxed_db = 0.0
        self._recent.clear()
        self.begin_turn()

    def overhear(self, level_dbfs: float) -> None:
        """Take in a frame's level while the wake phrase is waited for."""
        self._recent.append(level_dbfs)

    def woken(self) -> None:
        """What was just overheard held the wake phrase: this is the child."""
        self._level_dbfs = float(np.percentile(self._recent, WAKE_PERCENTILE))
        self._relaxed_db = 0.0

    def begin_turn(self) -> None:
        """A turn's own peak begins anew."""
        self._held = 0
        self._quiet = 0
        self._peak_dbfs = SILENCE_DBFS
        self._turn.clear()

    def admit(self, level_dbfs: float, *, voiced: bool, in_turn: bool) -> bool:
        """Whether a frame is loud enough to be the child's answer.

        Args:
            level_dbfs: Level of the echo-cancelled frame.
            voiced: It holds a voice.
            in_turn: A turn is under way: what lies far below its own peak is no part of it.
        """
        least_dbfs = self._level_dbfs - self._range_db - self._relaxed_db
        if in_turn:
            least_dbfs = max(least_dbfs, self._peak_dbfs - self._tail_range_db)
        admitted = self._hold(voiced, level_dbfs, least_dbfs)
        if admitted and in_turn:
            self._peak_dbfs = max(self._peak_dbfs, level_dbfs)
            self._turn.append(level_dbfs)
        return admitted

    def admit_over_playback(self, level_dbfs: float, *, sound: bool) -> bool:
        """Whether a frame is loud enough to be the child's interruption.

        Args:
            level_dbfs: Level of the echo-cancelled frame.
            sound: It holds a sound that is not Myna's own.
        """
        least_dbfs = self._level_dbfs - self._interrupt_range_db - self._relaxed_db
        return self._hold(sound, level_dbfs, least_dbfs)

    def _hold(self, heard: bool, level_dbfs: float, least_dbfs: float) -> bool:
        loud = heard and level_dbfs >= least_dbfs
        self._held = HOLD_FRAMES if loud else max(0, self._held - 1)
        return heard and self._held > 0

    def wait(self, *, heard: bool) -> None:
        """Count a frame in which an answer is waited for."""
        self._quiet = 0 if heard else self._quiet + 1
        if self._quiet >= self._patience:
            self._quiet = 0
            self._relaxed_db += self._relax_db

    def accept(self) -> None:
        """The turn held the expected answer: its voice is the child's."""
        if self._turn and self._level_dbfs > SILENCE_DBFS:
            level = float(np.percentile(self._turn, WAKE_PERCENTILE))
            self._level_dbfs += LEARNING * (level - self._level_dbfs)
            self._relaxed_db = 0.0
