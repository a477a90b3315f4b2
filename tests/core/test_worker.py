from __future__ import annotations

import threading

import pytest

from core.errors import ThreadNotStopped
from core.worker import Worker


def test_runs_until_stopped_under_its_name() -> None:
    names: list[str] = []
    running = threading.Event()

    def run(stopping: threading.Event) -> None:
        names.append(threading.current_thread().name)
        running.set()
        stopping.wait()

    with Worker("audio-dsp", run) as worker:
        assert running.wait(10)
        assert worker.alive
    assert not worker.alive
    assert names == ["audio-dsp"]
    assert worker.fault is None
    worker.stop()  # once more does no harm


def test_a_fault_is_kept_and_told() -> None:
    told: list[BaseException] = []
    fault = ValueError("broken")

    def run(_stopping: threading.Event) -> None:
        raise fault

    worker = Worker("audio-dsp", run, on_fault=told.append).start()
    worker.stop()
    assert worker.fault is fault
    assert told == [fault]


def test_a_thread_that_does_not_end_is_reported_not_forgotten() -> None:
    release = threading.Event()
    worker = Worker("stubborn", lambda _stopping: release.wait(10) and None).start()
    with pytest.raises(ThreadNotStopped, match="stubborn"):
        worker.stop(timeout_s=0.01)
    assert worker.alive
    release.set()
    worker.stop()
    assert not worker.alive


def test_stopping_before_the_start_is_harmless() -> None:
    Worker("never", lambda _stopping: None).stop()


def test_a_worker_may_stop_itself() -> None:
    ended = threading.Event()

    def run(stopping: threading.Event) -> None:
        worker.stop()
        assert stopping.is_set()
        ended.set()

    worker = Worker("self", run)
    worker.start()
    assert ended.wait(10)
    worker.stop()
    assert worker.fault is None
