"""What is lost on a real sound server while recognition and synthesis run flat out."""

from __future__ import annotations

import threading
from contextlib import ExitStack

import numpy as np

from audio.factory import make_front_end
from audio.live import make_live_backend
from audio.loop import AudioLoop, AudioThread
from audio.playback import Playback
from audio.ports import Attention, Edge, EndReason, Samples, SpeechEnded
from core.errors import SpeakerError
from core.process_ports import Reply
from device.app import start_services
from device.bench.metric import Metric
from device.bench.sound_server import missing_programs, sound_server
from device.config import Settings
from device.wake_words import wake_words
from dialog.ports import Hints, Line, Recognition

LINE = Line("The quick brown fox jumps over the lazy dog, and then it sleeps in the warm sun.")
OTHER = "three little ducks went swimming one day"
HINTS = Hints(("a red apple", "good morning", "thank you very much", "i like green tea"))


class FlatOut:
    """Keeps both workers busy: each answer is followed by the next question at once.

    What the voice makes is played, so that the front end works on echo as in a conversation.
    """

    def __init__(self, stack: ExitStack, playback: Playback) -> None:
        services = start_services(Settings(), stack)
        self._recogniser, self._voice = services.recogniser, services.voice
        self._playback = playback
        self._said = [self._voice.speak_sync(Line(text)) for text in (*HINTS.candidates, OTHER)]
        self._over = threading.Event()
        self._tag = 0
        self.recognised = 0
        self.lines = 0

    def start(self) -> None:
        self._recognise()
        self._speak()

    def stop(self) -> None:
        self._over.set()

    def _recognise(self) -> None:
        # Shifted each time: what was heard last is remembered, and would cost nothing.
        said = self._said[self.recognised % len(self._said)]
        self._recogniser.submit(np.roll(said, self.recognised), HINTS, self._recognised)

    def _recognised(self, reply: Reply[Recognition]) -> None:
        self.recognised += 1
        if not self._over.is_set():
            self._recognise()

    def _speak(self) -> None:
        self._tag += 1
        self._voice.submit(LINE, self._spoken)

    def _spoken(self, reply: Reply[Samples]) -> None:
        # The voice is faster than speech: what does not fit is thrown away, not queued.
        if reply.value is not None and not self._playback.busy:
            self._playback.enqueue(reply.value, tag=self._tag, last=True)
            self._tag += 1
        if reply.last:
            self.lines += 1
            if not self._over.is_set():
                self._speak()


def lost_frames(seconds: float) -> list[Metric]:
    """Run the audio thread on virtual devices for a time, with both workers flat out.

    Returns:
        Lost, late and underrun frames; without a sound server installed, values of None.
    """
    names = ("live.lost_frames", "live.late_frames", "live.output_underflows")
    if missing_programs():
        return [Metric(name, None, "", None, 0) for name in names]
    faults: list[BaseException] = []
    settings = Settings()
    with ExitStack() as stack:
        server = stack.enter_context(sound_server())
        stack.enter_context(server.acoustic_path())
        playback = Playback(duck_db=settings.turns.duck_db)
        front_end = make_front_end(
            settings.audio, settings.wake, settings.turns, playback, wake_words(settings.wake)
        )
        backend = make_live_backend(settings.audio)
        loop = AudioLoop(backend, front_end, playback, settings.audio)
        load = FlatOut(stack, playback)
        loop.open_first()
        front_end.attend(Attention.BARGE_IN)

        def go_on(edge: Edge) -> None:
            """A turn that ended is followed by Myna speaking again, as in a conversation."""
            if isinstance(edge, SpeechEnded) and edge.reason in EndReason:
                front_end.attend(Attention.BARGE_IN)

        thread = AudioThread(loop, go_on, faults.append)
        load.start()
        thread.start()
        threading.Event().wait(seconds)
        load.stop()
        thread.stop()
    if faults:
        raise SpeakerError("the audio thread failed during the live benchmark") from faults[0]
    frames = loop.counters.frames
    lost = loop.counters.lost + backend.counters.overflow_frames
    return [
        Metric(names[0], float(lost), "", "== 0", frames),
        Metric(names[1], float(loop.counters.late), "", None, frames),
        Metric(names[2], float(backend.counters.output_underflows), "", None, frames),
        Metric("live.input_overflows", float(backend.counters.input_overflows), "", "== 0", frames),
        Metric("live.frame.median", loop.times.quantile_ms(0.5), "ms", None, frames),
        Metric("live.frame.p999", loop.times.quantile_ms(0.999), "ms", None, frames),
        Metric("live.recognitions", float(load.recognised), "", None, load.recognised),
        Metric("live.lines_spoken", float(load.lines), "", None, load.lines),
    ]
