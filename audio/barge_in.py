"""Whether somebody speaks over Myna: duck at once, cut when sure. Pure, in counted frames."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from audio.ports import FRAME_MS
from audio.settings import TurnSettings

VOICE_SHARE = 0.4
"""Share of an interruption's frames that must be a voice's; a cough has less."""
PITCHLESS = 0.3
"""What a frame counts that voice activity takes for speech and in which no pitch is found."""
SILERO_FRAMES = 3
"""Frames in a row that voice activity must agree with before the voice is cut."""
LEAK = 0.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one frame says about a possible interruption.

    Attributes:
        sound: Clearly louder than the room and than what is left of the echo.
        harmonic: It has a pitch in a voice's range.
        speech: Voice activity leans towards speech.
    """

    sound: bool
    harmonic: bool
    speech: bool


class Verdict(Enum):
    """What a frame changed."""

    DUCK = "duck"
    RELEASE = "release"
    INTERRUPT = "interrupt"


class BargeIn:
    """Weighs frames while Myna speaks.

    A sound with pitch or speech in it counts whole, any other sound half, so that an /s/ and
    a cough duck later than a vowel. The cut asks for more: the sound went on, voice activity
    agrees now, and enough of it was a voice: it had a pitch, or voice activity took it for
    speech, which a cough never is for long. Voice activity lags the onset by some 50 ms;
    since the sound before is counted too, that lag is not added to the wait.

    Args:
        settings: `duck_voiced_ms`, `interrupt_voiced_ms`, `duck_release_ms`.
    """

    def __init__(self, settings: TurnSettings) -> None:
        self._duck = settings.duck_voiced_ms / FRAME_MS
        self._interrupt = settings.interrupt_voiced_ms / FRAME_MS
        self._release = settings.duck_release_ms / FRAME_MS
        self.ducked = False
        self.onset = 0
        """Frame index of the first sound of what is being weighed."""
        self._frame = 0
        self._run = 0.0
        self._suspicion = 0.0
        self._voice = 0.0
        self._speech = 0
        self._quiet = 0

    def begin(self, frame: int) -> None:
        """Start anew; `frame` is the index of the frame that `step` gets next."""
        self._frame = frame
        self.ducked = False
        self._forget()

    def step(self, evidence: Evidence) -> Verdict | None:
        """Weigh one frame."""
        index = self._frame
        self._frame += 1
        if evidence.sound:
            if self._run == 0.0:
                self.onset = index
            self._quiet = 0
            self._run += 1.0
            self._suspicion += 1.0 if evidence.harmonic or evidence.speech else 0.5
            self._voice += 1.0 if evidence.harmonic else PITCHLESS * evidence.speech
        else:
            self._quiet += 1
            self._run = max(0.0, self._run - LEAK)
            self._suspicion = max(0.0, self._suspicion - LEAK)
            self._voice = max(0.0, self._voice - LEAK)
        self._speech = self._speech + 1 if evidence.speech else 0
        return self._judge()

    def _judge(self) -> Verdict | None:
        if (
            self._run >= self._interrupt
            and self._speech >= SILERO_FRAMES
            and self._voice >= VOICE_SHARE * self._interrupt
            and self._quiet == 0
        ):
            self.ducked = False
            return Verdict.INTERRUPT
        if not self.ducked and self._suspicion >= self._duck:
            self.ducked = True
            return Verdict.DUCK
        if self.ducked and self._quiet >= self._release:
            self.ducked = False
            self._forget()
            return Verdict.RELEASE
        return None

    def _forget(self) -> None:
        self._run = 0.0
        self._suspicion = 0.0
        self._voice = 0.0
        self._speech = 0
        self._quiet = 0
