"""A network between speaker and broker that cuts, delays and stalls; a TCP proxy, seeded.

TCP itself hides loss, doubling and reordering of packets from MQTT: what a program sees of them is
delay, stalls and cut connections at any byte, and that is what this makes. Doubled and reordered
messages are what MQTT makes of a cut connection, by sending again.
"""

from __future__ import annotations

import random
import selectors
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass, field

from core.worker import Worker
from tests.platform_parts import free_port


@dataclass(slots=True)
class _Half:
    """Bytes on their way to one side, each lot with the time at which it may arrive."""

    target: socket.socket
    lots: deque[tuple[float, bytes]] = field(default_factory=deque)


class TroubledNetwork:
    """Listens on `port` and leads to another one.

    Args:
        target: The broker's port.
        seed: The same seed makes the same kind of trouble.
        cut_every_bytes: A connection is cut after about as many bytes, anywhere in a message.
        delay_s: The longest delay of a lot of bytes.
    """

    def __init__(
        self, target: int, seed: int, *, cut_every_bytes: int = 12_000, delay_s: float = 0.03
    ) -> None:
        self._target = target
        self._chance = random.Random(seed)  # noqa: S311 - trouble, no secret
        self._cut_every_bytes = cut_every_bytes
        self._delay_s = delay_s
        self.port = free_port()
        self.cuts = 0
        self.calm = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._worker = Worker("troubled-network", self._run)

    def __enter__(self) -> TroubledNetwork:
        self._worker.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._worker.stop()
        self._listener.close()
        assert self._worker.fault is None, self._worker.fault

    def _run(self, stopping: threading.Event) -> None:
        pairs: dict[socket.socket, _Half] = {}
        left: dict[socket.socket, int] = {}
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            while not stopping.is_set():
                for key, _ in selector.select(0.005):
                    if key.fileobj is self._listener:
                        self._accept(selector, pairs, left)
                    else:
                        self._read(key.fileobj, selector, pairs, left)  # type: ignore[arg-type]
                self._deliver(selector, pairs, left)
            for each in list(pairs):
                self._drop(each, selector, pairs, left)

    def _accept(
        self,
        selector: selectors.BaseSelector,
        pairs: dict[socket.socket, _Half],
        left: dict[socket.socket, int],
    ) -> None:
        near, _ = self._listener.accept()
        try:
            far = socket.create_connection(("127.0.0.1", self._target), timeout=1.0)
        except OSError:
            near.close()
            return
        far.settimeout(5.0)
        near.settimeout(5.0)
        pairs[near], pairs[far] = _Half(far), _Half(near)
        limit = self._chance.randrange(1, 2 * self._cut_every_bytes)
        left[near], left[far] = limit, limit
        selector.register(near, selectors.EVENT_READ)
        selector.register(far, selectors.EVENT_READ)

    def _read(
        self,
        source: socket.socket,
        selector: selectors.BaseSelector,
        pairs: dict[socket.socket, _Half],
        left: dict[socket.socket, int],
    ) -> None:
        half = pairs.get(source)
        if half is None:
            return
        try:
            data = source.recv(self._chance.randrange(1, 4096))
        except OSError:
            data = b""
        left[source] -= len(data)
        cut = left[source] <= 0 and not self.calm.is_set()
        if not data or cut:
            self.cuts += cut
            # Half of a lot may still arrive: messages end in their middle.
            if cut and data:
                self._send(half.target, data[: len(data) // 2])
            self._drop(source, selector, pairs, left)
            return
        delay_s = 0.0 if self.calm.is_set() else self._chance.uniform(0.0, self._delay_s)
        at_s = time.monotonic() + delay_s
        if half.lots:
            at_s = max(at_s, half.lots[-1][0])  # TCP keeps the order
        half.lots.append((at_s, data))

    def _deliver(
        self,
        selector: selectors.BaseSelector,
        pairs: dict[socket.socket, _Half],
        left: dict[socket.socket, int],
    ) -> None:
        now_s = time.monotonic()
        for source, half in list(pairs.items()):
            while half.lots and half.lots[0][0] <= now_s and source in pairs:
                if not self._send(half.target, half.lots.popleft()[1]):
                    self._drop(source, selector, pairs, left)

    @staticmethod
    def _send(target: socket.socket, data: bytes) -> bool:
        try:
            target.sendall(data)
        except OSError:
            return False
        return True

    @staticmethod
    def _drop(
        source: socket.socket,
        selector: selectors.BaseSelector,
        pairs: dict[socket.socket, _Half],
        left: dict[socket.socket, int],
    ) -> None:
        half = pairs.pop(source, None)
        if half is None:
            return
        pairs.pop(half.target, None)
        for each in (source, half.target):
            left.pop(each, None)
            selector.unregister(each)
            each.close()
