"""``myna bench echo``: what each echo canceller leaves of the echo, and of the child."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from audio.echo_factory import CANCELLERS, make_canceller
from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, EchoCanceller, Samples
from device.bench import echo_scene
from device.bench.acoustics import Signal
from device.bench.echo_scene import Scene
from device.bench.intelligibility import level_change_db, si_sdr_db, stoi
from device.bench.metric import Metric

LEVELS_DB = (0.0, 10.0, 20.0)
"""How far the child lies below the echo."""
_SHORT_GRID: tuple[tuple[float, float | None], ...] = ((0.35, 0.25),)
_LONG_GRID: tuple[tuple[float, float | None], ...] = tuple(
    product((0.2, 0.4, 0.8), (None, 0.25, 0.12))
)
"""Reverberation time in seconds and amplitude at which the loudspeaker saturates, where its
peaks reach about 0.5."""
_MOST_LATENCY = 800
_TAIL_MS = 200


@dataclass(frozen=True, slots=True)
class Heard:
    """What came out of a canceller in one scene; means over the child's sentences."""

    stoi: float
    si_sdr_db: float
    level_db: float
    erle_first_db: float
    erle_settled_db: float
    latency_ms: float
    sentences: int


@dataclass(slots=True)
class Timed:
    """An output and the processor time of each frame in seconds."""

    out: Samples
    frame_s: list[float]


def run(*, long: bool, seed: int, corpus: Path | None = None) -> list[Metric]:
    """All figures, over synthetic children or over recorded ones.

    Args:
        long: Nine rooms and loudspeakers instead of one.
        seed: Varies rooms, noise and which recordings are taken.
        corpus: A folder with ``train.tsv`` and ``train/``; None synthesises the child.

    Raises:
        ModelError: espeak-ng, a canceller's library or the corpus is missing.
    """
    voices = (
        echo_scene.synthetic_child()
        if corpus is None
        else echo_scene.recorded_child(corpus, count=6, seed=seed)
    )
    metrics: list[Metric] = []
    frame_s: dict[str, list[float]] = {name: [] for name in CANCELLERS}
    for level in LEVELS_DB:
        heard: dict[str, list[Heard]] = {name: [] for name in CANCELLERS}
        for rt60_s, clip in _LONG_GRID if long else _SHORT_GRID:
            scene = echo_scene.double_talk(
                voices, child_below_echo_db=level, rt60_s=rt60_s, clip=clip, seed=seed
            )
            for name in CANCELLERS:
                timed = through(make_canceller(name, tail_ms=_TAIL_MS), scene)
                frame_s[name] += timed.frame_s
                heard[name].append(judge(scene, timed.out))
        for name in CANCELLERS:
            metrics += _double_talk_metrics(name, level, heard[name])
            if level == LEVELS_DB[0]:
                metrics += _echo_only_metrics(name, heard[name])
    metrics += _moved_delay_metrics(voices, seed)
    for name in CANCELLERS:
        aim = "<= 500" if name == CANCELLERS[0] else None
        micros = 1e6 * np.array(frame_s[name])
        median, worst = float(np.median(micros)), float(np.percentile(micros, 99.9))
        metrics.append(Metric(f"echo.{name}.frame_median", median, "us", aim, len(micros)))
        metrics.append(Metric(f"echo.{name}.frame_p999", worst, "us", None, len(micros)))
    return metrics


