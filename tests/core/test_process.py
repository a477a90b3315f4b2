from __future__ import annotations

import asyncio
import functools
import os
import queue
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import ModelError, SpeakerError, WorkerDied
from core.process import READY_VARIABLE, ProcessWorker, Reply

LONG_S = 30.0
HERE = Path(__file__).parent
AnyWorker = ProcessWorker[tuple[str, Any], Any]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., AnyWorker]]:
    """Starts workers whose engines the child can import; stops them all at the end."""
    monkeypatch.syspath_prepend(str(HERE))
    import engines

    started: list[AnyWorker] = []

    def start_one(engine: str = "Engine", *arguments: str, **options: Any) -> AnyWorker:  # noqa: ANN401 - handed through
        factory = functools.partial(getattr(engines, engine), *arguments)
        started.append(ProcessWorker("myna-test", factory, **options).start())
        return started[-1]

    yield start_one
    for worker in started:
        worker.stop()


def collect(worker: AnyWorker, request: tuple[str, Any]) -> list[Reply[Any]]:
    replies: queue.SimpleQueue[Reply[Any]] = queue.SimpleQueue()
    worker.submit(request, replies.put)
    result = [replies.get(timeout=LONG_S)]
    while not result[-1].last:
        result.append(replies.get(timeout=LONG_S))
    return result


def test_engine_lives_in_another_process_with_its_own_name(start: Callable[..., AnyWorker]) -> None:
    worker = start()
    worker.wait_ready(timeout_s=LONG_S)
    pid = worker.call_sync(("pid", None), LONG_S).result()
    assert pid == worker.pid
    assert pid != os.getpid()
    assert worker.alive
    assert Path(f"/proc/{pid}/comm").read_text() == "myna-test\n"


def test_parts_come_in_order_and_the_returned_value_is_last(
    start: Callable[..., AnyWorker],
) -> None:
    replies = collect(start(), ("count", 3))
    assert [(r.value, r.last, r.error) for r in replies] == [
        (0, False, None),
        (1, False, None),
        (2, False, None),
        ("done", True, None),
    ]
    assert all(r.busy_s >= 0 for r in replies)
    assert sorted(r.busy_s for r in replies) == [r.busy_s for r in replies]


def test_speaker_errors_cross_with_code_and_retryability(start: Callable[..., AnyWorker]) -> None:
    worker = start()
    error = worker.call_sync(("refuse", None), LONG_S).error
    assert isinstance(error, ModelError)
    assert (str(error), error.code, error.retryable) == (
        "the model is missing; fetch it",
        "model.test",
        True,
    )
    assert worker.call_sync(("echo", 5), LONG_S).result() == 5
    assert worker.restarts == 0


def test_foreign_errors_tell_their_type_and_never_their_text(
    start: Callable[..., AnyWorker], capfd: pytest.CaptureFixture[str]
) -> None:
    worker = start()
    reply = worker.call_sync(("break_down", "what the child said"), LONG_S)
    with pytest.raises(SpeakerError, match="ValueError") as caught:
        reply.result()
    assert caught.value.code == "worker.failed"
    worker.stop()
    printed = capfd.readouterr()
    assert "ValueError" in printed.err
    assert "engines.py:" in printed.err
    assert "what the child said" not in str(caught.value) + printed.err + printed.out


def test_a_reply_that_cannot_cross_is_an_error_and_the_engine_goes_on(
    start: Callable[..., AnyWorker],
) -> None:
    worker = start()
    replies = collect(worker, ("unpicklable", None))
    assert len(replies) == 1
    assert replies[0].error is not None
    assert replies[0].error.code == "worker.failed"
    assert worker.call_sync(("echo", 1), LONG_S).result() == 1
    assert worker.restarts == 0


