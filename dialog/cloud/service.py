"""The cloud in a process of its own: neither its library nor a slow network ever holds the audio.

The child turns the stream into sentences and tool calls. While it waits for the network it gives
a sign every `PULSE_S`, so that a cancelled request ends within that time, and a child that hangs
is told from one that waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from dataclasses import dataclass, field
from typing import cast

from core.process import ProcessWorker, Reply
from dialog.cloud.errors import BadReply
from dialog.cloud.factory import make_chat
from dialog.cloud.ports import ChatService, Delta, Piece, Request, Sentence, Used, Wish
from dialog.cloud.sentences import SentenceSplitter
from dialog.cloud.settings import CloudSettings
from dialog.worker_service import WorkerService

PULSE_S = 0.05
HANG_S = 20.0
MOST_TOOL_CALLS = 4

CloudReply = Reply[Piece | None]
Pulse = None
"""What the child says while it waits."""
END = cast(Piece, object())
"""Stands in the queue behind the last piece."""


async def pieces(service: ChatService, request: Request) -> AsyncIterator[Piece]:
    """A reply as sentences, tool calls and its cost, each as soon as it is whole.

    Raises:
        CloudError: As the service does; `BadReply` when nothing came at all.
    """
    splitter = SentenceSplitter()
    calls: dict[int, _Call] = {}
    anything = False
    async with contextlib.aclosing(
        cast(AsyncGenerator[Delta, None], service.stream(request))
    ) as stream:
        async for delta in stream:
            anything = anything or bool(delta.text) or delta.tool is not None
            for sentence in splitter.feed(delta.text):
                yield Sentence(sentence)
            if delta.tool is not None and (delta.tool in calls or len(calls) < MOST_TOOL_CALLS):
                calls.setdefault(delta.tool, _Call()).add(delta)
            if delta.prompt_tokens or delta.reply_tokens:
                yield Used(delta.prompt_tokens, delta.reply_tokens)
    for sentence in splitter.finish():
        yield Sentence(sentence)
    for _, call in sorted(calls.items()):
        yield Wish(call.name, "".join(call.arguments))
    if not anything:
        raise BadReply("the cloud service sent an empty reply")


@dataclass(slots=True)
class _Call:
    name: str = ""
    arguments: list[str] = field(default_factory=list)

    def add(self, delta: Delta) -> None:
        self.name = self.name or delta.name
        self.arguments.append(delta.arguments)


class CloudHandler:
    """The child's side.

    Args:
        build: Makes the service, in the child.
    """

    def __init__(self, build: Callable[[], ChatService]) -> None:
        self._loop = asyncio.new_event_loop()
        self._service = build()

    def __call__(self, request: Request) -> Generator[Piece | None, None, None]:
        arrived: asyncio.Queue[Piece | None] = asyncio.Queue()
        task = self._loop.create_task(self._fetch(request, arrived), name="cloud-request")
        try:
            while (piece := self._run(_next(arrived))) is not END:
                yield cast(Piece | None, piece)
            self._run(task)  # raises what the service raised
        finally:
            task.cancel()
            self._run(asyncio.gather(task, return_exceptions=True))

    def close(self) -> None:
        self._run(self._service.close())
        self._loop.close()

    async def _fetch(self, request: Request, arrived: asyncio.Queue[Piece | None]) -> None:
        try:
            async for piece in pieces(self._service, request):
                arrived.put_nowait(piece)
        finally:
            arrived.put_nowait(END)

    def _run(self, what: object) -> object:
        return self._loop.run_until_complete(what)  # type: ignore[arg-type]


async def _next(arrived: asyncio.Queue[Piece | None]) -> Piece | None:
    try:
        return await asyncio.wait_for(arrived.get(), PULSE_S)
    except TimeoutError:
        return Pulse


class CloudService(WorkerService[Request, Piece | None]):
    """Asks the cloud from a worker process.

    Args:
        settings: Where and what.
        build: Makes the service in the child instead of the factory; it has to pickle.
    """

    def __init__(
        self, settings: CloudSettings, *, build: Callable[[], ChatService] | None = None
    ) -> None:
        build = build or functools.partial(make_chat, settings)
        worker: ProcessWorker[Request, Piece | None] = ProcessWorker(
            "myna-cloud", functools.partial(CloudHandler, build), niceness=5, hang_s=HANG_S
        )
        super().__init__(worker)

    def submit(self, request: Request, on_reply: Callable[[CloudReply], None]) -> int:
        """Send a request; see `ProcessWorker.submit`. The last reply holds no piece."""

        def without_pulses(reply: CloudReply) -> None:
            if reply.last or reply.value is not None:
                on_reply(reply)

        return self.worker.submit(request, without_pulses)
