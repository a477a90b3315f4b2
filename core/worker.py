"""A thread with one owner, a name, a stop event and a fault that somebody looks at."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self

from core.errors import ThreadNotStopped


class Worker:
    """Runs one function in a named thread until told to stop.

    The function receives the stop event and returns soon after it is set. What it raises is
    kept in `fault` and handed to `on_fault`, so that a dead thread is never taken for a
    healthy one.

    Args:
        name: Thread name as it appears in the process list, for example ``audio-dsp``.
        run: The thread's body.
        on_fault: Called in the thread with what `run` raised.
    """

    def __init__(
        self,
        name: str,
        run: Callable[[threading.Event], None],
        *,
        on_fault: Callable[[BaseException], None] | None = None,
    ) -> None:
        self._stopping = threading.Event()
        self._run = run
        self._on_fault = on_fault
        self.fault: BaseException | None = None
        self._thread = threading.Thread(target=self._guarded, name=name, daemon=True)

    def start(self) -> Self:
        """Start the thread; returns self."""
        self._thread.start()
        return self

    def stop(self, *, timeout_s: float = 5.0) -> None:
        """Set the stop event and wait for the end. Idempotent.

        Raises:
            ThreadNotStopped: The thread still runs after `timeout_s`.
        """
        self._stopping.set()
        if self._thread.ident is None or self._thread is threading.current_thread():
            return
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise ThreadNotStopped(f"thread {self._thread.name} did not end in {timeout_s} s")

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _guarded(self) -> None:
        try:
            self._run(self._stopping)
        except BaseException as fault:  # the thread's boundary: nothing above would see it
            self.fault = fault
            if self._on_fault is not None:
                self._on_fault(fault)
