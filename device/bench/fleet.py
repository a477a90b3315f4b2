"""Many speakers in one process, as far as a platform can tell: connections, births, batches, acks.

Each has a connection of its own over paho, its own pauses before it connects again, and sends what
it has until it is acknowledged. There is no file behind it: what a real one costs is measured with
a real one.
"""

from __future__ import annotations

import random
import selectors
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from contract.messages import encode, parse
from contract.topics import SESSION_EXPIRY_S, TO_SPEAKER, Channel, topic
from device.ids import IdSource
from device.sync.backoff import Backoff
from device.sync.ports import Why
from device.sync.statements import statement

RETRY_S, RETRY_LONGEST_S = 1.0, 60.0
LOOK_AT_ALL_S = 5.0
"""How often keepalives are looked after."""
BASE = "https://xapi.myna.example"


@dataclass(slots=True)
class Tally:
    """What the fleet has seen.

    Attributes:
        latencies_s: From publishing a batch to the platform's word that it is stored.
        stored: Events acknowledged.
        bytes: Payload of what was published.
    """

    latencies_s: list[float] = field(default_factory=list)
    stored: int = 0
    bytes: int = 0


class SimulatedSpeaker:
    """One connection and what is on its way.

    Args:
        number: Names it.
        port: Of the broker, on loopback.
        tally: Shared by the fleet.
        ids: As above.
        chance: Pauses.
    """

    def __init__(
        self, number: int, port: int, tally: Tally, ids: IdSource, chance: random.Random
    ) -> None:
        self.device = f"fleet-{number:05d}"
        self.backoff = Backoff(RETRY_S, RETRY_LONGEST_S, chance)
        self.retry_s = 0.0
        self.greeted = False
        self._port = port
        self._tally = tally
        self._ids = ids
        self._series = f"{number:032x}"
        self._child = str(ids.make())
        self._seq = 0
        self._waiting: deque[tuple[int, bytes, float]] = deque()
        self.client: mqtt.Client | None = None

    @property
    def under_way(self) -> int:
        """Batches without an acknowledgement."""
        return len(self._waiting)

    def connect(self, now_s: float) -> bool:
        """Try; False means that it is tried again after a pause."""
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.device,
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
        )
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.will_set(self._topic(Channel.STATE), b'{"status":"offline","contract":1}', 1, True)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        try:
            client.connect("127.0.0.1", self._port, clean_start=False, properties=properties)
        except OSError:
            self.lost(now_s)
            return False
        self.client = client
        return True

    def lost(self, now_s: float) -> None:
        """There is no connection (any more)."""
        self.client = None
        self.greeted = False
        self.retry_s = now_s + self.backoff.pause_s(Why.NETWORK, now_s)

    def practise(self, events: int) -> None:
        """Send one batch of attempts."""
        made = [self._attempt() for _ in range(events)]
        payload = encode({"series": self._series, "events": made})
        self._waiting.append((events, payload, time.monotonic()))
        self._publish_batch(len(self._waiting) - 1)

    def _attempt(self) -> dict[str, Any]:
        self._seq += 1
        event_id = str(self._ids.make())
        facts = {
            "session": self._child,
            "pack": "starter",
            "item": "greetings/hello",
            "verdict": "right",
            "try_number": 1,
            "confidence": 0.91,
            "duration_s": 1.25,
        }
        wall_ms = time.time_ns() // 1_000_000
        return {
            "seq": self._seq,
            "id": event_id,
            "kind": "learning",
            "boot": "7a1f6c9e-4a5d-4f0b-9d2b-1b1f0f6f2a11",
            "mono_s": time.monotonic(),
            "clock": "set",
            "statement": statement("attempt", event_id, self._child, wall_ms, facts, iri_base=BASE),
        }

    def _publish_batch(self, place: int) -> None:
        _, payload, began_s = self._waiting[place]
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's own
        properties.CorrelationData = repr(began_s).encode()
        self._tally.bytes += len(payload)
        if self.client is not None:
            self.client.publish(self._topic(Channel.EVENTS), payload, 1, properties=properties)

    def _on_connect(self, client: mqtt.Client, _u: Any, _f: Any, reason: Any, _p: Any) -> None:  # noqa: ANN401 - paho's
        if not reason.is_failure:
            client.subscribe([(self._topic(each), 1) for each in TO_SPEAKER])

    def _on_subscribe(self, client: mqtt.Client, *_: Any) -> None:  # noqa: ANN401 - paho's
        birth = {"status": "online", "contract": 1, "series": self._series, "last_seq": self._seq}
        client.publish(self._topic(Channel.STATE), encode(birth), 1, retain=True)

    def _on_message(self, _c: Any, _u: Any, message: mqtt.MQTTMessage) -> None:  # noqa: ANN401 - paho's
        if not message.topic.endswith(Channel.ACKS.value):
            return
        if not self.greeted:
            self.greeted = True
            self.backoff.succeeded()
            for place in range(len(self._waiting)):
                self._publish_batch(place)
        correlation = getattr(message.properties, "CorrelationData", None)
        for place, (events, _, began_s) in enumerate(self._waiting):
            if correlation == repr(began_s).encode():
                stored = len(parse(bytes(message.payload))["ids"])
                if stored != events:
                    raise RuntimeError(f"{stored} of {events} events were stored")
                self._tally.stored += stored
                self._tally.latencies_s.append(time.monotonic() - began_s)
                del self._waiting[place]
                return

    def _topic(self, channel: Channel) -> str:
        return topic(self.device, channel)


