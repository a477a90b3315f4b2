"""What the recogniser's process takes on the device: time until its reply, processor, memory.

The real service in its real process, as a conversation asks it. No utterance comes twice: the ears
remember the latest one, and what was just heard costs nothing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Samples
from core.errors import ModelError
from device.bench.platform_parts import usage
from dialog.ports import Hints
from dialog.recognition_service import RecognitionService
from dialog.settings import RecognitionSettings

HISS_RMS = 3.0
"""Laid under every utterance (int16 steps), another each time."""
REPLY_WITHIN_S = 120.0
LONG_S = 15.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Of some utterances, one after the other.

    Attributes:
        waited_ms: Of each, from when it was handed over to the reply; real time.
        processor_s: All of them together.
        heard_s: So much sound it was.
        understood: So many were taken for what they were, and scored where scores were asked for.
        memory_mb, peak_mb: Resident after them, and the most that ever was.
        long_peak_mb: The most that ever was after `LONG_S` seconds without a pause as well.
    """

    waited_ms: tuple[float, ...]
    processor_s: float
    heard_s: float
    understood: int
    memory_mb: float
    peak_mb: float
    long_peak_mb: float

    @property
    def real_time_factor(self) -> float:
        """Seconds of one core for each second of sound."""
        return self.processor_s / self.heard_s


def measured(
    utterances: Sequence[tuple[Samples, str]], *, others: Sequence[str], scored: bool
) -> Cost:
    """Ask the service about each utterance.

    Args:
        utterances: Sound and what is said in it.
        others: Further answers that are expected.
        scored: Whether the answers' pronunciation is scored too.
    """
    rng = np.random.default_rng(0)
    # On a machine that is loaded by others an answer may take longer than a child would wait.
    settings = RecognitionSettings(engine="vosk", timeout_s=60.0)
    with RecognitionService(settings) as service:
        # Answers that come only once the models are loaded.
        service.recognize_sync(
            np.ones(SAMPLE_RATE_HZ, np.int16), Hints(("hello",)), timeout_s=REPLY_WITHIN_S
        )
        pid = service.worker.pid
        if pid is None:
            raise ModelError("the recogniser's process ended while it was measured; try again")
        before_s = usage(pid).processor_s
        waited, understood = [], 0
        for samples, text in utterances:
            heard = _hissing(samples, rng)
            candidates = (text, *(other for other in others if other != text))
            hints = Hints(candidates, scored=1 if scored else 0)
            began = time.perf_counter()
            said = service.recognize_sync(heard, hints, timeout_s=REPLY_WITHIN_S)
            waited.append(1000.0 * (time.perf_counter() - began))
            understood += said.matched == 0 and (said.pronunciation is not None) == scored
        after, peak_mb = usage(pid), _peak_mb(pid)
        long = np.resize(utterances[0][0], int(LONG_S * SAMPLE_RATE_HZ))
        service.recognize_sync(long, Hints(tuple(others)), timeout_s=REPLY_WITHIN_S)
        return Cost(
            tuple(waited),
            after.processor_s - before_s,
            sum(samples.size for samples, _ in utterances) / SAMPLE_RATE_HZ,
            understood,
            after.memory_mb,
            peak_mb,
            _peak_mb(pid),
        )


def _hissing(samples: Samples, rng: np.random.Generator) -> Samples:
    noisy = samples + rng.normal(0.0, HISS_RMS, samples.size)
    heard: Samples = np.clip(np.rint(noisy), -32768, 32767).astype(np.int16)
    return heard


def _peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0
