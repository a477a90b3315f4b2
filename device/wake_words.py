"""The detector of the wake phrase, by the configuration's name of its engine."""

from __future__ import annotations

from audio.factory import FAR_THRESHOLD_SHARE, make_wake_words, wake_phrases
from audio.ports import WakeWord
from audio.settings import WakeSettings
from audio.wake_gate import LevelGate
from dialog.wake.teaching import Taught

OWN_ENGINE = "phones"
SUGGESTED = ("hello myna", "hey little bird", "good morning robot", "wake up mister bear")
"""Phrases that parents may choose; the configuration takes any."""


def choices(wake: WakeSettings) -> tuple[str, ...]:
    """The phrases that parents are offered: the engine's own, and the one that is set.

    Raises:
        ModelError: The engine's library is missing.
    """
    if wake.engine != OWN_ENGINE:
        return wake_phrases()
    return tuple(dict.fromkeys((*SUGGESTED, wake.phrase)))


def wake_words(wake: WakeSettings, taught: Taught | None = None) -> tuple[WakeWord, WakeWord]:
    """The detector for the microphone and the one for the far end's veto.

    Args:
        wake: Engine, phrase and threshold.
        taught: What children taught of this phrase; Myna's own engine makes use of it.

    Raises:
        ModelError: The engine or phrase cannot be had; the message says what to set.
    """
    if wake.engine != OWN_ENGINE:
        return make_wake_words(wake)
    from dialog.wake.detector import PhoneWakeWord, WakeModels

    models = WakeModels.load()
    further, bias = ((), 0.0) if taught is None else (taught.further, taught.bias)
    near, far = (
        PhoneWakeWord(
            wake.phrase,
            threshold=threshold,
            gate=LevelGate(),
            models=models,
            further=further,
            bias=bias,
        )
        for threshold in (wake.threshold, wake.threshold * FAR_THRESHOLD_SHARE)
    )
    return near, far
