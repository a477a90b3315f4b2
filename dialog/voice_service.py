"""The voice in its own process: lines in, chunks of sound out as they are made."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Generator
from dataclasses import replace

import numpy as np

from audio.ports import Samples
from core.process import ProcessWorker, Reply
from dialog.factory import build_chosen, build_voice
from dialog.ports import Line, SpeechModels, Synthesizer
from dialog.settings import VoiceSettings
from dialog.voice_choice import PIPER, choices
from dialog.worker_service import WorkerService

SLOWEST, FASTEST = 0.5, 1.5
HANG_S = 20.0
"""A sentence that takes longer than this is not going to come."""

NOTHING_INSTALLED = SpeechModels()

VoiceReply = Reply[Samples]


class VoiceHandler:
    """The child's side.

    Args:
        build: Makes the usual voice, in the child.
        rate: Multiplies the rate of every line.
        chosen: Makes another one by its name, when a line first asks for it.
    """

    def __init__(
        self,
        build: Callable[[], Synthesizer],
        rate: float,
        chosen: Callable[[str], Synthesizer] | None = None,
    ) -> None:
        self._voice = build()
        self._rate = rate
        self._make_chosen = chosen
        self._chosen: dict[str, Synthesizer] = {}
        _prime(self._voice)

    def __call__(self, line: Line) -> Generator[Samples, None, None]:
        rate = min(FASTEST, max(SLOWEST, line.rate * self._rate))
        yield from self._voice_of(line).speak(replace(line, rate=rate))

    def _voice_of(self, line: Line) -> Synthesizer:
        """Raises `ModelError` where the line's own voice cannot be had."""
        if not line.voice or self._make_chosen is None:
            return self._voice
        if line.voice not in self._chosen:
            if line.voice.startswith(PIPER):  # some tens of megabytes each: one is enough
                for name in [name for name in self._chosen if name.startswith(PIPER)]:
                    self._chosen.pop(name).close()
            made = self._make_chosen(line.voice)
            _prime(made)
            self._chosen[line.voice] = made
        return self._chosen[line.voice]

    def close(self) -> None:
        for each in (self._voice, *self._chosen.values()):
            each.close()


def _prime(voice: Synthesizer) -> None:
    """The first sentence of a voice is several times slower than the others."""
    for _ in voice.speak(Line("Hello.")):
        pass


class VoiceService(WorkerService[Line, Samples]):
    """Speaks lines in a worker process.

    Args:
        settings: Which voice, and how fast.
        models: What is installed on this machine.
        build: Makes the voice in the child instead of the factory; it has to pickle.
        on_restart: Called in the worker's thread after the process was started again.
    """

    def __init__(
        self,
        settings: VoiceSettings,
        models: SpeechModels = NOTHING_INSTALLED,
        *,
        build: Callable[[], Synthesizer] | None = None,
        on_restart: Callable[[], None] | None = None,
    ) -> None:
        chosen = None if build else functools.partial(build_chosen, models)
        build = build or functools.partial(build_voice, settings, models)
        worker: ProcessWorker[Line, Samples] = ProcessWorker(
            "myna-voice",
            functools.partial(VoiceHandler, build, settings.rate, chosen),
            hang_s=HANG_S,
            on_restart=on_restart,
        )
        super().__init__(worker)
        self._models = models
        self._use = ""

    def choices(self) -> tuple[str, ...]:
        """Voices that `use` takes, as they are installed now."""
        return choices(self._models)

    def check(self, voice: str) -> None:
        """Have a voice loaded, so that it is there when it is wanted; waits. Any thread.

        Raises:
            SpeakerError: It cannot be had.
        """
        if voice:
            self.speak_sync(Line("Hello.", voice=voice))

    def use(self, voice: str) -> None:
        """Let every line from now on be said by a voice; empty for that of the settings."""
        self._use = voice

    def submit(self, line: Line, on_reply: Callable[[VoiceReply], None]) -> int:
        """Queue a line; see `ProcessWorker.submit`. The last reply has no sound of its own."""
        return self.worker.submit(self._said(line), on_reply)

    async def speak(self, line: Line) -> AsyncIterator[Samples]:
        """Chunks of a line as they are made.

        Raises:
            SpeakerError: The voice cannot be loaded, or its process died.
        """
        async for reply in self.worker.stream(self._said(line)):
            chunk = reply.result()
            if chunk is not None:
                yield chunk

    def speak_sync(self, line: Line, *, timeout_s: float = 60.0) -> Samples:
        """The whole line at once.

        Raises:
            SpeakerError: The voice cannot be loaded, its process died, or it takes too long.
        """
        replies = self.worker.replies_sync(self._said(line), timeout_s)
        chunks = [reply.result() for reply in replies]
        return np.concatenate([np.zeros(0, np.int16), *(c for c in chunks if c is not None)])

    def _said(self, line: Line) -> Line:
        return replace(line, voice=self._use) if self._use and not line.voice else line
