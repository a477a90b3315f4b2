"""What the recogniser's and the voice's services share: the life of their worker process."""

from __future__ import annotations

from typing import Generic, Self

from core.process import ProcessWorker
from core.process_ports import Rep, Req


class WorkerService(Generic[Req, Rep]):
    """A service in a process of its own. A context manager that starts and ends it.

    Args:
        worker: Made, not started.
    """

    def __init__(self, worker: ProcessWorker[Req, Rep]) -> None:
        self.worker = worker

    def start(self) -> Self:
        """Start the process; returns at once, jobs wait for it."""
        self.worker.start()
        return self

    def stop(self, *, timeout_s: float = 3.0) -> None:
        """End the process. Idempotent."""
        self.worker.stop(timeout_s=timeout_s)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def cancel(self, job: int) -> None:
        """Give a job up; see `ProcessWorker.cancel`."""
        self.worker.cancel(job)
