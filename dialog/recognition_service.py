"""The recogniser in its own process: an utterance in, what was said and how out.

An answer's pronunciation is scored in the same process, right after the answer was recognised:
mostly while the silence that may end the turn still runs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Samples
from core.errors import WorkerDied
from core.process import ProcessWorker, Reply
from dialog.factory import build_ears, build_last_word, build_recogniser
from dialog.ports import Hints, Recognition, Recognizer, SpeechModels
from dialog.scoring.factory import build_scorer
from dialog.scoring.ports import Scorer
from dialog.settings import RecognitionSettings
from dialog.wake.both import BothStages
from dialog.wake.question import WakeExample, WakeQuestion
from dialog.wake.teaching import is_example, teach
from dialog.worker_service import WorkerService

NICENESS = 5
"""So that sound wins when a processor has to choose."""

NOTHING_INSTALLED = SpeechModels()

RecognitionReply = Reply[Recognition]


@dataclass(frozen=True, slots=True)
class Question:
    """What crosses to the child: an utterance (int16, 16 kHz) and what may be in it."""

    samples: Samples = field(repr=False)
    hints: Hints


class RecognitionHandler:
    """The child's side.

    Args:
        build: Makes the recogniser, in the child.
        build_scorer: Makes the scorer of pronunciation, in the child; None scores nothing.
    """

    def __init__(
        self,
        build: Callable[[], Recognizer],
        build_scorer: Callable[[], Scorer] | None = None,
    ) -> None:
        self._recogniser = build()
        self._scorer = None if build_scorer is None else build_scorer()
        self._stages: BothStages | None = None
        # The first utterance of a process is several times slower than the others.
        self._recogniser.recognize(np.zeros(SAMPLE_RATE_HZ // 2, np.int16), Hints(("hello",)))
        if self._scorer is not None:
            noise = np.random.default_rng(0).normal(0.0, 1000.0, SAMPLE_RATE_HZ).astype(np.int16)
            self._scorer.score(noise, "hello")
            noise[: SAMPLE_RATE_HZ // 2] = 0  # which other ears hear (`dialog.ears_in_noise`)
            self._scorer.score(noise, "hello")

    def __call__(self, question: Question) -> Generator[Recognition, None, Recognition]:
        yield from ()
        hints = question.hints
        if hints.wake is not None:
            return self._last_word(question.samples, hints.wake)
        if hints.example is not None:
            example = self._example(question.samples, hints.example)
            if example is not None:
                return example
        said = self._recogniser.recognize(question.samples, hints)
        if self._scorer is None or said.matched is None or said.matched >= hints.scored:
            return said
        text = hints.candidates[said.matched]
        score = self._scorer.score(question.samples, text, hints.voice)
        return replace(said, pronunciation=score.pronunciation)

    @staticmethod
    def _last_word(samples: Samples, wake: WakeQuestion) -> Recognition:
        sure = build_last_word().confidence(samples, wake)
        return Recognition("", None, sure, complete=False)

    def _example(self, samples: Samples, asked: WakeExample) -> Recognition | None:
        """What an example of the wake phrase teaches; None where the sound is something else."""
        if self._stages is None:
            self._stages = BothStages.load(build_ears())
        if asked.number == 0:
            self._stages.forget()
        like, sure = is_example(samples, asked.text, self._stages)
        if not like:
            return None
        lesson = None
        if asked.number + 1 == asked.count:
            lesson = teach(asked.text, [*asked.earlier, samples], self._stages)
        return Recognition(asked.text, 0, sure, complete=True, lesson=lesson)

    def close(self) -> None:
        self._recogniser.close()


class RecognitionService(WorkerService[Question, Recognition]):
    """Recognises utterances in a worker process.

    Args:
        settings: Which recogniser; after `timeout_s` without an answer it is started again.
        models: What is installed on this machine.
        build: Makes the recogniser in the child instead of the factory; it has to pickle.
        scorer: Makes the scorer in the child instead; with a `build` of one's own none is made
            unless it is named.
        on_restart: Called in the worker's thread after the process was started again.
    """

    def __init__(
        self,
        settings: RecognitionSettings,
        models: SpeechModels = NOTHING_INSTALLED,
        *,
        build: Callable[[], Recognizer] | None = None,
        scorer: Callable[[], Scorer] | None = None,
        on_restart: Callable[[], None] | None = None,
    ) -> None:
        if build is None:
            build = functools.partial(build_recogniser, settings, models)
            scorer = scorer or (build_scorer if settings.pronunciation else None)
        self._timeout_s = settings.timeout_s
        worker: ProcessWorker[Question, Recognition] = ProcessWorker(
            "myna-recogniser",
            functools.partial(RecognitionHandler, build, scorer),
            niceness=NICENESS,
            hang_s=settings.timeout_s,
            on_restart=on_restart,
        )
        super().__init__(worker)

    def submit(
        self, samples: Samples, hints: Hints, on_reply: Callable[[RecognitionReply], None]
    ) -> int:
        """Queue an utterance; one reply comes, with ``last=True``. See `ProcessWorker.submit`."""
        return self.worker.submit(Question(samples, hints), on_reply)

    async def recognize(self, samples: Samples, hints: Hints) -> Recognition:
        """What was said.

        Raises:
            SpeakerError: The recogniser cannot be loaded, its process died, or it hung.
        """
        return _answer(await self.worker.call(Question(samples, hints)))

    def recognize_sync(
        self, samples: Samples, hints: Hints, *, timeout_s: float = 60.0
    ) -> Recognition:
        """The same for code without a loop; `timeout_s` includes loading the model."""
        return _answer(self.worker.call_sync(Question(samples, hints), timeout_s))


def _answer(reply: RecognitionReply) -> Recognition:
    recognition = reply.result()
    if recognition is None:
        raise WorkerDied("the recogniser gave no answer; it is asked again", code="worker.empty")
    return recognition
