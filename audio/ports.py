"""What the audio room promises: values, protocols, and the edges that leave the audio thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
FRAME_MS = 10
FRAME_SAMPLES = SAMPLE_RATE_HZ * FRAME_MS // 1000  # 160
FRAME_S = FRAME_MS / 1000

Samples = NDArray[np.int16]  # mono, 16 000 Hz; one frame has shape (160,)


def seconds(frames: int) -> float:
    """Time of a frame count in seconds."""
    return frames * FRAME_MS / 1000


# ---------------------------------------------------------------- backends


@dataclass(slots=True)
class ReadStatus:
    """What one `AudioBackend.read` brought besides samples.

    Attributes:
        ok: Whether a frame was delivered; False is a timeout or the end of a file.
        ended: Nothing will come any more (a file's end, a scenario's end).
        lost_frames: 10 ms frames that were lost before this one (overflow).
        discontinuity: Near and far end were re-paired: the echo path's delay may have moved.
    """

    ok: bool = True
    ended: bool = False
    lost_frames: int = 0
    discontinuity: bool = False


@dataclass(slots=True)
class BackendCounters:
    """Facts of a backend since it was opened; read by `myna doctor` and telemetry."""

    frames: int = 0
    overflow_frames: int = 0
    """Captured frames dropped because nobody read them in time."""
    input_overflows: int = 0
    """Times the card itself said that input was lost."""
    output_underflows: int = 0
    """Times the card itself said that it was given nothing to play."""
    reopened: int = 0
    """Times the card was lost and found again."""


class PlaybackSource(Protocol):
    """Where a backend gets what it hands to the loudspeaker."""

    def pull(self, out: Samples) -> None:
        """Fill every sample of `out` (any length, 16 kHz mono); silence where there is none.

        Called from the card's own thread: no lock held for long, no allocation of size, no I/O.
        """


class AudioBackend(Protocol):
    """A microphone and a loudspeaker. A context manager; `open` on enter, `close` on exit."""

    name: str
    """Which card this is, for people."""
    counters: BackendCounters

    def open(self, source: PlaybackSource) -> None:
        """Start capture and playback.

        Raises:
            DeviceLost: The card is not there (retryable).
            AudioError: The card cannot be used; the message says why.
        """

    def read(self, near: Samples, far: Samples, *, timeout_s: float) -> ReadStatus:
        """Wait for the next 10 ms.

        Args:
            near: Filled with the microphone's frame, shape (160,).
            far: Filled with what was handed to the loudspeaker at the same place of the
                stream, shape (160,). Paired by counting samples, so the delay between `far`
                and its echo in `near` is constant until a status says `discontinuity`.
            timeout_s: Longest wait; after it the status has ``ok=False``.

        Raises:
            DeviceLost: The card went away. `close`, then `open` until it succeeds.
        """

    def idle(self, seconds: float) -> None:
        """Let time pass while the card is away: sleep, or advance the room's own clock."""

    def close(self) -> None:
        """Stop at once and release the card. Idempotent."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


# ------------------------------------------------------------------ stages
# Stages are synchronous: no clock, no logging, no lock, no I/O. Time is counted audio.


class EchoCanceller(Protocol):
    """Takes the loudspeaker's sound out of the microphone's."""

    def process(self, near: Samples, far: Samples, out: Samples) -> None:
        """One frame; all of shape (160,). `out` may be `near`."""

    def reset(self, *, keep_filter: bool = False) -> None:
        """Forget the past; with `keep_filter` only what a moved delay makes wrong."""

    @property
    def residual_echo_dbfs(self) -> float:
        """Estimate of the echo power left in the last `out`, in dBFS; -inf when none."""

    @property
    def echo_dbfs(self) -> float:
        """Estimate of the echo in the last `near`, before cancelling, in dBFS; -inf when none."""


class NoiseSuppressor(Protocol):
    """Noise suppression and automatic gain."""

    def process(self, frame: Samples, out: Samples) -> None: ...

    def reset(self) -> None: ...


class VoiceActivity(Protocol):
    """How likely a frame holds speech."""

    def process(self, frame: Samples) -> float:
        """Probability 0..1 of speech at the end of this frame."""

    def reset(self) -> None: ...


@dataclass(frozen=True, slots=True)
class WakeHit:
    """A wake phrase was heard.

    Attributes:
        phrase: Which one, for example ``hello myna``.
        score: 0..1.
        at_s: End of the phrase in counted audio since start.
    """

    phrase: str
    score: float
    at_s: float


class WakeWord(Protocol):
    """Finds the wake phrase in a stream of frames."""

    phrases: tuple[str, ...]

    def process(self, frame: Samples) -> WakeHit | None: ...

    def reset(self) -> None: ...


WAKE_SOUND_S = 2.6
"""How much leads up to a wake phrase's end: the longest phrase, and a little before it."""

