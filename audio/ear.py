"""What one echo-cancelled frame holds: a voice, another sound, what is left of the echo."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from audio.harmonicity import Harmonicity
from audio.levels import rms_dbfs
from audio.noise_floor import NoiseFloor
from audio.ports import Samples, VoiceActivity

SILENCE_DBFS = -120.0
"""What digital silence counts as, so that levels can be subtracted."""
HYSTERESIS = 0.15
"""How far below the threshold voice activity may fall before a voice counts as gone."""
LIKELY_SHARE = 0.6
SPEECH_OVER_FLOOR_DB = 6.0
SOUND_OVER_FLOOR_DB = 9.0
OVER_ECHO_DB = 6.0
UNDER_PEAK_DB = 32.0
"""What lies this far below the voice's recent peak is its reverberation."""
PEAK_FALL_DB_PER_FRAME = 0.2
FAINTEST_DBFS = -62.0
HARMONIC = 0.6
POSSIBLE = 0.03
"""Probability of voice activity below which a sound is surely no speech: music has less."""


class EchoExpectation:
    """How loud what is left of Myna's own voice may be, learned while she speaks.

    The canceller's own estimate, held for a moment, plus a bias: how far above the estimate
    the cancelled signal was seen when nobody else spoke. The bias moves fast in the first
    second and a half of an unknown echo path, when no canceller knows how wrong it is, and
    afterwards so slowly that a child who interrupts does not raise it.

    A quiet typical echo may still have loud moments: reverberation longer than the canceller's
    tail. Each time that something was taken for the beginning of an interruption and was none,
    the expectation rises by `_DOUBT_DB`, and falls back by half in 20 s.
    """

    _HOLD_FRAMES = 40
    """The echo may come this much later than the far end."""
    _ESTIMATE_FRAMES = 6
    _START_DB, _LEAST_DB, _MOST_DB = 25.0, 0.0, 30.0
    _UP_DB, _DOWN_DB = 0.03, 0.02
    _FAST_FRAMES, _FAST_UP_DB, _FAST_DOWN_DB = 150, 0.5, 0.15
    _AUDIBLE_DBFS = -60.0
    _DOUBT_DB, _MOST_DOUBT_DB = 2.0, 10.0
    _DOUBT_KEPT = 0.5 ** (1 / 2000)
    """From frame to frame."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """The echo path has changed or was never known."""
        self._far = deque([SILENCE_DBFS], maxlen=self._HOLD_FRAMES)
        self._estimates = deque([SILENCE_DBFS], maxlen=self._ESTIMATE_FRAMES)
        self._bias_db = self._START_DB
        self._doubt_db = 0.0
        self._seen_frames = 0

    @property
    def far_active(self) -> bool:
        """Whether echo is to be expected now."""
        return max(self._far) > self._AUDIBLE_DBFS

    def update(
        self, far_dbfs: float, left_dbfs: float, estimate_dbfs: float, *, near_voice: bool
    ) -> float:
        """Take in a frame; returns the expected level of the echo left in it.

        Args:
            far_dbfs: Level of the far end.
            left_dbfs: Level after the canceller.
            estimate_dbfs: The canceller's own estimate of what it left; -inf for none.
            near_voice: Somebody is taken to be speaking: nothing is learned.
        """
        self._far.append(far_dbfs)
        self._estimates.append(max(estimate_dbfs, SILENCE_DBFS))
        if not self.far_active:
            return SILENCE_DBFS
        self._doubt_db *= self._DOUBT_KEPT
        held_dbfs = max(self._estimates)
        self._seen_frames += 1
        if not near_voice:
            fast = self._seen_frames <= self._FAST_FRAMES
            if left_dbfs > held_dbfs + self._bias_db:
                self._bias_db += self._FAST_UP_DB if fast else self._UP_DB
            else:
                self._bias_db -= self._FAST_DOWN_DB if fast else self._DOWN_DB
            self._bias_db = min(max(self._bias_db, self._LEAST_DB), self._MOST_DB)
        return held_dbfs + self._bias_db + self._doubt_db

    def mistook(self) -> None:
        """What seemed to be somebody's voice was not: expect more."""
        self._doubt_db = min(self._doubt_db + self._DOUBT_DB, self._MOST_DOUBT_DB)


