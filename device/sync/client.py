"""The conversation with the platform: one thread, one connection to the broker, one to the file.

After connecting, a speaker says its birth and waits to be greeted: an acknowledgement with the
platform's time. Only then do events flow, so that a clock that was never set is known before the
first of them is dated, and a broker without a platform behind it is not filled up. What is not
acknowledged in time goes again, from the oldest on, after knocking anew.
"""

from __future__ import annotations

import logging
import random
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from contract.faults import Faults
from contract.messages import BadMessage, decode, encode
from contract.topics import EXPIRY_S, TO_SPEAKER, Channel, parse, topic
from core.clock import Clock
from device.sync import home_assistant
from device.sync.backoff import Backoff
from device.sync.commands import Reply
from device.sync.file import File
from device.sync.outbox import Batch
from device.sync.ports import (
    Connected,
    Handed,
    Link,
    LinkEvent,
    Lost,
    Message,
    Received,
    Subscribed,
    Why,
)
from device.sync.settings import SyncSettings

log = logging.getLogger(__name__)

CONNECT_WITHIN_S = 20.0
SHORT_LIFE_S = 20.0
"""A connection that the broker closes within this time after it was made was cut short."""
WINDOW = 4
"""Batches on their way at one time."""
REPORT_EVERY_S = 60.0
"""Shortest time between two states sent for a change in what they say."""

StateOf = Callable[[], Mapping[str, Any]]
"""What the speaker says of itself in its state: muted, volume_percent, problems."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who speaks: the device id, this start of the machine, the firmware's version."""

    device: str
    boot: str
    firmware: str


