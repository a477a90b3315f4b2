"""No echo cancelling: for headphones, for files without an echo, and to compare with."""

from __future__ import annotations

from audio.leakage import LeakageMeter
from audio.ports import Samples


class NoCanceller:
    """Passes the microphone through; still says how much of it is echo."""

    def __init__(self) -> None:
        self._meter = LeakageMeter()

    def process(self, near: Samples, far: Samples, out: Samples) -> None:
        """See `EchoCanceller`."""
        self._meter.push(near, far, near)
        out[:] = near

    def reset(self, *, keep_filter: bool = False) -> None:
        """See `EchoCanceller`."""
        self._meter.reset(keep_coupling=keep_filter)

    @property
    def residual_echo_dbfs(self) -> float:
        """See `EchoCanceller`."""
        return self._meter.residual_dbfs

    @property
    def echo_dbfs(self) -> float:
        """See `EchoCanceller`."""
        return self._meter.echo_dbfs
