"""The speaker's figures for Prometheus, on loopback: ``http://127.0.0.1:9464/metrics``."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
LONGEST_REQUEST = 8192
PATIENCE_S = 5.0


class MetricsPage:
    """Answers GET /metrics and nothing else. An async context manager.

    Args:
        port: To listen on; 0 takes any, see `port`.
        page: Makes the text anew for each request.
    """

    def __init__(self, port: int, page: Callable[[], str]) -> None:
        self._wanted = port
        self._page = page
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int | None:
        """Where it listens; None when it could not."""
        if self._server is None:
            return None
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> MetricsPage:
        try:
            self._server = await asyncio.start_server(
                self._answer, HOST, self._wanted, limit=LONGEST_REQUEST
            )
        except OSError as error:
            # Nobody's practice depends on it.
            log.warning("no metrics page: port=%s errno=%s", self._wanted, error.errno)
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                status, body = self._respond(head)
                writer.write(
                    b"HTTP/1.1 " + status + b"\r\nContent-Type: text/plain; version=0.0.4\r\n"
                    b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body
                )
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asked has gone, or never asked
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _respond(self, head: bytes) -> tuple[bytes, bytes]:
        words = head.split(b"\r\n", 1)[0].split()
        if words[:1] != [b"GET"]:
            return b"405 Method Not Allowed", b""
        if words[1:2] != [b"/metrics"]:
            return b"404 Not Found", b""
        return b"200 OK", self._page().encode()