class Client:
    """What is said to the platform and what is done about its answers.

    Args:
        file: The progress file as the sync thread sees it; replaceable, see `attach`.
        make_link: A fresh connection, not yet opened.
        identity: Who speaks.
        settings: The section ``[sync]``.
        clock: Monotonic and wall time.
        state_of: What the state message says beside what is known here.
        source: Random numbers for the pauses.
    """

    def __init__(
        self,
        file: File,
        make_link: Callable[[], Link],
        identity: Identity,
        settings: SyncSettings,
        clock: Clock,
        *,
        state_of: StateOf = dict,
        source: random.Random | None = None,
    ) -> None:
        self._file = file
        self._make_link = make_link
        self._identity = identity
        self._settings = settings
        self._clock = clock
        self._state_of = state_of
        self.backoff = Backoff(
            settings.retry_s,
            settings.retry_longest_s,
            source or random.Random(),  # noqa: S311 - spreads load, guards nothing
        )
        self.faults = Faults(log, "message refused")
        self.lost: Why | None = None
        self.greeted = False
        self._link: Link | None = None
        self._retry_s = clock.now_s()
        self._give_up_s = self._ready_s = 0.0
        self._ready = False
        self._cursor = 0
        self._on_the_way: OrderedDict[bytes, tuple[Batch, float]] = OrderedDict()
        self._again: deque[tuple[int, int]] = deque()
        self._knock_s = 0.0
        self._patience_s = settings.answer_s
        self._replies: dict[int, Reply] = {}
        self._state: dict[str, Any] = {}
        self._state_s = -REPORT_EVERY_S

    @property
    def connected(self) -> bool:
        """The broker has accepted us and our subscriptions."""
        return self._ready

    def attach(self, file: File) -> None:
        """Go on with another file: all that was on its way goes again."""
        self._file = file
        self._start_over()

    def step(self, timeout_s: float) -> bool:
        """One round; returns False when there is no link and nothing to wait for in it."""
        now_s = self._clock.now_s()
        if self._link is None:
            if now_s < self._retry_s:
                return False
            self._link = self._make_link()
            self._give_up_s = now_s + CONNECT_WITHIN_S
            self._link.open(self._message(Channel.STATE, {"status": "offline", "contract": 1}))
        events = self._link.step(timeout_s)
        for event in events:
            self._handle(event)
        if self._link is not None and not self._ready and self._clock.now_s() > self._give_up_s:
            self._drop(Why.NETWORK)
        if self._ready:
            self._tend()
        return True

    def pause_left_s(self) -> float:
        """Seconds until the next attempt to connect."""
        return max(0.0, self._retry_s - self._clock.now_s())

    def close(self) -> None:
        """Say goodbye. Idempotent."""
        link, self._link = self._link, None
        if link is not None:
            link.close(self._message(Channel.STATE, {"status": "offline", "contract": 1}))
        self._ready = self.greeted = False

    # ---------------------------------------------------------------- events

    def _handle(self, event: LinkEvent) -> None:
        if self._link is None:
            return
        match event:
            case Connected():
                device = self._identity.device
                self._link.subscribe(tuple(topic(device, each) for each in TO_SPEAKER))
            case Subscribed():
                self._begin()
            case Received():
                self._receive(event.message)
                self._link.acknowledge(event)
            case Handed():
                self._handed(event)
            case Lost():
                self._drop(event.why)

    def _begin(self) -> None:
        log.info("connected to the platform's broker")
        self._ready = True
        self._ready_s = self._clock.now_s()
        self.lost = None
        self._start_over()
        self._patience_s = self._settings.answer_s
        self._publish(Channel.REPORTED, self._file.shadow.reported)
        if self._settings.home_assistant and self._link is not None:
            prefix = self._settings.home_assistant_prefix
            self._link.publish(
                home_assistant.discovery(self._identity.device, prefix, self._identity.firmware)
            )
        self._knock()

    def _drop(self, why: Why) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()
        now_s = self._clock.now_s()
        cut_short = why is Why.CLOSED and self.greeted and now_s - self._ready_s <= SHORT_LIFE_S
        pause_s = self.backoff.pause_s(why, now_s, cut_short=cut_short)
        # The first of a row is news; the rest only for whoever looks closely.
        log.log(
            logging.DEBUG if self.lost is why else logging.WARNING,
            "no connection to the platform why=%s pause_s=%.1f",
            why.value,
            pause_s,
        )
        self.lost = why
        self._retry_s = now_s + pause_s
        self._ready = self.greeted = False
        self._start_over()

    def _receive(self, message: Message) -> None:
        place = parse(message.topic)
        if place is None or place[0] != self._identity.device or place[1] not in TO_SPEAKER:
            self.faults.note("topic", self._clock.now_s())
            return
        channel = place[1]
        try:
            if channel is Channel.COMMANDS:
                self._command(message)
            elif message.payload:  # an empty desired message clears the retained one
                value = decode(channel, message.payload)
                if channel is Channel.ACKS:
                    self._acknowledged(value, message.correlation)
                elif self._file.shadow.work_through(value):
                    self._publish(Channel.REPORTED, self._file.shadow.reported)
        except BadMessage as bad:
            self.faults.note(f"{channel.value}.{bad.kind}", self._clock.now_s())

    def _command(self, message: Message) -> None:
        reply = self._file.commands.receive(message.payload)
        if reply is not None:
            if reply["code"] in ("malformed", "unknown"):
                self.faults.note(f"commands.{reply['code']}", self._clock.now_s())
            self._publish(Channel.REPLIES, reply, correlation=message.correlation)
        self._send_replies()

    def _acknowledged(self, ack: Mapping[str, Any], correlation: bytes | None) -> None:
        self._file.learn_time(ack["time_ms"])
        self.backoff.succeeded()
        self._patience_s = self._settings.answer_s
        self.greeted = True
        self._file.outbox.acknowledge(ack["ids"])
        self._file.outbox.set_aside((each["id"], each["code"]) for each in ack.get("refused", ()))
        if correlation is not None:
            self._on_the_way.pop(correlation, None)
        if ack.get("series") == self._file.outbox.series:
            wanted = [tuple(each) for each in ack.get("missing", ())]
            self._again.extend(each for each in wanted if each not in self._again)

    def _handed(self, event: Handed) -> None:
        reply = self._replies.pop(event.number, None)
        if reply is not None and event.code < 0x80:
            self._file.commands.sent(reply)
        if event.code >= 0x80:
            self.faults.note(f"broker_refused_{event.code}", self._clock.now_s())

    # --------------------------------------------------------------- speaking

    def _tend(self) -> None:
        now_s = self._clock.now_s()
        self._file.commands.run_due()
        self._send_replies()
        if self.greeted:
            self._pump(now_s)
            self._tell_state(now_s)
        elif now_s >= self._knock_s:
            self._knock()

    def _pump(self, now_s: float) -> None:
        if self._on_the_way:
            _, (_, until_s) = next(iter(self._on_the_way.items()))
            if now_s >= until_s:
                log.info("the platform does not answer, knocking again")
                self._start_over()
                self._knock()
                return
        while len(self._on_the_way) < WINDOW:
            batch = self._next_batch()
            if batch is None:
                return
            name = f"{batch.first}-{batch.last}".encode()
            self._on_the_way[name] = (batch, now_s + self._settings.answer_s)
            self._send(
                Message(
                    topic=topic(self._identity.device, Channel.EVENTS),
                    payload=batch.payload,
                    response_topic=topic(self._identity.device, Channel.ACKS),
                    correlation=name,
                )
            )

    def _next_batch(self) -> Batch | None:
        limits = {
            "events": self._settings.batch_events,
            "size_bytes": self._settings.batch_kib * 1024,
        }
        while self._again:
            first, last = self._again.popleft()
            batch = self._file.outbox.next_batch(first - 1, until=last, **limits)
            if batch is not None:
                if batch.last < last:
                    self._again.appendleft((batch.last + 1, last))
                return batch
        batch = self._file.outbox.next_batch(self._cursor, **limits)
        if batch is not None:
            self._cursor = batch.last
        return batch

    def _knock(self) -> None:
        """Say that we are here, and hope to be greeted; less and less often."""
        self.greeted = False
        self._publish_state(self._state_now())
        self._knock_s = self._clock.now_s() + self._patience_s
        self._patience_s = min(
            max(self._settings.retry_longest_s, self._settings.answer_s), self._patience_s * 2
        )

    def _tell_state(self, now_s: float) -> None:
        if now_s - self._state_s < REPORT_EVERY_S:
            return
        self._state_s = now_s
        state = self._state_now()
        told = {key: value for key, value in self._state.items() if key in state}
        # What is counted moves all the time and is no news by itself.
        if {**state, "waiting": 0, "last_seq": 0} != {**told, "waiting": 0, "last_seq": 0}:
            self._publish_state(state)

    def _state_now(self) -> dict[str, Any]:
        return {
            "status": "online",
            "contract": 1,
            "firmware": self._identity.firmware,
            "boot": self._identity.boot,
            **self._file.facts(),
            **self._state_of(),
        }

    def _publish_state(self, state: dict[str, Any]) -> None:
        self._state = state
        self._state_s = self._clock.now_s()
        self._publish(Channel.STATE, state)

    def _send_replies(self) -> None:
        on_the_way = list(self._replies.values())
        for reply in self._file.commands.unsent():
            if reply not in on_the_way:
                number = self._publish(
                    Channel.REPLIES, reply, correlation=str(reply["id"]).encode()
                )
                self._replies[number] = reply

    def _start_over(self) -> None:
        self._cursor = 0
        self._on_the_way.clear()
        self._again.clear()
        self._replies.clear()

    def _publish(
        self, channel: Channel, value: dict[str, Any], *, correlation: bytes | None = None
    ) -> int:
        return self._send(self._message(channel, value, correlation))

    def _send(self, message: Message) -> int:
        return 0 if self._link is None else self._link.publish(message)

    def _message(
        self, channel: Channel, value: dict[str, Any], correlation: bytes | None = None
    ) -> Message:
        return Message(
            topic=topic(self._identity.device, channel),
            payload=encode(value),
            retain=channel in (Channel.STATE, Channel.REPORTED),
            expiry_s=EXPIRY_S.get(channel),
            correlation=correlation,
            user=(("contract", "1"), ("boot", self._identity.boot)),
        )