def test_killed_child_fails_what_it_owed_and_is_started_again(
    start: Callable[..., AnyWorker], tmp_path: Path
) -> None:
    restarted = threading.Event()
    worker = start(on_restart=restarted.set)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    replies: queue.SimpleQueue[Reply[Any]] = queue.SimpleQueue()
    running = worker.submit(("wait", str(fifo)), replies.put)
    waiting = worker.submit(("echo", 1), replies.put)
    assert replies.get(timeout=LONG_S).value == "began"
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    dead = [replies.get(timeout=LONG_S) for _ in range(2)]
    assert [(r.job, type(r.error), r.last) for r in dead] == [
        (running, WorkerDied, True),
        (waiting, WorkerDied, True),
    ]
    assert all(r.error is not None and r.error.retryable for r in dead)
    assert worker.call_sync(("echo", 2), LONG_S).result() == 2
    assert restarted.wait(LONG_S)
    assert worker.restarts == 1
    assert replies.empty()


def test_a_request_that_kills_again_and_again_does_not_end_the_worker(
    start: Callable[..., AnyWorker],
) -> None:
    worker = start()
    for _ in range(3):
        assert isinstance(worker.call_sync(("die", None), LONG_S).error, WorkerDied)
    assert worker.call_sync(("echo", "still here"), LONG_S).result() == "still here"
    assert worker.restarts == 3


