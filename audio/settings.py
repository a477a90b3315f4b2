"""The audio room's section of the configuration; every threshold a child can feel is here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioSettings:
    """``[audio]`` in ``myna.toml``."""

    backend: str = "auto"
    """``auto`` (sound card, else the virtual room), ``sounddevice``, ``pyaudio``, ``room``."""
    input_card: str = ""
    """Stable id or part of the name of the microphone's card; empty takes the system's default."""
    output_card: str = ""
    """The same for the loudspeaker."""
    input_channel: int = 0
    """Which channel of a microphone array to use, counted from 0."""
    volume_db: float = 0.0
    """Gain of everything played, -60..0 dB."""
    canceller: str = "kalman"
    """``kalman``, ``aec3``, ``speex`` or ``none``."""
    canceller_tail_ms: int = 200
    noise_suppression: int = 1
    """webrtc-noise-gain's level, 0 (off) to 4."""
    auto_gain_dbfs: int = 6
    """webrtc-noise-gain's target, 0 (off) to 31."""
    reopen_interval_s: float = 0.5
    """How often a lost card is looked for."""
    stall_s: float = 0.8
    """Without a frame for this long the card counts as lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeSettings:
    """``[wake]``."""

    engine: str = "pyopen"
    phrase: str = "hey jarvis"
    threshold: float = 0.5
    refractory_s: float = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnSettings:
    """``[turns]``: when a turn begins, ends and interrupts."""

    speech_threshold: float = 0.5
    """Probability of voice activity from which a frame counts as voiced."""
    start_voiced_ms: int = 100
    """Voiced time that begins a turn."""
    pre_roll_ms: int = 500
    """Sound kept from before the turn began."""
    look_ms: int = 160
    """Silence after which the answer so far is looked at."""
    complete_silence_ms: int = 300
    """Silence that ends the turn when the expected answer is complete."""
    incomplete_silence_ms: int = 1000
    """Silence that ends it otherwise."""
    hesitation_extra_ms: int = 600
    """Added after a hesitation (a filler, a drawn-out or very short first part)."""
    limit_s: float = 20.0
    """The longest turn."""
    duck_voiced_ms: int = 40
    """Voiced time over playback after which the voice is lowered."""
    interrupt_voiced_ms: int = 150
    """Voiced time over playback after which the voice is cut."""
    duck_db: float = -15.0
    duck_release_ms: int = 400
    """Quiet after a ducking that was no interruption, before the voice comes back."""
