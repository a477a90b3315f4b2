"""The front end from its configuration; adapters are imported here and only here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from audio.front_end import FrontEnd
from audio.playback import Playback
from audio.ports import WakeWord
from audio.settings import AudioSettings, TurnSettings, WakeSettings
from core.errors import ModelError

if TYPE_CHECKING:
    from audio.wake_openwakeword import Features

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
    """The phrases whose heads are ready.

    Raises:
        ModelError: A library is missing.
    """
    from audio.wake_heads import ready_phrases

    return ready_phrases()


def make_wake_words(wake: WakeSettings) -> tuple[WakeWord, WakeWord]:
    """Detectors of openWakeWord's kind for the microphone and for the far end's veto.

    Raises:
        ModelError: The engine or phrase is unknown, or a library is missing.
    """
    from audio.wake_heads import make_head
    from audio.wake_openwakeword import OpenWakeWord

    features = _wake_features(wake.engine)
    near, far = (
        OpenWakeWord(
            wake.phrase,
            make_head(wake.phrase, wake.head),
            threshold=wake.threshold * share,
            features=features,
        )
        for share in (1.0, FAR_THRESHOLD_SHARE)
    )
    return near, far


def _wake_features(engine: str) -> Features:
    if engine == "openwakeword":
        from audio.wake_openwakeword import SharedFeatures

        return SharedFeatures()
    if engine == "livekit":
        from audio.wake_livekit import LivekitFeatures

        return LivekitFeatures()
    raise ModelError(
        f'there is no wake word engine "{engine}": set [wake] engine to "phones"',
        code="model.wake_engine_unknown",
    )
