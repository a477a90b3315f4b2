"""A small server of the chat API on loopback, with faults that real ones have on bad days.

For benchmarks and tests: it speaks the streaming form of the API over plain HTTP/1.1, so that the
real client library, its parsing and its time limits are what is measured.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from core.worker import Worker


class Fault(Enum):
    """What goes wrong."""

    NONE = "none"
    SLOW_HEADERS = "slow_headers"
    """Takes the request and says nothing, until the client goes."""
    STALL = "stall"
    """The first sentence, then nothing, until the client goes."""
    DISCONNECT = "disconnect"
    """The first sentence and half of a chunk, then the connection ends."""
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    UNAUTHORISED = "unauthorised"
    BAD_JSON = "bad_json"
    HALF_UTF8 = "half_utf8"
    """A chunk that ends in the middle of a character, and then the stream."""
    WRONG_TYPE = "wrong_type"
    """A page in HTML, as a hotel's Wi-Fi would give."""
    ENDLESS = "endless"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Scripted:
    """One reply.

    Attributes:
        text: Streamed word by word.
        tools: Pairs of a tool's name and its arguments as raw text.
        first_word_after_s: The server's own time to the first word.
        sentence_after_s: Its time between two sentences.
        retry_after_s: Header of a RATE_LIMITED reply.
        usage: Whether the service says what it cost.
    """

    text: str = ""
    tools: tuple[tuple[str, str], ...] = ()
    fault: Fault = Fault.NONE
    first_word_after_s: float = 0.0
    sentence_after_s: float = 0.0
    retry_after_s: int = 7
    usage: bool = True


@dataclass(slots=True)
class Seen:
    """What the server saw of a request; times as `time.monotonic`.

    Attributes:
        raw: Every byte, headers included.
        first_sentence_s: When the first sentence had been sent.
        client_left_s: When the client had gone before the end.
    """

    raw: bytes
    first_sentence_s: float | None = None
    client_left_s: float | None = None

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw.partition(b"\r\n\r\n")[2])
        return found


@dataclass(slots=True)
class ChatServer:
    """A context manager; answers with the scripts in order, the last one again and again.

    Attributes:
        seen: One entry per request, put when the server is done with it.
    """

    scripts: Sequence[Scripted] = (Scripted("Hello there."),)
    seen: queue.SimpleQueue[Seen] = field(default_factory=queue.SimpleQueue)
    port: int = 0
    open_connections: int = 0
    _next: Iterator[int] = field(default_factory=itertools.count)
    _started: threading.Event = field(default_factory=threading.Event)
    _worker: Worker | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> ChatServer:
        self._worker = Worker("chat-server", self._run).start()
        if not self._started.wait(10.0):
            raise RuntimeError("the chat server did not start")
        return self

    def __exit__(self, *exc: object) -> None:
        if self._worker is not None:
            self._worker.stop()

    def _run(self, stopping: threading.Event) -> None:
        asyncio.run(self._serve(stopping))

    async def _serve(self, stopping: threading.Event) -> None:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        async with server:
            await asyncio.to_thread(stopping.wait)
            server.close()
            # Those who still wait for a client to go have waited long enough.
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_connections += 1
        try:
            raw = await _request(reader)
            if raw:
                seen = Seen(raw)
                script = self.scripts[min(next(self._next), len(self.scripts) - 1)]
                try:
                    await _Reply(script, seen, reader, writer).send()
                except ConnectionError:
                    seen.client_left_s = seen.client_left_s or time.monotonic()
                finally:
                    self.seen.put(seen)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went before it had asked
        finally:
            self.open_connections -= 1
            writer.close()


class _Reply:
    def __init__(
        self,
        script: Scripted,
        seen: Seen,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._script = script
        self._seen = seen
        self._reader = reader
        self._writer = writer

    async def send(self) -> None:
        plain: dict[Fault, Callable[[], tuple[str, str, str]]] = {
            Fault.RATE_LIMITED: lambda: (
                "429 Too Many Requests",
                f"Retry-After: {self._script.retry_after_s}\r\n",
                '{"error": {"message": "slow down"}}',
            ),
            Fault.SERVER_ERROR: lambda: ("500 Internal Server Error", "", "{}"),
            Fault.UNAUTHORISED: lambda: ("401 Unauthorized", "", '{"error": {"message": "key"}}'),
        }
        fault = self._script.fault
        if fault is Fault.SLOW_HEADERS:
            await self._until_client_leaves()
        elif fault in plain:
            await self._whole(*plain[fault]())
        elif fault is Fault.WRONG_TYPE:
            await self._whole("200 OK", "", "<html><body>Log in</body></html>", kind="text/html")
        else:
            await self._stream()

    async def _stream(self) -> None:
        await self._write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
        )
        fault = self._script.fault
        await self._wait(self._script.first_word_after_s)
        if fault is Fault.ENDLESS:
            while True:
                await self._chunk({"content": "And on and on it goes. "})
        for word in self._script.text.split(" ") if self._script.text else ():
            await self._chunk({"content": f"{word} "})
            if not word.endswith((".", "!", "?")):
                continue
            if self._seen.first_sentence_s is None:
                self._seen.first_sentence_s = time.monotonic()
                if await self._break_off(fault):
                    return
            await self._wait(self._script.sentence_after_s)
        for index, (name, arguments) in enumerate(self._script.tools):
            for part in ({"name": name, "arguments": ""}, {"arguments": arguments}):
                await self._chunk({"tool_calls": [{"index": index, "function": part}]})
        if fault is not Fault.EMPTY:
            await self._chunk({}, finish="stop")
        if self._script.usage:
            usage = {"prompt_tokens": 500, "completion_tokens": 20, "total_tokens": 520}
            await self._event({"choices": [], "usage": usage})
        await self._write(b"data: [DONE]\n\n")

    async def _break_off(self, fault: Fault) -> bool:
        """The faults that come after the first sentence; whether the reply is over."""
        if fault is Fault.STALL:
            await self._until_client_leaves()
        elif fault is Fault.DISCONNECT:
            await self._write(b'data: {"choices": [{"del')
        elif fault is Fault.BAD_JSON:
            await self._write(b'data: {"choices": [}\n\n')
        elif fault is Fault.HALF_UTF8:
            half = "苹果".encode()[:-1]
            await self._write(b'data: {"choices": [{"index": 0, "delta": {"content": "' + half)
        else:
            return False
        return True

    async def _chunk(self, delta: dict[str, Any], *, finish: str | None = None) -> None:
        await self._event({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

    async def _event(self, content: dict[str, Any]) -> None:
        base = {"id": "c1", "object": "chat.completion.chunk", "created": 0, "model": "scripted"}
        await self._write(b"data: " + json.dumps(base | content).encode() + b"\n\n")

    async def _whole(
        self, status: str, headers: str, body: str, *, kind: str = "application/json"
    ) -> None:
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            f"Connection: close\r\n{headers}\r\n"
        )
        await self._write(head.encode() + body.encode())

    async def _write(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()
        if self._reader.at_eof():
            raise ConnectionResetError("the client left")

    async def _wait(self, seconds: float) -> None:
        if seconds:
            try:
                await asyncio.wait_for(self._reader.read(1), seconds)
            except TimeoutError:
                return
            raise ConnectionResetError("the client left")

    async def _until_client_leaves(self) -> None:
        await self._reader.read()
        self._seen.client_left_s = time.monotonic()


async def _request(reader: asyncio.StreamReader) -> bytes:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return head + await reader.readexactly(length)