def test_a_slow_machine_names_its_own_time_to_load(
    start: Callable[..., AnyWorker], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(READY_VARIABLE, "0")
    worker = start()
    with pytest.raises(WorkerDied) as caught:
        worker.wait_ready()
    assert caught.value.code == "worker.timeout"
    monkeypatch.setenv(READY_VARIABLE, str(LONG_S))
    worker.wait_ready()


def test_a_hanging_child_times_out_and_can_be_killed(
    start: Callable[..., AnyWorker], tmp_path: Path
) -> None:
    worker = start()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    worker.wait_ready(timeout_s=LONG_S)
    with pytest.raises(WorkerDied) as caught:
        worker.call_sync(("wait", str(fifo)), 0.05)
    assert caught.value.code == "worker.timeout"
    worker.kill()
    # The first answer may still come from the child that is dying.
    worker.call_sync(("echo", 3), LONG_S)
    assert worker.call_sync(("echo", 4), LONG_S).result() == 4
    assert worker.restarts == 1


def test_a_child_that_hangs_too_long_is_replaced(
    start: Callable[..., AnyWorker], tmp_path: Path
) -> None:
    worker = start(hang_s=0.2)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    replies = collect(worker, ("wait", str(fifo)))
    assert [(r.value, r.error and r.error.code) for r in replies] == [
        ("began", None),
        (None, "worker.timeout"),
    ]
    worker.wait_ready(timeout_s=LONG_S)
    assert worker.restarts == 1


def test_cancel_stops_the_engine_between_two_replies(start: Callable[..., AnyWorker]) -> None:
    worker = start()
    seen: list[Any] = []
    some = threading.Event()

    def on_reply(reply: Reply[Any]) -> None:
        seen.append(reply.value)
        if len(seen) == 5:
            some.set()

    job = worker.submit(("forever", 0), on_reply)
    assert some.wait(LONG_S)
    worker.cancel(job)
    after = list(seen)
    # Answered only when the endless engine has stopped.
    assert worker.call_sync(("echo", "next"), LONG_S).result() == "next"
    assert seen == after == list(range(len(after)))
    worker.cancel(job)  # once more does no harm


def test_a_callback_may_cancel_its_own_job(start: Callable[..., AnyWorker]) -> None:
    worker = start()
    seen: list[int] = []

    def on_reply(reply: Reply[Any]) -> None:
        seen.append(reply.value)
        worker.cancel(reply.job)

    worker.submit(("forever", 7), on_reply)
    assert worker.call_sync(("echo", 1), LONG_S).result() == 1
    assert seen == [7]


def test_a_failing_callback_harms_nobody_else(start: Callable[..., AnyWorker]) -> None:
    worker = start()

    def on_reply(_reply: Reply[Any]) -> None:
        raise RuntimeError

    worker.submit(("count", 2), on_reply)
    assert worker.call_sync(("echo", 1), LONG_S).result() == 1


def test_submit_never_waits_for_a_busy_engine(
    start: Callable[..., AnyWorker], tmp_path: Path
) -> None:
    worker = start()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    replies: queue.SimpleQueue[Reply[Any]] = queue.SimpleQueue()
    worker.submit(("wait", str(fifo)), replies.put)
    assert replies.get(timeout=LONG_S).value == "began"
    for _ in range(8):  # far more than any socket buffers
        worker.submit(("size", bytes(1_000_000)), replies.put)
    fifo.write_text("go")
    assert [replies.get(timeout=LONG_S).result() for _ in range(9)] == ["go"] + [1_000_000] * 8


def test_asyncio_streams_calls_and_leaves_early(start: Callable[..., AnyWorker]) -> None:
    worker = start()

    async def talk() -> tuple[list[Any], Any, Any]:
        streamed = [r.value async for r in worker.stream(("count", 2))]
        early = []
        endless = worker.stream(("forever", 0))
        async for reply in endless:
            early.append(reply.value)
            if len(early) == 3:
                break
        await endless.aclose()  # type: ignore[attr-defined]
        return streamed, early, (await worker.call(("echo", "x"))).result()

    assert asyncio.run(talk()) == ([0, 1, "done"], [0, 1, 2], "x")


def test_an_asyncio_call_is_told_of_death(start: Callable[..., AnyWorker]) -> None:
    worker = start()
    reply = asyncio.run(_call(worker, ("die", None)))
    assert isinstance(reply.error, WorkerDied)
    assert reply.last


async def _call(worker: AnyWorker, request: tuple[str, Any]) -> Reply[Any]:
    return await worker.call(request)


def test_an_engine_that_cannot_be_built_says_why_and_is_tried_again_when_asked(
    start: Callable[..., AnyWorker], tmp_path: Path
) -> None:
    model = tmp_path / "model"
    worker = start("NeedsFile", str(model))
    with pytest.raises(ModelError, match="is missing; fetch it"):
        worker.wait_ready(timeout_s=LONG_S)
    assert not worker.alive
    assert isinstance(worker.call_sync(("echo", 1), LONG_S).error, ModelError)
    model.touch()
    answers = [worker.call_sync(("echo", 2), LONG_S) for _ in range(2)]
    assert answers[-1].result() == 2


def test_an_engine_that_dies_at_once_is_tried_until_it_lives(
    start: Callable[..., AnyWorker], tmp_path: Path
) -> None:
    library = tmp_path / "library"
    worker = start("DiesUntilFile", str(library))
    assert isinstance(worker.call_sync(("echo", 1), LONG_S).error, WorkerDied)
    library.touch()
    worker.wait_ready(timeout_s=LONG_S)
    assert worker.call_sync(("echo", 2), LONG_S).result() == 2
    assert worker.restarts >= 1


def test_stop_ends_the_child_and_tells_open_jobs(
    start: Callable[..., AnyWorker],
) -> None:
    worker = start()
    replies: queue.SimpleQueue[Reply[Any]] = queue.SimpleQueue()
    job = worker.submit(("forever", 0), replies.put)
    assert replies.get(timeout=LONG_S).value == 0
    pid = worker.pid
    worker.stop()
    worker.stop()
    last = None
    while not replies.empty():
        last = replies.get()
    assert last is not None
    assert last.error is not None
    assert (last.job, last.error.code) == (job, "worker.stopped")
    assert worker.pid is None
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(WorkerDied):
        worker.submit(("echo", 1), replies.put)


def test_a_worker_that_never_started_stops_and_fails_its_jobs() -> None:
    worker: ProcessWorker[int, int] = ProcessWorker("myna-test", _never_built)
    replies: list[Reply[int]] = []
    worker.submit(1, replies.append)
    worker.stop()
    assert worker.pid is None
    assert [(r.last, r.error is not None) for r in replies] == [(True, True)]


def _never_built() -> Any:  # noqa: ANN401 - it is never called
    raise AssertionError


def test_interrupt_key_is_left_to_the_parent(start: Callable[..., AnyWorker]) -> None:
    worker = start()
    worker.wait_ready(timeout_s=LONG_S)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGINT)
    assert worker.call_sync(("echo", 1), LONG_S).result() == 1
    assert worker.restarts == 0