class Fleet:
    """All speakers, moved by one thread; a context manager that lets go of them.

    Args:
        count: How many.
        port: Of the broker, on loopback.
        seed: Of their pauses.
    """

    def __init__(self, count: int, port: int, seed: int) -> None:
        ids = IdSource()
        chance = random.Random(seed)  # noqa: S311 - spreads load, guards nothing
        self.tally = Tally()
        self.speakers: Sequence[SimulatedSpeaker] = [
            SimulatedSpeaker(n, port, self.tally, ids, chance) for n in range(count)
        ]
        self._selector = selectors.DefaultSelector()
        self._sockets: dict[SimulatedSpeaker, Any] = {}
        self._look_s = 0.0

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, *exc: object) -> None:
        for speaker in list(self._sockets):
            self._let_go(speaker)
        self._selector.close()

    @property
    def greeted(self) -> int:
        """Speakers that the platform answers."""
        return sum(speaker.greeted for speaker in self.speakers)

    def step(self, timeout_s: float) -> None:
        """Connect whoever is due, and take in what has come."""
        now_s = time.monotonic()
        for speaker in self.speakers:
            if speaker.client is None and now_s >= speaker.retry_s:
                self._connect(speaker, now_s)
        for key, _ in self._selector.select(timeout_s):
            self._move(key.data)
        if now_s >= self._look_s:
            self._look_s = now_s + LOOK_AT_ALL_S
            for speaker in list(self._sockets):
                if speaker.client is not None:
                    speaker.client.loop_misc()

    def _connect(self, speaker: SimulatedSpeaker, now_s: float) -> None:
        if speaker.connect(now_s) and speaker.client is not None:
            self._sockets[speaker] = speaker.client.socket()
            self._selector.register(self._sockets[speaker], selectors.EVENT_READ, speaker)

    def _move(self, speaker: SimulatedSpeaker) -> None:
        client = speaker.client
        if client is None:
            return
        code = client.loop_read()
        while code == mqtt.MQTT_ERR_SUCCESS and client.want_write():
            code = client.loop_write()
        if code != mqtt.MQTT_ERR_SUCCESS:
            self._let_go(speaker)
            speaker.lost(time.monotonic())

    def _let_go(self, speaker: SimulatedSpeaker) -> None:
        sock = self._sockets.pop(speaker)
        self._selector.unregister(sock)
        sock.close()
