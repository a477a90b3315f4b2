"""Forms as browsers send them, taken in as far as they are ours in kind and size."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

FORM_BYTES = 8192
FORM_FIELDS = 32


class Turned(Exception):
    """A request that is answered with a page instead of what it asked for."""

    def __init__(self, status: int, key: str) -> None:
        super().__init__(key)
        self.status = status
        self.key = key


async def form_of(request: Request) -> Mapping[str, str]:
    """A request's form, each field once.

    Raises:
        Turned: It is none of ours: another kind, too large, a field twice, no UTF-8.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Turned(415, "form_old")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES:
            raise Turned(413, "form_old")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=FORM_FIELDS,
            errors="strict",
        )
    except ValueError as error:
        raise Turned(422, "form_old") from error
    if len({name for name, _ in pairs}) != len(pairs):
        raise Turned(422, "form_old")
    return dict(pairs)
