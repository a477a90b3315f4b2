"""What the child hears and sees of Myna: sound, the lights' state, what is asked."""

from __future__ import annotations

_HANG_S = 0.2  # shorter gaps belong to the same sound
_LOUD = 10 ** (-55 / 20)  # of full scale, at the loudspeaker


class Ear:
    """Follows Myna's sound frame by frame.

    Attributes:
        now_s: The room's time.
        sounding: Whether Myna is making a sound; gaps below 200 ms count as sound.
        sound_start_s: Start of the sound that is going on or was the last; None before any.
        sound_end_s: End of the last loud frame; None before any.
        speech_start_s: Start of the sentence that is going on, chimes left out where Myna
            tells what it says; None when it says nothing.
        state: What the lights show; None as long as nobody told.
        expected: Answers that Myna is waiting for or is about to ask for, best first.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self.sounding = False
        self.sound_start_s: float | None = None
        self.sound_end_s: float | None = None
        self.speech_start_s: float | None = None
        self.state: str | None = None
        self.expected: tuple[str, ...] = ()
        self._told = False
        self._pending = False

    def hear(self, peak: float, now_s: float) -> None:
        """The loudspeaker's next 10 ms: its highest amplitude, and the time at its end."""
        self.now_s = now_s
        if peak > _LOUD:
            start_s = now_s - 0.01
            if not self.sounding:
                self.sounding = True
                self.sound_start_s = start_s
            speech = self._pending or self.state == "speaking" or not self._told
            if self.speech_start_s is None and speech:
                self.speech_start_s = start_s
            self._pending = False
            self.sound_end_s = now_s
        elif self.sounding and self.quiet_for_s() >= _HANG_S:
            self.sounding = False
            self.speech_start_s = None

    def myna_says(self, _text: str) -> None:
        """Myna is about to say a sentence: the next sound is speech, not a chime."""
        self._told = True
        self._pending = True

    def quiet_for_s(self) -> float:
        """Time since Myna's last sound; endless before any."""
        return float("inf") if self.sound_end_s is None else self.now_s - self.sound_end_s

    def heard_since(self, at_s: float) -> bool:
        """Whether Myna made a sound after a time."""
        return self.sound_end_s is not None and self.sound_end_s > at_s
