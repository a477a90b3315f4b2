"""The scorer in its own process: an utterance and its text in, scores out."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Samples
from core.errors import WorkerDied
from core.process import ProcessWorker, Reply
from dialog.scoring.factory import build_scorer
from dialog.scoring.history import VoiceHistory
from dialog.scoring.ports import Scorer
from dialog.scoring.result import Score
from dialog.worker_service import WorkerService

NICENESS = 5
"""So that sound wins when a processor has to choose."""
HANG_S = 10.0
"""A minute of sound takes two seconds on a slow board."""


@dataclass(frozen=True, slots=True)
class Attempted:
    """What crosses to the child: an utterance (int16, 16 kHz), its text, and who speaks."""

    samples: Samples = field(repr=False)
    text: str = field(repr=False)
    history: VoiceHistory | None = None


class ScoringHandler:
    """The child's side.

    Args:
        build: Makes the scorer, in the child.
    """

    def __init__(self, build: Callable[[], Scorer]) -> None:
        self._scorer = build()
        # The first utterance of a process is several times slower than the others.
        noise = np.random.default_rng(0).normal(0, 1000, SAMPLE_RATE_HZ)
        self._scorer.score(noise.astype(np.int16), "hello")

    def __call__(self, attempt: Attempted) -> Generator[Score, None, Score]:
        yield from ()
        return self._scorer.score(attempt.samples, attempt.text, attempt.history)

    def close(self) -> None:
        """Nothing is held that the end of the process does not free."""


class ScoringService(WorkerService[Attempted, Score]):
    """Scores utterances in a worker process.

    Args:
        models: Folder of other models than the ones that ship with Myna.
        build: Makes the scorer in the child instead; it has to pickle.
        on_restart: Called in the worker's thread after the process was started again.
    """

    def __init__(
        self,
        models: Path | None = None,
        *,
        build: Callable[[], Scorer] | None = None,
        on_restart: Callable[[], None] | None = None,
    ) -> None:
        worker: ProcessWorker[Attempted, Score] = ProcessWorker(
            "myna-scorer",
            functools.partial(ScoringHandler, build or functools.partial(build_scorer, models)),
            niceness=NICENESS,
            hang_s=HANG_S,
            on_restart=on_restart,
        )
        super().__init__(worker)

    def submit(self, attempt: Attempted, on_reply: Callable[[Reply[Score]], None]) -> int:
        """Queue an utterance; one reply comes, with ``last=True``. See `ProcessWorker.submit`."""
        return self.worker.submit(attempt, on_reply)

    async def score(self, attempt: Attempted) -> Score:
        """How well the text was said.

        Raises:
            SpeakerError: The scorer cannot be loaded, its process died, or it hung.
        """
        return _answer(await self.worker.call(attempt))

    def score_sync(self, attempt: Attempted, *, timeout_s: float = 60.0) -> Score:
        """The same for code without a loop; `timeout_s` includes loading the models."""
        return _answer(self.worker.call_sync(attempt, timeout_s))


def _answer(reply: Reply[Score]) -> Score:
    score = reply.result()
    if score is None:
        raise WorkerDied("the scorer gave no answer; it is asked again", code="worker.empty")
    return score
