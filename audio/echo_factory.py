"""The echo canceller by its name in the configuration."""

from __future__ import annotations

from audio.ports import EchoCanceller
from core.errors import ModelError

CANCELLERS = ("kalman", "aec3", "speex", "none")
"""Names that `make_canceller` takes; the first is the default, chosen in `docs/echo.md`."""


def make_canceller(name: str, *, tail_ms: int) -> EchoCanceller:
    """A canceller ready for the front end: aligned where it needs that.

    Args:
        name: One of `CANCELLERS`.
        tail_ms: Echo modelled after the direct sound; AEC3 brings its own.

    Raises:
        ModelError: No such canceller, or its library is missing.
    """
    from audio.echo import AlignedCanceller

    if name == "kalman":
        from audio.echo_kalman import KalmanCanceller
        from audio.kalman_compiled import kalman_state

        return AlignedCanceller(KalmanCanceller(tail_ms=tail_ms, state=kalman_state))
    if name == "speex":
        from audio.echo_speex import SpeexCanceller

        return AlignedCanceller(SpeexCanceller(tail_ms=tail_ms))
    if name == "aec3":
        from audio.echo_aec3 import Aec3Canceller

        return Aec3Canceller()
    if name == "none":
        from audio.echo_none import NoCanceller

        return NoCanceller()
    raise ModelError(
        f'there is no echo canceller "{name}": choose one of {", ".join(CANCELLERS)}',
        code="model.canceller_unknown",
    )
