"""Engines for the worker's tests; imported in the child by reference."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any

from core.errors import ModelError


class Engine:
    """Does what the request says."""

    def __call__(self, request: tuple[str, Any]) -> Generator[Any, None, Any]:
        what, value = request
        return getattr(self, what)(value)

    def close(self) -> None:
        """Nothing to release."""

    def echo(self, value: object) -> Generator[Any, None, Any]:
        return value
        yield

    def size(self, value: bytes) -> Generator[int, None, int]:
        return len(value)
        yield

    def count(self, value: int) -> Generator[int, None, str]:
        yield from range(value)
        return "done"

    def forever(self, value: int) -> Generator[int, None, None]:
        while True:
            yield value
            value += 1

    def pid(self, _value: None) -> Generator[int, None, int]:
        return os.getpid()
        yield

    def nice(self, _value: None) -> Generator[int, None, int]:
        return os.nice(0)
        yield

    def wait(self, fifo: str) -> Generator[str, None, str]:
        """Tells that it began, then blocks until somebody writes into the named pipe."""
        yield "began"
        return Path(fifo).read_text()

    def die(self, _value: None) -> Generator[None, None, None]:
        os.kill(os.getpid(), signal.SIGKILL)
        yield

    def search(self, count: int) -> Generator[int, None, int]:
        """Takes many small blocks and frees all but the last, which holds the heap's end back.

        Returns:
            MB resident while all were there.
        """
        blocks = [bytes(1_000) for _ in range(count)]
        most_mb = self._resident_mb()
        self.kept = blocks[-1]
        return most_mb
        yield

    def resident(self, _value: None) -> Generator[int, None, int]:
        return self._resident_mb()
        yield

    @staticmethod
    def _resident_mb() -> int:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") >> 20

    def refuse(self, _value: None) -> Generator[None, None, None]:
        raise ModelError("the model is missing; fetch it", code="model.test", retryable=True)
        yield

    def break_down(self, secret: str) -> Generator[None, None, None]:
        raise ValueError(secret)
        yield

    def unpicklable(self, _value: None) -> Generator[Any, None, None]:
        yield lambda: None

    def print(self, value: str) -> Generator[None, None, None]:
        print(value, flush=True)  # noqa: T201 - this is what is tested
        return
        yield


class NeedsFile(Engine):
    """Cannot be built while its model is missing."""

    def __init__(self, path: str) -> None:
        if not Path(path).exists():
            raise ModelError(f"{path} is missing; fetch it")


class DiesUntilFile(Engine):
    """Takes its process down while its file is missing, as a broken native library does."""

    def __init__(self, path: str) -> None:
        if not Path(path).exists():
            os.kill(os.getpid(), signal.SIGKILL)
