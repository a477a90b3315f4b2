"""The voice in its own process: lines in, chunks of sound out as they are made."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Generator
from dataclasses import replace

import numpy as np

from audio.ports import Samples
from core.process import ProcessWorker, Reply
from dialog.factory import build_voice
from dialog.ports import Line, SpeechModels, Synthesizer
from dialog.settings import VoiceSettings
from dialog.worker_service import WorkerService

SLOWEST, FASTEST = 0.5, 1.5
HANG_S = 20.0
"""A sentence that takes longer than this is not going to come."""

NOTHING_INSTALLED = SpeechModels()

VoiceReply = Reply[Samples]


class VoiceHandler:
    """The child's side.

    Args:
        build: Makes the voice, in the child.
        rate: Multiplies the rate of every line.
    """

    def __init__(self, build: Callable[[], Synthesizer], rate: float) -> None:
        self._voice = build()
        self._rate = rate
        # The first sentence of a process is several times slower than the others.
        for _ in self._voice.speak(Line("Hello.")):
            pass

    def __call__(self, line: Line) -> Generator[Samples, None, None]:
        rate = min(FASTEST, max(SLOWEST, line.rate * self._rate))
        yield from self._voice.speak(replace(line, rate=rate))

    def close(self) -> None:
        self._voice.close()


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
        build = build or functools.partial(build_voice, settings, models)
        worker: ProcessWorker[Line, Samples] = ProcessWorker(
            "myna-voice",
            functools.partial(VoiceHandler, build, settings.rate),
            hang_s=HANG_S,
            on_restart=on_restart,
        )
        super().__init__(worker)

    def submit(self, line: Line, on_reply: Callable[[VoiceReply], None]) -> int:
        """Queue a line; see `ProcessWorker.submit`. The last reply has no sound of its own."""
        return self.worker.submit(line, on_reply)

    async def speak(self, line: Line) -> AsyncIterator[Samples]:
        """Chunks of a line as they are made.

        Raises:
            SpeakerError: The voice cannot be loaded, or its process died.
        """
        async for reply in self.worker.stream(line):
            chunk = reply.result()
            if chunk is not None:
                yield chunk

    def speak_sync(self, line: Line, *, timeout_s: float = 60.0) -> Samples:
        """The whole line at once.

        Raises:
            SpeakerError: The voice cannot be loaded, its process died, or it takes too long.
        """
        chunks = [reply.result() for reply in self.worker.replies_sync(line, timeout_s)]
        return np.concatenate([np.zeros(0, np.int16), *(c for c in chunks if c is not None)])
