"""The HTTP server of the parents' pages: uvicorn in a thread of its own, with deadlines."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from typing import Any, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from core.worker import Worker
from provisioning.parents.guard import App

log = logging.getLogger(__name__)

RECEIVE_WITHIN_S = 10.0
"""A request has to be there whole after this long: who sends a byte now and then is cut off."""
ANSWER_WITHIN_S = 60.0
"""An answer has to be taken after this long."""
AT_ONCE = 32
HEAD_BYTES = 16_384
STOP_WITHIN_S = 2


class DeadlineProtocol(H11Protocol):
    """HTTP/1.1 with a deadline on each request and on each answer; uvicorn has none of its own."""

    _deadline: asyncio.TimerHandle | None = None
    receive_within_s = RECEIVE_WITHIN_S

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A browser has connected."""
        super().connection_made(transport)
        self._within(self.receive_within_s)

    def data_received(self, data: bytes) -> None:
        """A part of a request has come."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.more_body:
            self._within(ANSWER_WITHIN_S)

    def on_response_complete(self) -> None:
        """An answer is on its way; another request may follow."""
        super().on_response_complete()
        self._within(self.receive_within_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _within(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self.transport.abort)


class PagesServer:
    """Serves an application until stopped. A context manager.

    Args:
        app: The guarded application.
        listen: Address.
        port: 0 takes any, see `port`.
        name: Of the thread, and in the log.
    """

    def __init__(self, app: App, listen: str, port: int, name: str = "parents-pages") -> None:
        self._name = name
        self._app: Any = app
        self._place = (listen, port)
        self._socket: socket.socket | None = None
        self._server: uvicorn.Server | None = None
        self._worker = Worker(name, self._serve)
        self._started = False

    @property
    def port(self) -> int | None:
        """Where it listens; None when it could not."""
        return None if self._socket is None else int(self._socket.getsockname()[1])

    def start(self) -> Self:
        """Begin to serve. A port that is taken is logged: nobody's practice depends on it."""
        try:
            self._socket = socket.create_server(self._place)
        except OSError as error:
            log.warning("no %s: port=%s errno=%s", self._name, self._place[1], error.errno)
            return self
        config = uvicorn.Config(
            self._app,
            http=DeadlineProtocol,
            ws="none",
            lifespan="off",
            loop="asyncio",
            log_config=None,
            log_level="warning",
            access_log=False,  # who looked at what is nobody's business
            proxy_headers=False,  # an address in a header is only a claim
            server_header=False,
            limit_concurrency=AT_ONCE,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=STOP_WITHIN_S,
            h11_max_incomplete_event_size=HEAD_BYTES,
        )
        self._server = uvicorn.Server(config)
        self._worker.start()
        self._started = True
        return self

    def stop(self) -> None:
        """Stop and wait. Idempotent.

        Raises:
            ThreadNotStopped: A page hangs.
        """
        if self._server is not None:
            self._server.should_exit = True
        if self._started:
            self._worker.stop(timeout_s=STOP_WITHIN_S + 5.0)
        if self._socket is not None:
            self._socket.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _serve(self, _stopping: threading.Event) -> None:
        if self._server is not None and self._socket is not None:
            self._server.run(sockets=[self._socket])
