"""Fetching by ``https://`` and nothing else, redirections included."""

from __future__ import annotations

import ssl
import urllib.request
from contextlib import AbstractContextManager
from typing import IO

Opened = AbstractContextManager[IO[bytes]]


def open_https(url: str, *, timeout_s: float, context: ssl.SSLContext | None = None) -> Opened:
    """Open an address.

    Args:
        timeout_s: Longest silence of the other side.
        context: Whom to trust; None trusts what the system trusts.

    Raises:
        OSError: It cannot be reached, or leads to something that is not ``https://``.
        ValueError: It is no address.
    """
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.HTTPSHandler(context=context or ssl.create_default_context()),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    answer: Opened | None = opener.open(url, timeout=timeout_s)
    if answer is None:
        raise OSError("no handler took the address")
    return answer
