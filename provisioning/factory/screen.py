"""The progress of several cards on a terminal, or as lines in a log."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TextIO

from provisioning.factory.flasher import Job

_TERMINAL_EVERY_S, _LOG_EVERY_S = 0.25, 10.0


class Screen:
    """Shows jobs until `done` is set; runs in a thread of its own.

    Args:
        jobs: What to show, one line each.
        out: A terminal is redrawn in place; anything else gets lines now and then.
    """

    def __init__(self, jobs: Sequence[Job], out: TextIO) -> None:
        self._jobs = jobs
        self._out = out
        self._width = max((len(job.name) for job in jobs), default=0)
        self._drawn = False

    def run(self, done: threading.Event) -> None:
        """Show until done, then once more."""
        every_s = _TERMINAL_EVERY_S if self._out.isatty() else _LOG_EVERY_S
        while not done.wait(every_s):
            self.draw()
        self.draw()

    def draw(self) -> None:
        """The state of all jobs now."""
        if self._drawn and self._out.isatty():
            self._out.write(f"\x1b[{len(self._jobs)}A")
        clear = "\x1b[K" if self._out.isatty() else ""
        for job in self._jobs:
            self._out.write(f"{job.name:<{self._width}}  {job.progress.line()}{clear}\n")
        self._out.flush()
        self._drawn = True
