"""Who is answered at all: the home network, by a name of ours, not too often; and headers for all.

Plain ASGI, around the application: what it refuses never reaches a page.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LONGEST_TARGET = 1024
PER_MINUTE = 120.0
AT_ONCE = 40.0
ADDRESSES_KEPT = 512
METHODS = frozenset({"GET", "HEAD", "POST"})
NONCE = "myna.nonce"

_HEADERS = (
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    # Not "no-referrer": with it browsers send forms of our own with the origin "null".
    ("referrer-policy", "same-origin"),
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
)


class Rate:
    """A bucket of requests for each address.

    Args:
        now_s: A clock that never goes back.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._left: dict[str, tuple[float, float]] = {}

    def allows(self, address: str) -> bool:
        """Take one request out of an address's bucket, if there is one left."""
        now_s = self._now_s()
        left, then_s = self._left.pop(address, (AT_ONCE, now_s))
        left = min(AT_ONCE, left + (now_s - then_s) * PER_MINUTE / 60)
        allowed = left >= 1.0
        self._left[address] = (left - 1.0 if allowed else left, now_s)
        while len(self._left) > ADDRESSES_KEPT:
            self._left.pop(next(iter(self._left)))
        return allowed


class _Refusal(Exception):
    def __init__(self, status: int, why: str, *, elsewhere: str = "") -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.elsewhere = elsewhere


class Guard:
    """The application, guarded.

    Args:
        app: What answers those who pass.
        names: Lower-case names that a browser may call us by; addresses of the home network
            always may.
        now_s: A clock that never goes back.
        front_door: Where those are led who look for another name; empty refuses them.
    """

    def __init__(
        self,
        app: App,
        names: frozenset[str],
        now_s: Callable[[], float],
        front_door: str = "",
    ) -> None:
        self._app = app
        self._names = names
        self._front_door = front_door
        self._rate = Rate(now_s)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        nonce = secrets.token_urlsafe(16)
        scope[NONCE] = nonce

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *_headers(nonce)]
            await send(message)

        try:
            self._look(scope)
        except _Refusal as refusal:
            await _refuse(refusal, answer)
            return
        await self._app(scope, receive, answer)

    def _look(self, scope: Scope) -> None:
        client = scope.get("client")
        address = client[0] if client else ""
        if not is_local(address):
            raise _Refusal(403, "These pages answer the home network alone.")
        if not self._rate.allows(address):
            raise _Refusal(429, "Too many requests; wait a minute.")
        if scope["method"] not in METHODS:
            raise _Refusal(405, "Only GET and POST.")
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_TARGET:
            raise _Refusal(414, "That address is too long.")
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not self._is_ours(hosts[0].decode("latin-1")):
            if self._front_door and scope["method"] != "POST":
                raise _Refusal(302, "This way, please.", elsewhere=self._front_door)
            # A page elsewhere whose name was made to lead here (DNS rebinding) comes with its name.
            raise _Refusal(421, "These pages are not known by that name.")
        if scope["method"] == "POST" and not _same_origin(scope["headers"], hosts[0]):
            raise _Refusal(403, "That form did not come from these pages.")

    def _is_ours(self, host: str) -> bool:
        if host.startswith("["):
            name, closed, rest = host[1:].partition("]")
            if not closed or (rest and not _is_port(rest)):
                return False
        else:
            name, colon, port = host.partition(":")
            if colon and not _is_port(":" + port):
                return False
        return name.lower().rstrip(".") in self._names or is_local(name)


def is_local(address: str) -> bool:
    """Whether an address belongs to this machine or a home network."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    return (found.is_private or found.is_loopback or found.is_link_local) and not (
        found.is_unspecified or found.is_multicast or found.is_reserved
    )


def _is_port(text: str) -> bool:
    return text[:1] == ":" and text[1:].isascii() and text[1:].isdigit() and len(text) <= 6


def _same_origin(headers: list[tuple[bytes, bytes]], host: bytes) -> bool:
    """Whether a form came from our own pages, as far as the browser says; old ones say nothing."""
    said = dict(headers)
    site = said.get(b"sec-fetch-site", b"same-origin")
    origin = said.get(b"origin", b"http://" + host)
    return site == b"same-origin" and origin == b"http://" + host


def _headers(nonce: str) -> list[tuple[bytes, bytes]]:
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; img-src 'self' data:; media-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    told = (*_HEADERS, ("content-security-policy", policy))
    return [(name.encode(), value.encode()) for name, value in told]


async def _refuse(refusal: _Refusal, send: Send) -> None:
    body = (refusal.why + "\n").encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    if refusal.elsewhere:
        headers.append((b"location", refusal.elsewhere.encode()))
    if refusal.status == 429:
        headers.append((b"retry-after", b"60"))
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
