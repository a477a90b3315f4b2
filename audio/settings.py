"""The audio room's section of the configuration; every threshold a child can feel is here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from core.bounds import AtMost, Between, OneOf


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioSettings:
    """``[audio]``: sound card, echo and noise."""

    backend: Annotated[str, OneOf("auto", "sounddevice", "pyaudio", "room")] = "auto"
    """``auto`` (sound card, else the virtual room), ``sounddevice``, ``pyaudio``, ``room``."""
    input_card: str = ""
    """Stable id or part of the name of the microphone's card; empty takes the system's default."""
    output_card: str = ""
    """The same for the loudspeaker."""
    input_channel: Annotated[int, Between(0, 31)] = 0
    """Which channel of a microphone array to use, counted from 0."""
    card_rates_hz: Annotated[tuple[int, ...], Between(8000, 192_000)] = ()
    """Rates to try first on both sides of the card, best one first; where none is taken, and
    without any, 16 kHz on hardware of one's own and else the card's own rate."""
    volume_db: Annotated[float, Between(-60, 0)] = 0.0
    """Gain of everything played, -60..0 dB."""
    canceller: Annotated[str, OneOf("kalman", "aec3", "speex", "none")] = "kalman"
    """``kalman``, ``aec3``, ``speex`` or ``none``."""
    canceller_tail_ms: Annotated[int, Between(20, 1000)] = 300
    """Longest echo that is taken out, from the loudspeaker's first sound to the room's last."""
    noise_suppression: Annotated[int, Between(0, 4)] = 1
    """webrtc-noise-gain's level, 0 (off) to 4."""
    auto_gain_dbfs: Annotated[int, Between(0, 31)] = 6
    """webrtc-noise-gain's target, 0 (off) to 31."""
    reopen_interval_s: Annotated[float, Between(0.1, 10)] = 0.5
    """How often a lost card is looked for."""
    stall_s: Annotated[float, Between(0.1, 10)] = 0.8
    """Without a frame for this long the card counts as lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeSettings:
    """``[wake]``: the phrase that wakes Myna."""

    engine: Annotated[str, OneOf("phones", "openwakeword", "livekit")] = "phones"
    """Which detector listens for it: ``phones``, Myna's own, hears any phrase that can be written
    down; ``openwakeword`` and ``livekit`` hear a few ready ones, which may not be used
    commercially, or the one of `head`."""
    phrase: str = "hello myna"
    """The phrase in plain lower-case words, three syllables or more."""
    head: str = ""
    """A head trained for this phrase by ``myna wake train``: ``.npz`` for ``phones``, which has one
    for "hello myna" and hears any other phrase without, ``.onnx`` for the other two."""
    threshold: Annotated[float, Between(0, 1)] = 0.5
    """Score from which the phrase counts as heard; higher wakes less often."""
    refractory_s: Annotated[float, Between(0, 60)] = 1.5
    """After a hit, how long no second one is reported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnSettings:
    """``[turns]``: when a turn begins, ends and interrupts."""

    speech_threshold: Annotated[float, Between(0, 1)] = 0.5
    """Probability of voice activity from which a frame counts as voiced."""
    start_voiced_ms: Annotated[int, Between(10, 1000)] = 100
    """Voiced time that begins a turn."""
    pre_roll_ms: Annotated[int, Between(0, 2000)] = 500
    """Sound kept from before the turn began."""
    look_ms: Annotated[int, Between(10, 1000), AtMost("complete_silence_ms")] = 160
    """Silence after which the answer so far is looked at."""
    complete_silence_ms: Annotated[int, Between(100, 5000), AtMost("incomplete_silence_ms")] = 300
    """Silence that ends the turn when the expected answer is complete."""
    incomplete_silence_ms: Annotated[int, Between(200, 10000)] = 1000
    """Silence that ends it otherwise."""
    patience_least_ms: Annotated[int, Between(200, 10000), AtMost("incomplete_silence_ms")] = 800
    """The least that it becomes for a child whose own pauses are short."""
    patience_most_ms: Annotated[int, Between(200, 10000)] = 1500
    """The most that it becomes for a child whose own pauses are long."""
    hesitation_extra_ms: Annotated[int, Between(0, 5000)] = 600
    """Added after a hesitation: a filler, a last word that ends no sentence."""
    unfinished_silence_ms: Annotated[int, Between(200, 10000)] = 3500
    """Silence that ends it where a beginning of an expected answer, and no more, was heard; never
    less than the two before."""
    limit_s: Annotated[float, Between(2, 120)] = 20.0
    """The longest turn."""
    duck_voiced_ms: Annotated[int, Between(10, 1000), AtMost("interrupt_voiced_ms")] = 40
    """Voiced time over playback after which the voice is lowered."""
    interrupt_voiced_ms: Annotated[int, Between(10, 2000)] = 150
    """Voiced time over playback after which the voice is cut."""
    duck_db: Annotated[float, Between(-60, 0)] = -15.0
    """How far the voice is lowered."""
    duck_release_ms: Annotated[int, Between(0, 5000)] = 400
    """Quiet after a ducking that was no interruption, before the voice comes back."""
    foreground_range_db: Annotated[float, Between(6, 60)] = 15.0
    """A voice this far below the child who woke Myna is somebody else's: a television's."""
    interrupt_range_db: Annotated[float, Between(6, 60)] = 12.0
    """The same for a voice over Myna's own: who interrupts speaks up."""
    foreground_patience_s: Annotated[float, Between(1, 60)] = 4.0
    """When an answer is waited for this long, fainter voices begin to count."""
    foreground_relax_db: Annotated[float, Between(0, 30)] = 6.0
    """By how much fainter, each time."""
    tail_range_db: Annotated[float, Between(12, 60)] = 16.0
    """A voice this far below the turn's own loudest sound does not hold the turn open."""
