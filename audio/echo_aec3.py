"""WebRTC's AEC3 by `pywebrtc-audio`: silences echo best, and with it part of a child's voice."""

from __future__ import annotations

import numpy as np

from audio.leakage import LeakageMeter
from audio.ports import SAMPLE_RATE_HZ, Samples
from core.errors import ModelError


class Aec3Canceller:
    """An `EchoCanceller`. It finds the delay itself, 0 to 500 ms.

    Raises:
        ModelError: `pywebrtc-audio` is not installed.
    """

    def __init__(self) -> None:
        try:
            from pywebrtc_audio import EchoCanceller as Aec3
        except ImportError as error:
            raise ModelError(
                'the canceller "aec3" needs the package pywebrtc-audio: install it with '
                '"pip install pywebrtc-audio", or set canceller = "kalman" in [audio]',
                code="model.canceller_missing",
            ) from error
        self._aec3 = Aec3(sample_rate=SAMPLE_RATE_HZ, num_channels=1)
        self._meter = LeakageMeter()

    def process(self, near: Samples, far: Samples, out: Samples) -> None:
        """See `EchoCanceller`."""
        cleaned = np.asarray(self._aec3.process(near, far), np.int16).reshape(-1)
        self._meter.push(near, far, cleaned)
        out[:] = cleaned

    def reset(self, *, keep_filter: bool = False) -> None:
        """See `EchoCanceller`. AEC3 follows a moved delay itself and keeps its filter then."""
        if not keep_filter:
            self._aec3.reset()
        self._meter.reset(keep_coupling=keep_filter)

    @property
    def residual_echo_dbfs(self) -> float:
        """See `EchoCanceller`."""
        return self._meter.residual_dbfs

    @property
    def echo_dbfs(self) -> float:
        """See `EchoCanceller`."""
        return self._meter.echo_dbfs
