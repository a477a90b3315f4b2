"""The front end from its configuration; adapters are imported here and only here."""

from __future__ import annotations

from audio.front_end import FrontEnd
from audio.playback import Playback
from audio.ports import WakeWord
from audio.settings import AudioSettings, TurnSettings, WakeSettings
from core.errors import ModelError

FAR_THRESHOLD_SHARE = 0.6
"""The veto listens more closely to Myna's own voice than the waking does to the room."""


def make_front_end(
    audio: AudioSettings,
    wake: WakeSettings,
    turns: TurnSettings,
    playback: Playback,
    wake_words: tuple[WakeWord, WakeWord],
) -> FrontEnd:
    """All stages, loaded and primed: the first frame costs no more than any other.

    Args:
        audio: Card, echo and noise.
        wake: Thresholds of waking.
        turns: Thresholds of turns.
        playback: What is played.
        wake_words: The detector for the microphone and the one for the far end's veto.

    Raises:
        ModelError: A stage's name is unknown or its library is missing.
    """
    from audio.echo_factory import make_canceller
    from audio.noise_gain import WebrtcNoiseGain
    from audio.vad_silero import SileroVad

    near_wake, far_wake = wake_words
    return FrontEnd(
        canceller=make_canceller(audio.canceller, tail_ms=audio.canceller_tail_ms),
        suppressor=WebrtcNoiseGain(
            suppression=audio.noise_suppression, target_dbfs=audio.auto_gain_dbfs
        ),
        voice=SileroVad(),
        wake=near_wake,
        far_wake=far_wake,
        playback=playback,
        turns=turns,
        wake_settings=wake,
    )


def wake_phrases() -> tuple[str, ...]:
    """The phrases that there are models of.

    Raises:
        ModelError: A library is missing.
    """
    from audio.wake_openwakeword import phrases

    return phrases()


def make_wake_words(wake: WakeSettings) -> tuple[WakeWord, WakeWord]:
    """openWakeWord's detectors for the microphone and for the far end's veto.

    Raises:
        ModelError: The engine or phrase is unknown, or a library is missing.
    """
    if wake.engine != "openwakeword":
        raise ModelError(
            f'there is no wake word engine "{wake.engine}": set [wake] engine to "phones"',
            code="model.wake_engine_unknown",
        )
    from audio.wake_openwakeword import OpenWakeWord, SharedFeatures

    features = SharedFeatures()
    return (
        OpenWakeWord(wake.phrase, threshold=wake.threshold, features=features),
        OpenWakeWord(
            wake.phrase, threshold=wake.threshold * FAR_THRESHOLD_SHARE, features=features
        ),
    )
