"""``myna bench loop``: what the loop costs, how fast it answers, and what it loses."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import audio.virtual_room
from audio.timing import FrameTimes
from audio.virtual_room.scenario import Scenario, load_scenario
from audio.virtual_room.voices import ChildVoice, make_voice
from device.app import Services, start_services
from device.bench.live_load import lost_frames
from device.bench.metric import Metric
from device.config import Settings
from device.room_run import hold
from device.scheduling import Costs

ROOMS = Path(audio.virtual_room.__file__).parent
SHORT_SEEDS, LONG_SEEDS = 1, 6
SHORT_LIVE_S, LONG_LIVE_S = 20.0, 600.0
START_RUNS = 3
FRAME_MS = 10.0

_LATENCIES = (
    # metric of a record, statistic, aim in ms
    ("answer_gap_s", "median", 500.0),
    ("answer_gap_s", "p95", 900.0),
    ("endpoint_to_sound_s", "median", 120.0),
    ("duck_s", "median", 100.0),
    ("interrupt_silent_s", "median", 200.0),
    ("interrupt_silent_s", "p95", 350.0),
)


def run(*, long: bool, seed: int, corpus: Path | None = None) -> list[Metric]:
    """All figures.

    Args:
        long: More seeds, and ten minutes live instead of twenty seconds.
        seed: First of the seeds.
        corpus: Folder of recorded children; None synthesises the child.
    """
    seeds = range(seed, seed + (LONG_SEEDS if long else SHORT_SEEDS))
    voice = make_voice(None if corpus is None else corpus / "train.tsv", seed=seed)
    with ExitStack() as stack:
        services = start_services(Settings(), stack)
        times = FrameTimes()
        records = hold_all(services, voice, seeds, times)
        memory = resident_memory(services)
    return [
        *front_end(times),
        *memory,
        start_to_listening(),
        *latencies(records),
        *lost_frames(LONG_LIVE_S if long else SHORT_LIVE_S),
    ]


def scenarios() -> list[Scenario]:
    """The packaged rooms that latencies are measured in."""
    return [load_scenario(path) for path in sorted(ROOMS.glob("*.yaml"))]


def hold_all(
    services: Services, voice: ChildVoice, seeds: Sequence[int], times: FrameTimes
) -> list[dict[str, Any]]:
    """Hold every packaged room with every seed, charging what the workers really take."""
    return [
        hold(
            replace(scenario, seed=seed),
            Settings(),
            services,
            voice=voice,
            seed=seed,
            costs=Costs(),
            times=times,
        )
        for scenario in scenarios()
        for seed in seeds
    ]


def front_end(times: FrameTimes) -> list[Metric]:
    """Time of echo canceller to turn detector, wake word included, for each 10 ms."""
    median_ms, worst_ms = times.quantile_ms(0.5), times.quantile_ms(0.999)
    return [
        Metric("front_end.frame.median", median_ms, "ms", None, times.frames),
        Metric("front_end.frame.p999", worst_ms, "ms", "< 10", times.frames),
        Metric("front_end.real_time_factor", times.mean_ms / FRAME_MS, "", None, times.frames),
    ]


def resident_memory(services: Services) -> list[Metric]:
    """Resident memory of this process and of the two workers."""
    processes = {
        "daemon": os.getpid(),
        "recogniser": services.recogniser.worker.pid,
        "voice": services.voice.worker.pid,
    }
    return [
        Metric(f"memory.{name}", None if pid is None else resident_mb(pid), "MB", None, 1)
        for name, pid in processes.items()
    ]


def resident_mb(pid: int) -> float | None:
    """Resident memory of a process in MB; None where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return None


def start_to_listening() -> Metric:
    """From starting the command to the first state, models loaded and wake word primed."""
    took: list[float] = []
    command = [sys.executable, "-m", "device.cli", "room", "--watch", str(ROOMS / "lesson.yaml")]
    for _ in range(START_RUNS):
        started_s = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            if child.stdout is None:
                raise RuntimeError("the command's output was not captured")
            child.stdout.readline()
            took.append(time.perf_counter() - started_s)
            child.terminate()
    return Metric("start_to_listening", float(np.median(took)), "s", None, START_RUNS)


def latencies(records: Sequence[dict[str, Any]]) -> list[Metric]:
    """Gaps over all records, and how many answers and interruptions were missed."""
    metrics: list[Metric] = []
    for name, statistic, aim_ms in _LATENCIES:
        values = [v for record in records for v in record["metrics"].get(name) or ()]
        percent = 50 if statistic == "median" else 95
        value = 1000 * float(np.percentile(values, percent)) if values else None
        metric = f"room.{name.removesuffix('_s')}.{statistic}"
        metrics.append(Metric(metric, value, "ms", f"<= {aim_ms:.0f}", len(values)))
    for name in ("missed_wakes", "missed_answers", "cut_off_answers", "false_interruptions"):
        counts = [int(record["metrics"].get(name) or 0) for record in records]
        metrics.append(Metric(f"room.{name}", float(sum(counts)), "", None, len(records)))
    return metrics