# ------------------------------------------------------------------- edges
# The only things that leave the audio thread. `at_s` is counted audio since start.


class EndReason(Enum):
    """Why a turn ended."""

    COMPLETE = "complete"
    """The expected answer was complete and a short silence followed."""
    SILENCE = "silence"
    LIMIT = "limit"
    """The hard limit; ended gently."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a child said in one turn, copied out of the audio thread.

    Attributes:
        id: Counts up from 1; a paused utterance that goes on keeps its id.
        revision: Counts up with every pause of the same utterance.
        samples: int16, 16 kHz, pre-roll included.
        start_s: Time of the first sample.
        speech_end_s: Time of the last voiced frame's end.
    """

    id: int
    revision: int
    samples: Samples = field(repr=False)
    start_s: float
    speech_end_s: float


@dataclass(frozen=True, slots=True)
class Woken:
    """The wake phrase may have been said.

    Attributes:
        hit: What the detector says of it.
        sound: The last `WAKE_SOUND_S`, without echo, copied: for whoever has the last word.
        over_playback: Whether Myna's own voice sounded in that time.
    """

    at_s: float
    hit: WakeHit
    sound: Samples | None = field(default=None, repr=False, compare=False)
    over_playback: bool = False


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    at_s: float


@dataclass(frozen=True, slots=True)
class SpeechPaused:
    """Silence long enough to look whether the answer is complete already."""

    at_s: float
    utterance: Utterance


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    at_s: float


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The turn is over.

    Attributes:
        pauses_ms: Silences within it that the child broke by going on.
    """

    at_s: float
    utterance: Utterance
    reason: EndReason
    pauses_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Ducked:
    """Somebody may be interrupting: the voice was lowered at once."""

    at_s: float


@dataclass(frozen=True, slots=True)
class DuckEnded:
    """It was a cough or a door: the voice went on."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Confirmed speech over playback: the voice has been cut already."""

    at_s: float


@dataclass(frozen=True, slots=True)
class PlayStarted:
    """The first sample of a queued sound was handed to the card."""

    at_s: float
    tag: int


@dataclass(frozen=True, slots=True)
class Played:
    """A queued sound was handed to the card to its last sample, or was cut.

    Attributes:
        tag: As given to `Playback.enqueue`.
        samples: How many of it were handed over.
        cut: Whether it ended before its end.
    """

    at_s: float
    tag: int
    samples: int
    cut: bool


@dataclass(frozen=True, slots=True)
class CardLost:
    at_s: float


@dataclass(frozen=True, slots=True)
class CardBack:
    at_s: float


@dataclass(frozen=True, slots=True)
class StreamEnded:
    """A file or a scenario came to its end."""

    at_s: float


Edge = (
    Woken
    | SpeechStarted
    | SpeechPaused
    | SpeechResumed
    | SpeechEnded
    | Ducked
    | DuckEnded
    | Interrupted
    | PlayStarted
    | Played
    | CardLost
    | CardBack
    | StreamEnded
)
EdgeSink = Callable[[Edge], None]


class Attention(Enum):
    """What the front end listens for. Set by the conversation, applied at a frame's start."""

    OFF = "off"
    """Nothing: muted or in fault."""
    WAKE = "wake"
    """The wake phrase only (asleep, paused)."""
    TURN = "turn"
    """A child's turn: speech start, pauses, end. The wake phrase counts as speech."""
    BARGE_IN = "barge_in"
    """Myna is speaking: duck on first voiced frames, cut when confirmed, then TURN by itself."""
