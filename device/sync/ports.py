"""What the line to the platform promises, and the values that cross it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from core.errors import SpeakerError


class SyncError(SpeakerError):
    """The platform cannot be reached as configured."""

    default_code = "sync.error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One MQTT 5 publication.

    Attributes:
        topic: Where to.
        payload: Bytes as they are.
        retain: The broker keeps the last one for whoever comes later.
        expiry_s: Seconds after which a broker throws it away; None: never.
        response_topic: Where an answer is expected.
        correlation: Comes back with the answer.
        user: User properties.
    """

    topic: str
    payload: bytes
    retain: bool = False
    expiry_s: int | None = None
    response_topic: str | None = None
    correlation: bytes | None = None
    user: tuple[tuple[str, str], ...] = ()


class Why(Enum):
    """Why a connection could not be made, or ended."""

    NETWORK = "network"
    CLOSED = "closed"
    AUTH = "auth"
    TAKEN_OVER = "taken_over"
    REFUSED = "refused"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class Connected:
    """The broker has accepted us; `session` says whether it still knew us."""

    session: bool


@dataclass(frozen=True, slots=True)
class Subscribed:
    """All filters were granted."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message came; it comes again unless it is acknowledged."""

    message: Message
    number: int


@dataclass(frozen=True, slots=True)
class Handed:
    """The broker has taken the message of this number, or (`code` >= 128) refused it."""

    number: int
    code: int


@dataclass(frozen=True, slots=True)
class Lost:
    """There is no connection (any more)."""

    why: Why


LinkEvent = Connected | Subscribed | Received | Handed | Lost


class Link(Protocol):
    """One connection to a broker, used by one thread; made anew after each `Lost`."""

    def open(self, will: Message) -> None:
        """Begin to connect; the outcome is an event. What fails at once is `Lost` as well."""

    def subscribe(self, topics: tuple[str, ...]) -> None:
        """Ask for topics at QoS 1."""

    def publish(self, message: Message) -> int:
        """Send at QoS 1; returns the number that `Handed` will bear."""

    def acknowledge(self, received: Received) -> None:
        """Tell the broker that a message has been dealt with."""

    def step(self, timeout_s: float) -> list[LinkEvent]:
        """Send and receive for up to `timeout_s`; returns what happened, at once if it did."""

    def close(self, goodbye: Message | None = None) -> None:
        """Say goodbye in the will's place, where there is a connection, and end it. Idempotent."""


Action = Callable[[Mapping[str, Any]], Mapping[str, Any] | None]
"""Carries out one command: its args in, what it returns (JSON) out.

Called in the sync thread; raises `SpeakerError` where it failed: its code goes into the reply.
"""

ApplySetting = Callable[[Any], None]
"""Makes one desired setting hold; raises `SpeakerError` where it cannot."""
