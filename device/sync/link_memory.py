"""The line without a network: a broker in memory that keeps the promises of `ports.Link`."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace

from device.sync.ports import (
    Connected,
    Handed,
    LinkEvent,
    Lost,
    Message,
    Received,
    Subscribed,
    Why,
)


@dataclass(slots=True)
class _Session:
    """What a broker keeps of a client: its topics, and what it has not acknowledged."""

    topics: set[str] = field(default_factory=set)
    waiting: dict[int, Message] = field(default_factory=dict)
    link: MemoryLink | None = None
    will: Message | None = None
    next_number: int = 1


class MemoryBroker:
    """Retained messages, persistent sessions, wills and takeovers; QoS 1 throughout.

    Attributes:
        refuses: While set, every connection fails for this reason.
        published: All that was ever published, in order.
    """

    def __init__(self) -> None:
        self.refuses: Why | None = None
        self.published: list[Message] = []
        self._retained: dict[str, Message] = {}
        self._sessions: dict[str, _Session] = {}

    def publish(self, message: Message) -> None:
        """Take a message from anybody and hand it to whoever subscribed."""
        self.published.append(message)
        if message.retain:
            if message.payload:
                self._retained[message.topic] = message
            else:
                self._retained.pop(message.topic, None)
        for session in self._sessions.values():
            if message.topic in session.topics:
                self._deliver(session, replace(message, retain=False))

    def cut(self, client: str) -> None:
        """Break a client's connection; its will goes out."""
        session = self._sessions[client]
        if session.link is not None:
            session.link.events.append(Lost(Why.CLOSED))
            self.end(client, session.link, with_will=True)

    # What links call.

    def attach(self, client: str, link: MemoryLink, will: Message) -> None:
        """A client connects."""
        if self.refuses is not None:
            link.events.append(Lost(self.refuses))
            return
        known = client in self._sessions
        session = self._sessions.setdefault(client, _Session())
        if session.link is not None:
            session.link.events.append(Lost(Why.TAKEN_OVER))
        session.link, session.will = link, will
        link.events.append(Connected(known))
        link.events.extend(Received(message, n) for n, message in session.waiting.items())

    def subscribe(self, client: str, topics: tuple[str, ...]) -> None:
        """A client asks for topics."""
        session = self._sessions[client]
        session.topics.update(topics)
        if session.link is not None:
            session.link.events.append(Subscribed())
        for each in topics:
            if each in self._retained:
                self._deliver(session, self._retained[each])

    def acknowledge(self, client: str, number: int) -> None:
        """A client has dealt with a message."""
        self._sessions[client].waiting.pop(number, None)

    def end(self, client: str, link: MemoryLink, *, with_will: bool) -> None:
        """A connection ends; only the one that holds the session moves anything."""
        session = self._sessions.get(client)
        if session is None or session.link is not link:
            return
        will, session.link, session.will = session.will, None, None
        if with_will and will is not None:
            self.publish(will)

    def _deliver(self, session: _Session, message: Message) -> None:
        number = session.next_number
        session.next_number += 1
        session.waiting[number] = message
        if session.link is not None:
            session.link.events.append(Received(message, number))


class MemoryLink:
    """One connection to a `MemoryBroker`.

    Args:
        broker: Where to.
        client: The client's id there.
    """

    def __init__(self, broker: MemoryBroker, client: str) -> None:
        self._broker = broker
        self._client = client
        self._numbers = 0
        self.events: deque[LinkEvent] = deque()

    def open(self, will: Message) -> None:
        self._broker.attach(self._client, self, will)

    def subscribe(self, topics: tuple[str, ...]) -> None:
        self._broker.subscribe(self._client, topics)

    def publish(self, message: Message) -> int:
        self._numbers += 1
        self._broker.publish(message)
        self.events.append(Handed(self._numbers, 0))
        return self._numbers

    def acknowledge(self, received: Received) -> None:
        self._broker.acknowledge(self._client, received.number)

    def step(self, timeout_s: float) -> list[LinkEvent]:
        events = list(self.events)
        self.events.clear()
        return events

    def close(self, goodbye: Message | None = None) -> None:
        if goodbye is not None:
            self._broker.publish(goodbye)
        self._broker.end(self._client, self, with_will=goodbye is None)
