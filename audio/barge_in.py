"""Whether somebody speaks over Myna: duck at once, cut when sure. Pure, in counted frames."""

from __future__ import annotations

import math
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
PITCHED_PART = 0.73
"""So much of an interruption's length with a pitch is a voice, however unsure voice activity still
is: with the usual 150 ms more than a tenth of a second."""
PITCHED_SHARE = 0.5
"""If so much of the sound has one."""
VOICE_WITHIN_DB = 9.0
"""What is so far below the loudest of the same sound is no voice but a cough's end, whatever pitch
it has: a word's vowels are its loudest part."""
LEAK = 0.5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one frame says about a possible interruption.

    Attributes:
        sound: Clearly louder than the room and than what is left of the echo.
        harmonic: It has a pitch in a voice's range.
        speech: Voice activity leans towards speech.
        possible: Voice activity does not rule speech out, as it does with music.
        level_dbfs: Of what the canceller leaves.
    """

    sound: bool
    harmonic: bool
    speech: bool
    possible: bool = False
    level_dbfs: float = 0.0


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
    speech, which a cough never is for long; what lies far below the loudest of it counts for
    nothing, so that a cough's voiced end does not. Voice activity lags the onset by some 50 ms;
    since the sound before is counted too, that lag is not added to the wait. Over an echo it can
    lag by half a second, with the child 20 dB above what is left: so three quarters of the wait
    with a pitch are enough too, which no cough has, unless voice activity is sure of the contrary.

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
        self._pitched = 0.0
        self._speech = 0
        self._quiet = 0
        self._loudest_dbfs = -math.inf

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
                self._loudest_dbfs = -math.inf
            self._quiet = 0
            self._run += 1.0
            self._suspicion += 1.0 if evidence.harmonic or evidence.speech else 0.5
            self._loudest_dbfs = max(self._loudest_dbfs, evidence.level_dbfs)
            if evidence.level_dbfs >= self._loudest_dbfs - VOICE_WITHIN_DB:
                self._voice += 1.0 if evidence.harmonic else PITCHLESS * evidence.speech
                self._pitched += evidence.harmonic
        else:
            self._quiet += 1
            self._run = max(0.0, self._run - LEAK)
            self._suspicion = max(0.0, self._suspicion - LEAK)
            self._voice = max(0.0, self._voice - LEAK)
            self._pitched = max(0.0, self._pitched - LEAK)
        self._speech = self._speech + 1 if evidence.speech else 0
        return self._judge(evidence.possible)

    def _judge(self, possible: bool) -> Verdict | None:
        spoken = (
            self._run >= self._interrupt
            and self._speech >= SILERO_FRAMES
            and self._voice >= VOICE_SHARE * self._interrupt
        )
        enough = max(PITCHED_PART * self._interrupt, PITCHED_SHARE * self._run)
        pitched = possible and self._pitched >= enough
        if self._quiet == 0 and (spoken or pitched):
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
        self._pitched = 0.0
        self._speech = 0
        self._quiet = 0
