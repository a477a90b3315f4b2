"""The audio thread: reads the card frame by frame, finds it again when it was pulled out."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from audio.front_end import FrontEnd, FrontEndCounters
from audio.playback import Playback
from audio.ports import (
    FRAME_MS,
    FRAME_SAMPLES,
    AudioBackend,
    CardBack,
    CardLost,
    Edge,
    EdgeSink,
    Samples,
    StreamEnded,
)
from audio.settings import AudioSettings
from audio.timing import FrameTimes
from core.errors import AudioError, CaptureStalled, DeviceLost
from core.worker import Worker

THREAD_NAME = "audio-dsp"
REALTIME_PRIORITY = 40
"""Below the sound server's own threads, above everything of ours."""


@dataclass(slots=True)
class LoopCounters:
    """Facts of the audio thread since start; read by `myna doctor` and telemetry."""

    frames: int = 0
    lost: int = 0
    """Captured frames that nobody read in time."""
    late: int = 0
    """Frames that took longer than a frame lasts."""
    underruns: int = 0
    """Times a sound that had not ended had nothing to give to the card."""
    cards_lost: int = 0


class AudioLoop:
    """Moves frames from a backend through the front end. One thread calls `step`.

    Args:
        backend: Closed; the loop opens and closes it.
        front_end: The stages.
        playback: What the backend plays.
        audio: `reopen_interval_s` and `stall_s`.
    """

    def __init__(
        self, backend: AudioBackend, front_end: FrontEnd, playback: Playback, audio: AudioSettings
    ) -> None:
        self._backend = backend
        self._front_end = front_end
        self._playback = playback
        self._reopen_interval_s = audio.reopen_interval_s
        self._stall_s = audio.stall_s
        self._near: Samples = np.zeros(FRAME_SAMPLES, np.int16)
        self._far: Samples = np.zeros(FRAME_SAMPLES, np.int16)
        self._waited_s = 0.0
        self._open = False
        self._reopened = False
        self.ended = False
        """The stream came to its end; further steps do nothing."""
        self.counters = LoopCounters()
        self.times = FrameTimes()
        """Processing time of each frame, waiting for it not included."""

    @property
    def heard(self) -> FrontEndCounters:
        """What the front end counted."""
        return self._front_end.counters

    @property
    def card_present(self) -> bool:
        """Whether the card is open."""
        return self._open

    def open_first(self) -> None:
        """Open the card at start, when its absence is somebody's mistake.

        Raises:
            DeviceLost: It is not there; `step` would look for it again and again.
            AudioError: It cannot be used.
        """
        self._backend.open(self._playback)
        self._open = True

    def close(self) -> None:
        """Release the card. Idempotent."""
        self._open = False
        self._backend.close()

    def step(self, timeout_s: float = 0.1) -> list[Edge]:
        """Read and process one frame, or look for a lost card once.

        Args:
            timeout_s: Longest wait for a frame.

        Raises:
            AudioError: Reading failed for another reason than a lost card.
        """
        if self.ended:
            return []
        if not self._open:
            return self._look_for_card()
        try:
            status = self._backend.read(self._near, self._far, timeout_s=timeout_s)
        except (DeviceLost, CaptureStalled):
            return self._lose_card()
        if status.ended:
            self.ended = True
            return [StreamEnded(self._front_end.now_s)]
        if not status.ok:
            self._waited_s += timeout_s
            return self._lose_card() if self._waited_s >= self._stall_s else []
        self._waited_s = 0.0
        if self._reopened:  # another stream: its delay is not the one that was learned
            self._reopened, status.discontinuity = False, True
        started_ns = time.perf_counter_ns()
        edges = self._front_end.process(self._near, self._far, status)
        duration_ms = (time.perf_counter_ns() - started_ns) / 1e6
        self.times.add(duration_ms)
        self.counters.frames += 1
        self.counters.lost += status.lost_frames
        self.counters.late += duration_ms > FRAME_MS
        self.counters.underruns = self._playback.underruns
        return edges

    def _lose_card(self) -> list[Edge]:
        """Let go of the card and of what it was saying: nobody heard the rest."""
        self.close()
        self.counters.cards_lost += 1
        self._playback.cut()
        self._play_to_nobody(1)
        now_s = self._front_end.now_s
        return [CardLost(now_s), *self._playback.poll(now_s)]

    def _look_for_card(self) -> list[Edge]:
        frames = max(1, round(self._reopen_interval_s * 1000 / FRAME_MS))
        self._backend.idle(self._reopen_interval_s)
        self._play_to_nobody(frames)
        self._front_end.skip(frames)
        now_s = self._front_end.now_s
        edges: list[Edge] = list(self._playback.poll(now_s))
        try:
            self._backend.open(self._playback)
        except AudioError:
            # Also errors that are no DeviceLost: a card that has just been plugged in is
            # known to the system a moment before it can be used.
            self._backend.close()
            return edges
        self._open = self._reopened = True
        self._waited_s = 0.0
        return [*edges, CardBack(now_s)]

    def _play_to_nobody(self, frames: int) -> None:
        """While there is no card this thread pulls, so that nothing piles up to be said later."""
        for _ in range(frames):
            self._playback.pull(self._far)


class AudioThread:
    """Runs an `AudioLoop` in its own thread, with real-time priority where that is granted.

    Args:
        loop: Opened or not; closed at the end.
        sink: Called in this thread with every edge; returns at once.
        on_fault: Called in this thread with what ended it before `stop`.
    """

    def __init__(
        self, loop: AudioLoop, sink: EdgeSink, on_fault: Callable[[BaseException], None]
    ) -> None:
        self._loop = loop
        self._sink = sink
        self._worker = Worker(THREAD_NAME, self._run, on_fault=on_fault)
        self.scheduling = "not started"
        """What the system granted: ``fifo 40``, or why not."""

    def start(self) -> None:
        """Start reading."""
        self._worker.start()

    def stop(self, *, timeout_s: float = 5.0) -> None:
        """End the thread and release the card. Idempotent.

        Raises:
            ThreadNotStopped: It still runs after `timeout_s`.
        """
        self._worker.stop(timeout_s=timeout_s)

    @property
    def alive(self) -> bool:
        """Whether frames are being read."""
        return self._worker.alive

    def _run(self, stopping: threading.Event) -> None:
        self.scheduling = request_realtime()
        try:
            while not stopping.is_set() and not self._loop.ended:
                for edge in self._loop.step():
                    self._sink(edge)
        finally:
            self._loop.close()


def request_realtime() -> str:
    """Ask for FIFO scheduling of the calling thread; returns what became of it."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(REALTIME_PRIORITY))
    except (OSError, AttributeError) as error:
        return f"normal ({error})"
    return f"fifo {REALTIME_PRIORITY}"
