"""Noise suppression and automatic gain by webrtc-noise-gain."""

from __future__ import annotations

import numpy as np

from audio.ports import Samples
from core.errors import ModelError


class WebrtcNoiseGain:
    """The noise suppressor and gain control of WebRTC's audio processing module.

    Args:
        suppression: 0 (off) to 4 (strongest).
        target_dbfs: Level the gain works towards, dB below full scale, 0 (off) to 31.

    Raises:
        ModelError: The library is missing, or a setting is out of range.
    """

    def __init__(self, *, suppression: int, target_dbfs: int) -> None:
        if not (0 <= suppression <= 4 and 0 <= target_dbfs <= 31):
            raise ModelError(
                f"noise_suppression must be 0..4 and auto_gain_dbfs 0..31, not {suppression} and "
                f"{target_dbfs}: correct [audio] in the configuration",
                code="model.noise_gain",
            )
        self._suppression = suppression
        self._target_dbfs = target_dbfs
        self.reset()

    def process(self, frame: Samples, out: Samples) -> None:
        """One frame of shape (160,); `out` may be `frame`."""
        out[:] = np.frombuffer(self._processor.Process10ms(frame.tobytes()).audio, np.int16)

    def reset(self) -> None:
        """Forget the noise and the gain."""
        try:
            from webrtc_noise_gain import AudioProcessor
        except ImportError as error:
            raise ModelError(
                "webrtc-noise-gain is not installed: run `make setup`", code="model.noise_gain"
            ) from error
        self._processor = AudioProcessor(self._target_dbfs, self._suppression)
