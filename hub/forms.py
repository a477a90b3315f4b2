"""Forms as browsers and OAuth clients send them, taken in as far as they are sound."""

from __future__ import annotations

from urllib.parse import parse_qsl

from fastapi import Request


class FormTooLarge(Exception):
    """A form went on beyond what is taken."""


async def form_pairs(
    request: Request, *, most_bytes: int, most_fields: int
) -> list[tuple[str, str]]:
    """Names and values in their order; a name may come twice.

    Raises:
        FormTooLarge: It is longer than `most_bytes`.
        ValueError: It is no form, has too many fields, or holds a null byte.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > most_bytes:
            raise FormTooLarge
    pairs = parse_qsl(
        body.decode("ascii"), keep_blank_values=True, max_num_fields=most_fields, errors="strict"
    )
    if any("\0" in text for _, text in pairs):
        raise ValueError("a null byte in a form")
    return pairs
