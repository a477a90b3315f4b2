"""The sound check: plays a hiss, listens, and says how much of it the canceller takes away."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from audio.front_end import FrontEnd
from audio.levels import power_dbfs
from audio.playback import Playback
from audio.ports import SAMPLE_RATE_HZ
from core.errors import AudioError
from provisioning.parents.ports import SoundCheck

PLAYED_S, ADAPTING_S, QUIET_S = 4.0, 2.0, 0.5
STEP_S = 0.02
HISS_DBFS = -24.0
AUDIBLE_DB = 6.0
"""Less above the quiet than this, and nothing can be said of the echo."""
TAG = 3_000_000
"""Tags of sound checks count up from here."""


def check_sound(
    front_end: FrontEnd,
    playback: Playback,
    may_play: Callable[[], bool],
    tag: int,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> SoundCheck:
    """Play and listen. Waits; not for the event loop's thread.

    Args:
        may_play: Whether nobody practises; asked again and again.
        tag: Of the hiss.

    Raises:
        AudioError: Somebody practises, or no sound comes from the microphone.
    """
    frames = front_end.counters.frames
    quiet, _ = _listen(front_end, may_play, QUIET_S, sleep)
    if front_end.counters.frames == frames:
        raise AudioError("no sound comes from the microphone: it is muted or not there")
    noise = np.random.default_rng(1).standard_normal(round(PLAYED_S * SAMPLE_RATE_HZ))
    hiss = (noise * 32768.0 * 10 ** (HISS_DBFS / 20)).clip(-32768, 32767).astype(np.int16)
    playback.enqueue(hiss, tag=tag, last=True)
    _listen(front_end, may_play, ADAPTING_S, sleep)
    near, left = _listen(front_end, may_play, PLAYED_S - ADAPTING_S - 0.3, sleep)
    audible = power_dbfs(near) - power_dbfs(quiet) >= AUDIBLE_DB
    reduction = power_dbfs(near) - power_dbfs(max(left, 1e-12)) if audible else None
    return SoundCheck(power_dbfs(max(near, 1e-12)), power_dbfs(max(quiet, 1e-12)), reduction)


def _listen(
    front_end: FrontEnd,
    may_play: Callable[[], bool],
    seconds: float,
    sleep: Callable[[float], None],
) -> tuple[float, float]:
    """Mean square at the microphone and behind the canceller, of full scale."""
    looks = []
    for _ in range(round(seconds / STEP_S)):
        if not may_play():
            raise AudioError("somebody practises: try again when Myna sleeps")
        looks.append(front_end.power_before_and_after_cancelling())
        sleep(STEP_S)
    before, after = (sum(side) / len(looks) for side in zip(*looks, strict=True))
    return before, after
