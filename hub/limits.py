"""What the HTTP side takes at most, and what it says of what it cannot read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY_BYTES = 262_144
"""Nothing that belongs here is longer; read before a token is looked at, so it has to be small."""
MOST_PROBLEMS = 20


class TooLarge(Exception):
    """A body went on beyond what is taken."""


class BodyLimit:
    """Refuses longer bodies with 413, said to be so or not. ASGI middleware.

    Args:
        app: What is protected.
        most_bytes: Longest body.
    """

    def __init__(self, app: ASGIApp, most_bytes: int = MOST_BODY_BYTES) -> None:
        self._app = app
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = JSONResponse({"detail": f"more than {self._most_bytes} bytes"}, 413)
        if _announced(scope["headers"]) > self._most_bytes:
            await refusal(scope, receive, send)
            return
        taken = 0
        refused = begun = False

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._most_bytes:
                raise TooLarge
            return message

        async def answered(message: Message) -> None:
            nonlocal begun, refused
            if taken > self._most_bytes and not begun:
                # Whoever read it may have taken our word for a fault of its own, and says so.
                if not refused:
                    refused = True
                    await refusal(scope, receive, send)
                return
            begun = True
            await send(message)

        try:
            await self._app(scope, counted, answered)
        except TooLarge:
            if not begun and not refused:
                await refusal(scope, receive, send)


def unreadable(_request: Request, error: RequestValidationError) -> JSONResponse:
    """What is wrong with a request, without a word of what it held: that may be a secret."""
    problems = [
        {
            "loc": [part if isinstance(part, int) else _plain(part) for part in each["loc"]],
            "msg": _plain(str(each["msg"])),
            "type": str(each["type"]),
        }
        for each in error.errors()[:MOST_PROBLEMS]
    ]
    return JSONResponse({"detail": problems}, 422)


def _announced(headers: Sequence[tuple[bytes, bytes]]) -> int:
    for name, value in headers:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


def _plain(text: Any) -> str:  # noqa: ANN401 - a key of whatever came
    return str(text).encode("ascii", "backslashreplace").decode("ascii")[:200]