@dataclass(slots=True)
class Hearing:
    """What the ear makes of the last frame.

    Attributes:
        level_dbfs: Level of the cancelled frame.
        voiced: Speech, energetic enough to be the speech itself and not its decay.
        sound: Clearly above the room's noise and above what may be left of the echo.
        harmonic: The sound has a voice's pitch; only looked at where `sound` is set.
        speech: Voice activity says speech.
        likely: Voice activity leans towards speech: enough where a pitch says so too.
        possible: Voice activity does not rule speech out.
    """

    level_dbfs: float = SILENCE_DBFS
    voiced: bool = False
    sound: bool = False
    harmonic: bool = False
    speech: bool = False
    likely: bool = False
    possible: bool = False


class Ear:
    """Judges frames one by one.

    Voice activity answers late at both ends of a word. Its late onset is made up for by the
    pre-roll; its late end by asking the level, which falls when the word does.

    Args:
        voice: Voice activity.
        threshold: Probability from which a frame is speech.
    """

    def __init__(self, voice: VoiceActivity, *, threshold: float) -> None:
        self._voice = voice
        self._threshold = threshold
        self._floor = NoiseFloor()
        self._echo = EchoExpectation()
        self._harmonicity = Harmonicity()
        self._speech = False
        self._peak_dbfs = SILENCE_DBFS
        self.probability = 0.0
        self.echo_dbfs = SILENCE_DBFS
        """Expected level of the echo left in the last frame."""

    @property
    def far_active(self) -> bool:
        """Whether Myna's own voice may be in the microphone now."""
        return self._echo.far_active

    def reset(self) -> None:
        """Forget the voice that was heard; the room stays known."""
        self._voice.reset()
        self._speech = False
        self._peak_dbfs = SILENCE_DBFS
        self.probability = 0.0

    def forget_echo(self) -> None:
        """The echo path may have changed."""
        self._echo.reset()

    def mistook_echo(self) -> None:
        """What lowered Myna's voice was no interruption."""
        self._echo.mistook()

    def measure(
        self, frame: Samples, far: Samples, estimate_dbfs: float, *, near_voice: bool
    ) -> float:
        """Take in levels only, while nobody is listened for; returns the frame's level."""
        level = max(rms_dbfs(frame), SILENCE_DBFS)
        far_dbfs = max(rms_dbfs(far), SILENCE_DBFS)
        self.echo_dbfs = self._echo.update(far_dbfs, level, estimate_dbfs, near_voice=near_voice)
        self._floor.update(level)
        return level

    def listen(self, frame: Samples, voice_frame: Samples, level: float, into: Hearing) -> None:
        """Judge a frame that `measure` has seen.

        Args:
            frame: The echo-cancelled frame.
            voice_frame: The same for voice activity, noise suppressed.
            level: What `measure` returned.
            into: Filled.
        """
        self.probability = self._voice.process(voice_frame)
        wanted = self._threshold - HYSTERESIS if self._speech else self._threshold
        self._speech = self.probability >= wanted
        over_echo = level > self.echo_dbfs + OVER_ECHO_DB
        floor = max(self._floor.dbfs, FAINTEST_DBFS - SPEECH_OVER_FLOOR_DB)
        energetic = (
            over_echo
            and level > floor + SPEECH_OVER_FLOOR_DB
            and level > self._peak_dbfs - UNDER_PEAK_DB
        )
        self._harmonicity.push(frame)
        into.level_dbfs = level
        into.speech = self._speech
        into.likely = self.probability >= self._threshold * LIKELY_SHARE
        into.possible = self.probability >= POSSIBLE
        into.voiced = self._speech and energetic
        into.sound = over_echo and level > floor + SOUND_OVER_FLOOR_DB
        into.harmonic = into.sound and self._harmonicity.peak() >= HARMONIC
        self._peak_dbfs -= PEAK_FALL_DB_PER_FRAME
        if into.voiced:
            self._peak_dbfs = max(level, self._peak_dbfs)