def through(canceller: EchoCanceller, scene: Scene) -> Timed:
    """A whole scene through a canceller."""
    timed = Timed(np.zeros_like(scene.near), [])
    for start in range(0, len(scene.near) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        frame = slice(start, start + FRAME_SAMPLES)
        began = time.perf_counter()
        canceller.process(scene.near[frame], scene.far[frame], timed.out[frame])
        timed.frame_s.append(time.perf_counter() - began)
    return timed


def judge(scene: Scene, out: Samples) -> Heard:
    """Compare an output with the child alone and with the echo alone."""
    latency = _latency(scene, out)
    heard = np.zeros(len(out))
    heard[: len(out) - latency] = out[latency:] / 32768.0
    parts = [slice(first, last) for first, last in scene.words]
    pairs = [(scene.child[part], heard[part]) for part in parts]
    alone = np.ones(len(out), bool)
    for first, last in scene.words:
        # Until 0.5 s after a sentence the room still carries it.
        alone[max(first - 1600, 0) : last + 8000] = False
    at_s = np.arange(len(out)) / SAMPLE_RATE_HZ
    rest = heard - scene.child
    return Heard(
        stoi=float(np.mean([stoi(*pair) for pair in pairs])),
        si_sdr_db=float(np.mean([si_sdr_db(*pair) for pair in pairs])),
        level_db=float(np.mean([level_change_db(*pair) for pair in pairs])),
        erle_first_db=_ratio_db(scene.echo, rest, alone & (at_s >= 1) & (at_s < 2)),
        erle_settled_db=_ratio_db(scene.echo, rest, alone & (at_s >= 5)),
        latency_ms=1000 * latency / SAMPLE_RATE_HZ,
        sentences=len(pairs),
    )


def _latency(scene: Scene, out: Samples) -> int:
    """Samples by which a canceller delays the voice, from where the child is loudest found."""
    size = 1 << (2 * len(out)).bit_length()
    spectrum = np.conj(np.fft.rfft(scene.child, size)) * np.fft.rfft(out.astype(float), size)
    return int(np.argmax(np.abs(np.fft.irfft(spectrum, size)[:_MOST_LATENCY])))


def _ratio_db(before: Signal, after: Signal, where: np.ndarray) -> float:
    above = float(np.mean(np.square(before[where])))
    return 10 * math.log10(above / (float(np.mean(np.square(after[where]))) + 1e-20))


def _double_talk_metrics(name: str, level: float, heard: list[Heard]) -> list[Metric]:
    aims = {0.0: ">= 0.91", 10.0: ">= 0.81", 20.0: ">= 0.66"} if name == CANCELLERS[0] else {}
    where = f"echo.{name}.child_{level:.0f}db_below"
    n = sum(each.sentences for each in heard)
    gain_aim = "within 1" if name == CANCELLERS[0] else None
    return [
        Metric(f"{where}.stoi", _mean([h.stoi for h in heard]), "", aims.get(level), n),
        Metric(f"{where}.si_sdr", _mean([h.si_sdr_db for h in heard]), "dB", None, n),
        Metric(f"{where}.level_change", _mean([h.level_db for h in heard]), "dB", gain_aim, n),
    ]


def _echo_only_metrics(name: str, heard: list[Heard]) -> list[Metric]:
    n = len(heard)
    first = _mean([h.erle_first_db for h in heard])
    settled = _mean([h.erle_settled_db for h in heard])
    latency = _mean([h.latency_ms for h in heard])
    return [
        Metric(f"echo.{name}.erle_second_1_to_2", first, "dB", None, n),
        Metric(f"echo.{name}.erle_settled", settled, "dB", None, n),
        Metric(f"echo.{name}.latency", latency, "ms", None, n),
    ]


def _moved_delay_metrics(voices: list[Signal], seed: int) -> list[Metric]:
    """ERLE in the third second after the delay jumped from 40 to 210 ms and no child spoke."""
    scene = echo_scene.double_talk(voices, child_below_echo_db=80.0, seed=seed)
    jump, lag = 10 * SAMPLE_RATE_HZ, 170 * SAMPLE_RATE_HZ // 1000
    near, echo = scene.near.copy(), scene.echo.copy()
    near[jump + lag :] = scene.near[jump:-lag]
    echo[jump + lag :] = scene.echo[jump:-lag]
    moved = replace(scene, near=near, echo=echo)
    third = np.zeros(len(near), bool)
    third[jump + 2 * SAMPLE_RATE_HZ : jump + 3 * SAMPLE_RATE_HZ] = True
    metrics = []
    for name in CANCELLERS[:-1]:
        out = through(make_canceller(name, tail_ms=_TAIL_MS), moved).out / 32768.0
        erle = _ratio_db(echo, out, third)
        metrics.append(Metric(f"echo.{name}.erle_2_s_after_jump", erle, "dB", None, 1))
    return metrics


def _mean(values: list[float]) -> float:
    return round(float(np.mean(values)), 4)
