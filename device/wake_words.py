"""The detector of the wake phrase, by the configuration's name of its engine."""

from __future__ import annotations

from audio.factory import make_wake_words, wake_phrases
from audio.ports import WakeWord
from audio.settings import WakeSettings
from audio.wake_gate import LevelGate
from dialog.wake.question import Taught, WakeQuestion

OWN_ENGINE = "phones"
SUGGESTED = ("hello myna", "hey little bird", "good morning robot", "wake up mister bear")
"""Phrases that parents may choose; the configuration takes any."""


def choices(wake: WakeSettings) -> tuple[str, ...]:
    """The phrases that parents are offered: the engine's own, and the one that is set.

    Raises:
        ModelError: The engine's library is missing.
    """
    if wake.engine != OWN_ENGINE:
        return (wake.phrase,) if wake.head else wake_phrases()
    return tuple(dict.fromkeys((*SUGGESTED, wake.phrase)))


def wake_question(wake: WakeSettings, phrase: str, taught: Taught | None) -> WakeQuestion | None:
    """What the recogniser is asked about a candidate of a phrase; None for other engines."""
    return _question(wake, phrase, taught) if wake.engine == OWN_ENGINE else None


def whole_wake_word(wake: WakeSettings, taught: Taught | None = None) -> WakeWord:
    """Detector and last word in one, for recordings: it holds up whoever asks.

    Raises:
        ModelError: As `wake_words`.
    """
    near, _ = wake_words(wake, taught)
    if wake.engine != OWN_ENGINE:
        return near
    from dialog.factory import build_last_word
    from dialog.wake.confirm import ConfirmedWakeWord

    question = _question(wake, wake.phrase, taught)
    return ConfirmedWakeWord(near, question, build_last_word(), threshold=wake.threshold)


def wake_words(wake: WakeSettings, taught: Taught | None = None) -> tuple[WakeWord, WakeWord]:
    """The detector for the microphone and the one for the far end's veto.

    Those of Myna's own engine find candidates, many more than there are phrases: what they find
    is asked about once more (`wake_question`).

    Args:
        wake: Engine, phrase and threshold.
        taught: What children taught of this phrase; Myna's own engine makes use of it.

    Raises:
        ModelError: The engine or phrase cannot be had; the message says what to set.
    """
    if wake.engine != OWN_ENGINE:
        return make_wake_words(wake)
    from dialog.wake.confirm import FAR_SHARE, candidate_share
    from dialog.wake.detector import PhoneWakeWord, WakeModels

    candidates = candidate_share(wake.phrase, wake.head)
    models = WakeModels.load()
    further, bias = ((), 0.0) if taught is None else (taught.further, taught.bias)
    near, far = (
        PhoneWakeWord(
            wake.phrase,
            threshold=wake.threshold * share,
            gate=LevelGate(),
            models=models,
            further=further,
            bias=bias,
        )
        for share in (candidates, FAR_SHARE)
    )
    return near, far


def _question(wake: WakeSettings, phrase: str, taught: Taught | None) -> WakeQuestion:
    # A head is of one phrase: one that a parent has chosen since has none.
    head = wake.head if phrase == wake.phrase else ""
    if taught is None:
        return WakeQuestion(phrase, head=head)
    return WakeQuestion(phrase, taught.further, taught.bias, head=head)
