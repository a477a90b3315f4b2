"""``myna bench sync``: what the line to the platform costs, on the speaker and beyond.

One real speaker drains a full outbox while a front end works on as it would in a lesson; then many
simulated ones connect, practise, and come back all at once after the broker was killed. Broker,
ingest workers and store are real; all of them and the speakers share this machine.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from audio.factory import make_front_end
from audio.playback import Playback
from audio.ports import FRAME_S, FRAME_SAMPLES, Attention, ReadStatus
from core.errors import SpeakerError
from core.worker import Worker
from device.bench.fleet import Fleet
from device.bench.metric import Metric
from device.bench.platform_parts import Platform, usage
from device.config import Settings
from device.store import Store
from device.sync.service import SyncService
from device.sync.settings import SyncSettings
from device.wake_words import wake_words
from dialog.ports import Attempt, Verdict

SHORT_EVENTS, LONG_EVENTS = 5_000, 100_000
SHORT_SPEAKERS, LONG_SPEAKERS = 200, 2_000
SHORT_S, LONG_S = 10.0, 60.0
PER_SPEAKER_S = 10.0
"""A child answers about so often."""
FLAT_OUT_EVENTS = 50
FLAT_OUT_SPEAKERS = 20
WITHIN_S = 900.0
WARM_UP_FRAMES, QUIET_FRAMES = 500, 1_000
WORKERS = 2
_ME = os.getpid()


def run(*, long: bool, seed: int, corpus: Path | None = None) -> list[Metric]:
    """All figures; `corpus` is not used.

    Args:
        long: 100,000 waiting events and 2,000 speakers instead of 5,000 and 200.
        seed: Of the speakers' pauses.
    """
    del corpus
    with tempfile.TemporaryDirectory() as place:
        one = one_speaker(Path(place), LONG_EVENTS if long else SHORT_EVENTS)
    with tempfile.TemporaryDirectory() as place:
        count = LONG_SPEAKERS if long else SHORT_SPEAKERS
        many = fleet(Path(place), count, LONG_S if long else SHORT_S, seed)
    return one + many


class Listening:
    """A front end in a silent room at real time: how long frames take, how many are late."""

    def __init__(self) -> None:
        settings = Settings()
        playback = Playback(duck_db=settings.turns.duck_db, volume_db=settings.audio.volume_db)
        self._front_end = make_front_end(
            settings.audio, settings.wake, settings.turns, playback, wake_words(settings.wake)
        )
        self._front_end.attend(Attention.WAKE)
        self.frame_s: list[float] = []
        self.late = 0

    def heard(self, frames: int) -> None:
        """Wait until so many were taken in."""
        _until(lambda: len(self.frame_s) >= frames, lambda: time.sleep(0.1))

    def forget(self) -> None:
        """Count anew."""
        self.frame_s.clear()
        self.late = 0

    def run(self, stopping: threading.Event) -> None:
        noise = np.random.default_rng(1).integers(-30, 30, FRAME_SAMPLES).astype(np.int16)
        silence = np.zeros(FRAME_SAMPLES, np.int16)
        due_s = time.monotonic()
        while not stopping.is_set():
            began_s = time.monotonic()
            # A card hands over a frame each 10 ms; one that waits for longer than the ring is lost.
            self._front_end.process(noise, silence, ReadStatus())
            ended_s = time.monotonic()
            self.frame_s.append(ended_s - began_s)
            due_s += FRAME_S
            self.late += ended_s > due_s + FRAME_S
            if ended_s < due_s:
                stopping.wait(due_s - ended_s)
            else:
                due_s = max(due_s, ended_s - 20 * FRAME_S)


def one_speaker(folder: Path, events: int) -> list[Metric]:
    """A full outbox drained by a real speaker while its front end listens."""
    store_folder = folder / "speaker"
    with Store(store_folder) as store:
        for start in range(0, events, 1000):
            count = min(1000, events - start)
            store.remember([_attempt(start + n) for n in range(count)])
    size_mb = sum(path.stat().st_size for path in store_folder.iterdir()) / 2**20
    listening = Listening()
    with Platform(folder, workers=1) as platform, Worker("audio-bench", listening.run):
        listening.heard(WARM_UP_FRAMES)
        listening.forget()
        listening.heard(QUIET_FRAMES)
        quiet, quiet_late = list(listening.frame_s), listening.late
        settings = SyncSettings(address=platform.address, device="myna-bench")
        before, began_s = usage(_ME), time.monotonic()
        with SyncService(store_folder, settings) as service:
            _until(lambda: service.health.waiting == 0, lambda: time.sleep(0.05))
            took_s, after = time.monotonic() - began_s, usage(_ME)
            busy = listening.frame_s[len(quiet) :]
            busy_late = listening.late - quiet_late
            broker, workers = platform.used()
            platform.kill_broker()
            platform.start_broker()
            again_s = time.monotonic()
            _until(lambda: not service.health.connected, lambda: time.sleep(0.01))
            _until(lambda: service.health.greeted, lambda: time.sleep(0.01))
            back_s = time.monotonic() - again_s
    listened_s = sum(busy)  # what the front end itself used meanwhile
    own_s = max(0.0, after.processor_s - before.processor_s - listened_s)
    return [
        Metric("sync.drain_s", took_s, "s", None, events),
        Metric("sync.drain_events_per_s", events / took_s, "/s", None, events),
        Metric("sync.speaker_processor_ms_per_event", own_s / events * 1e3, "ms", None, events),
        Metric("sync.speaker_memory_mb", after.memory_mb - before.memory_mb, "MB", None, 1),
        Metric("sync.file_bytes_per_event", size_mb * 2**20 / events, "B", None, events),
        Metric("sync.reconnect_s", back_s, "s", "<= 5", 1),
        Metric("sync.frame_ms_p99_quiet", _quantile(quiet, 0.99) * 1e3, "ms", None, len(quiet)),
        Metric("sync.frame_ms_p99_draining", _quantile(busy, 0.99) * 1e3, "ms", "<= 10", len(busy)),
        Metric("sync.late_frames_quiet", float(quiet_late), "", None, len(quiet)),
        Metric("sync.late_frames_draining", float(busy_late), "", None, len(busy)),
        Metric("sync.broker_processor_ms_per_event", broker.processor_s / events * 1e3, "ms", None,
               events),
        Metric("sync.worker_processor_ms_per_event", workers.processor_s / events * 1e3, "ms", None,
               events),
    ]  # fmt: skip


def fleet(folder: Path, count: int, seconds: float, seed: int) -> list[Metric]:
    """Many speakers: the first storm, ordinary days, flat out, and the storm after a power cut."""
    figures: list[Metric] = []
    with Platform(folder, workers=WORKERS) as platform, Fleet(count, platform.port, seed) as many:
        alone, _ = platform.used()
        storm_s = _all_greeted(many)
        together, _ = platform.used()
        broker_kb = (together.memory_mb - alone.memory_mb) * 1024 / count
        figures += [
            Metric("fleet.first_connect_s", storm_s, "s", None, count),
            Metric("fleet.broker_kb_per_connection", broker_kb, "kB", None, count),
        ]
        figures += _ordinary_day(platform, many, seconds)
        figures += _flat_out(platform, many, seconds)
        platform.kill_broker()
        _until(lambda: many.greeted == 0, lambda: many.step(0.1))
        platform.start_broker()
        figures.append(
            Metric("fleet.reconnect_all_s", _all_greeted(many), "s", "<= 120", count),
        )
    return figures


def _ordinary_day(platform: Platform, many: Fleet, seconds: float) -> list[Metric]:
    """Every speaker sends one attempt every few seconds, each at a moment of its own."""
    tally = many.tally
    tally.latencies_s.clear()
    stored, sent_bytes = tally.stored, tally.bytes
    broker, workers = platform.used()
    speakers = many.speakers
    began_s, sent = time.monotonic(), 0
    while (passed_s := time.monotonic() - began_s) < seconds:
        due = int(passed_s * len(speakers) / PER_SPEAKER_S)
        while sent < due:
            speakers[sent % len(speakers)].practise(1)
            sent += 1
        many.step(0.005)
    _until(lambda: not any(each.under_way for each in speakers), lambda: many.step(0.05))
    broker_after, workers_after = platform.used()
    worked_s = workers_after.processor_s - workers.processor_s
    stored, sent_bytes = tally.stored - stored, tally.bytes - sent_bytes
    taken = sorted(tally.latencies_s)
    return [
        Metric("fleet.day_events_per_s", stored / seconds, "/s", None, stored),
        Metric("fleet.day_latency_ms_p50", _quantile(taken, 0.5) * 1e3, "ms", None, len(taken)),
        Metric("fleet.day_latency_ms_p99", _quantile(taken, 0.99) * 1e3, "ms", "<= 2000",
               len(taken)),
        Metric("fleet.day_latency_ms_max", taken[-1] * 1e3, "ms", None, len(taken)),
        Metric("fleet.bytes_per_attempt", sent_bytes / stored, "B", None, stored),
        Metric("fleet.day_broker_ms_per_event",
               (broker_after.processor_s - broker.processor_s) / stored * 1e3, "ms", None, stored),
        Metric("fleet.day_workers_ms_per_event", worked_s / stored * 1e3, "ms", None, stored),
    ]  # fmt: skip


def _flat_out(platform: Platform, many: Fleet, seconds: float) -> list[Metric]:
    """Some speakers send as fast as they are acknowledged, in full batches."""
    tally = many.tally
    tally.latencies_s.clear()
    busy = many.speakers[:FLAT_OUT_SPEAKERS]
    stored = tally.stored
    broker, workers = platform.used()
    began_s = time.monotonic()
    while time.monotonic() - began_s < seconds:
        for speaker in busy:
            if not speaker.under_way:
                speaker.practise(FLAT_OUT_EVENTS)
        many.step(0.005)
    _until(lambda: not any(each.under_way for each in busy), lambda: many.step(0.05))
    took_s = time.monotonic() - began_s
    broker_after, workers_after = platform.used()
    stored = tally.stored - stored
    per_event = 1e3 / stored
    return [
        Metric("fleet.flat_out_events_per_s", stored / took_s, "/s", None, stored),
        Metric("fleet.flat_out_latency_ms_p99", _quantile(tally.latencies_s, 0.99) * 1e3, "ms",
               None, len(tally.latencies_s)),
        Metric("fleet.flat_out_broker_ms_per_event",
               (broker_after.processor_s - broker.processor_s) * per_event, "ms", None, stored),
        Metric("fleet.flat_out_workers_ms_per_event",
               (workers_after.processor_s - workers.processor_s) * per_event, "ms", None, stored),
        Metric("fleet.workers_memory_mb", workers_after.memory_mb, "MB", None, WORKERS),
    ]  # fmt: skip


def _all_greeted(many: Fleet) -> float:
    """Seconds until the platform answers every speaker."""
    began_s = time.monotonic()
    _until(lambda: many.greeted == len(many.speakers), lambda: many.step(0.05))
    return time.monotonic() - began_s


def _until(true: Callable[[], bool], meanwhile: Callable[[], None]) -> None:
    give_up_s = time.monotonic() + WITHIN_S
    while not true():
        if time.monotonic() > give_up_s:
            raise SpeakerError("the platform did not keep up; see its own log")
        meanwhile()


def _attempt(number: int) -> Attempt:
    return Attempt("starter", f"unit/item-{number % 300}", Verdict.RIGHT, 1, 0.9, 1.2)


def _quantile(values: list[float], share: float) -> float:
    return float(np.quantile(values, share)) if values else float("nan")
