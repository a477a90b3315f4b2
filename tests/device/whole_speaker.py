"""A whole speaker as a process of its own; fakes play the sound card, the child and the voice.

``python -m tests.device.whole_speaker CONFIG``: the child answers all that it is asked, at once and
right. Everything else is the daemon's own.
"""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from audio.front_end import FrontEnd
from audio.ports import (
    Attention,
    Edge,
    EndReason,
    ReadStatus,
    Samples,
    SpeechEnded,
    SpeechStarted,
    Utterance,
)
from core.clock import SystemClock
from core.process_ports import Reply
from device import journal
from device.app import Services, assemble, pack_shelf
from device.config import load_settings
from device.live import Daemon
from dialog.ports import Hints, Line, Recognition
from tests.device.test_daemon import CountingCard

FRAMES_HEARD = 4
"""So many frames after Myna has ended the child has answered."""


class Ear:
    """The front end, before which a child speaks whenever it is its turn."""

    def __init__(self, inside: FrontEnd) -> None:
        self._inside = inside
        self._listened = 0
        self._numbers = itertools.count(1)

    def __getattr__(self, name: str) -> object:
        return getattr(self._inside, name)

    def process(self, near: Samples, far: Samples, status: ReadStatus) -> list[Edge]:
        edges = self._inside.process(near, far, status)
        self._listened = self._listened + 1 if self._inside.attention is Attention.TURN else 0
        if self._listened == FRAMES_HEARD:
            now_s = self._inside.now_s
            said = Utterance(next(self._numbers), 1, near.copy(), now_s, now_s)
            edges += [SpeechStarted(now_s), SpeechEnded(now_s, said, EndReason.SILENCE)]
        return edges


class Process:
    """Stands for a worker process that never fails."""

    restarts = 0


class Listening:
    """Hears the first answer that is wanted."""

    worker = Process()

    def submit(
        self, _: Samples, hints: Hints, on_reply: Callable[[Reply[Recognition]], None]
    ) -> int:
        text = hints.candidates[0] if hints.candidates else "a dog"
        matched = 0 if hints.candidates else None
        on_reply(Reply(1, Recognition(text, matched, 0.9, complete=True), None, True, 0.0))
        return 1

    def cancel(self, job: int) -> None:
        """Nothing is under way."""


class Speaking:
    """Says every line as a tenth of a second of silence."""

    worker = Process()

    def submit(self, _: Line, on_reply: Callable[[Reply[Samples]], None]) -> int:
        on_reply(Reply(1, np.zeros(1600, np.int16), None, True, 0.0))
        return 1

    def cancel(self, job: int) -> None:
        """Nothing is under way."""

    def speak_sync(self, _: Line) -> Samples:
        """The same, waited for."""
        return np.zeros(1600, np.int16)

    def choices(self) -> tuple[str, ...]:
        """It has one voice."""
        return ()

    def check(self, voice: str) -> None:
        """It takes any."""

    def use(self, voice: str) -> None:
        """They all sound the same."""


def main(config: Path) -> None:
    journal.configure()
    settings = load_settings(config)
    folder = settings.device.state_path()
    with ExitStack() as stack:
        pack = pack_shelf(settings).find(settings.lessons.pack)
        services = Services(Listening(), Speaking(), pack)
        parts = assemble(settings, services, stack, clock=SystemClock(), store_folder=folder)
        parts = dataclasses.replace(parts, front_end=Ear(parts.front_end))

        async def live() -> None:
            await Daemon(parts, CountingCard(), state_folder=folder).run()

        asyncio.run(live())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