def test_niceness_is_added(start: Callable[..., AnyWorker]) -> None:
    ours = os.nice(0)
    theirs = start(niceness=5).call_sync(("nice", None), LONG_S).result()
    assert theirs == min(ours + 5, 19)


def test_what_the_engine_prints_never_reaches_stdout(
    start: Callable[..., AnyWorker], capfd: pytest.CaptureFixture[str]
) -> None:
    worker = start()
    worker.call_sync(("print", "chatter"), LONG_S).result()
    assert capfd.readouterr() == ("", "chatter\n")


PARENT = """
import sys
sys.path.insert(0, {here!r})
from core.process import ProcessWorker
from engines import Engine
worker = ProcessWorker("myna-test", Engine).start()
worker.submit(("wait", {fifo!r}), lambda reply: print(worker.pid, flush=True))
sys.stdin.read()
"""


def test_child_dies_with_its_parent_even_while_it_hangs(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with subprocess.Popen(
        (sys.executable, "-c", PARENT.format(here=str(HERE), fifo=str(fifo))),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=HERE.parents[1],
    ) as parent:
        assert parent.stdout is not None
        child = os.pidfd_open(int(parent.stdout.readline()))
        try:
            parent.kill()
            readable, _, _ = select.select([child], [], [], LONG_S)
            assert readable == [child]
        finally:
            os.close(child)


HOARDER = """
import gc, sys
import numpy as np
from core.process_child import give_memory_back, keep_large_blocks_apart

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20

if "apart" in sys.argv:
    keep_large_blocks_apart()
del_me = np.ones(30 << 20, np.uint8)  # glibc learns from its end to keep such blocks on the heap
del del_me
before = resident_mb()
blocks, small = [], []
for _ in range(30):
    blocks.append(np.ones(1 << 20, np.uint8))
    small.append(bytes(100_000))
blocks.clear()
if "back" in sys.argv:
    give_memory_back()
print(resident_mb() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux tells what is resident")
def test_what_a_long_utterance_took_goes_back_to_the_system() -> None:
    def kept_mb(*how: str) -> float:
        done = subprocess.run(
            (sys.executable, "-c", HOARDER, *how),
            cwd=HERE.parents[1], capture_output=True, text=True, check=True,
        )  # fmt: skip
        return float(done.stdout)

    if kept_mb() < 20.0:
        pytest.skip("this C library gives memory back by itself")
    assert kept_mb("apart") < 8.0
    assert kept_mb("back") < 8.0


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux tells what is resident")
def test_what_a_wide_search_took_goes_back_between_requests(
    start: Callable[..., AnyWorker],
) -> None:
    worker = start()
    before_mb = worker.call_sync(("resident", None), LONG_S).result()
    most_mb = worker.call_sync(("search", 60_000), LONG_S).result()
    assert most_mb > before_mb + 50
    # It happens while nobody waits: a question that comes at once is answered first.
    after_mb = (worker.call_sync(("resident", None), LONG_S).result() for _ in range(100))
    assert any(resident_mb < before_mb + 20 for resident_mb in after_mb)


def test_a_child_loads_nothing_that_only_its_parent_needs() -> None:
    code = "import sys, core.process_child, core.process; print('asyncio' in sys.modules)"
    done = subprocess.run(
        (sys.executable, "-c", code),
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
