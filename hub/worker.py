"""An ingest worker: keeps nothing of its own, so any number of them may share the load.

Messages come by a shared subscription over a persistent session. A message is acknowledged to the
broker only when the store has committed it: a worker killed at any instruction loses nothing, and
what comes again is dropped by its id. Whatever came in one round is committed together.
"""

from __future__ import annotations

import logging
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from contract.faults import Faults
from contract.messages import BadMessage, decode, encode
from contract.topics import (
    CONTENT_TYPE,
    EXPIRY_S,
    FROM_SPEAKER,
    PAYLOAD_LIMIT_BYTES,
    SESSION_EXPIRY_S,
    Channel,
    every,
    parse,
    topic,
)
from hub import ingest, outgoing
from hub.settings import HubError, HubSettings

log = logging.getLogger(__name__)

ROUND_S = 0.5
"""How long one round waits for messages; also how often commands are looked for."""
TOGETHER = 200
"""Messages on their way to a worker at one time, and so in one transaction."""
PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message, not yet acknowledged to the broker (`number` 0: needs none)."""

    device: str
    channel: Channel
    payload: bytes
    correlation: bytes | None
    number: int


class IngestWorker:
    """Takes messages from the broker into the store, in one thread.

    Args:
        settings: The hub's.
        engine: The store, up to date.

    Raises:
        HubError: The broker's address or certificates cannot be used.
    """

    def __init__(self, settings: HubSettings, engine: Engine) -> None:
        self._settings = settings
        self._engine = engine
        self._tls = tls_context(settings)
        self._faults = Faults(log, "message refused")
        self._arrived: list[Arrived] = []
        self._client: mqtt.Client | None = None
        self._up = False

    def run(self, stopping: threading.Event) -> None:
        """Work until told to stop; connects again whenever the broker was away."""
        while not stopping.is_set():
            try:
                self._connect()
                while not stopping.is_set() and self._round():
                    pass
            except (OSError, ssl.SSLError) as error:
                log.warning("no connection to the broker error=%s", type(error).__name__)
            finally:
                self._disconnect()
            stopping.wait(PAUSE_S)

    def _connect(self) -> None:
        parts = urlsplit(self._settings.broker)
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"hub-{self._settings.worker or 'ingest-1'}",
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        if self._tls is not None:
            client.tls_set_context(self._tls)
        if self._settings.broker_user:
            client.username_pw_set(self._settings.broker_user, self._settings.broker_password)
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.max_inflight_messages_set(TOGETHER)
        connect = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own
        connect.SessionExpiryInterval = SESSION_EXPIRY_S
        connect.ReceiveMaximum = TOGETHER
        connect.MaximumPacketSize = PAYLOAD_LIMIT_BYTES + 4096
        self._arrived.clear()
        self._up = False
        self._client = client
        client.connect(
            parts.hostname or "",
            parts.port or (8883 if self._tls else 1883),
            clean_start=False,
            properties=connect,
        )

    def _disconnect(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.disconnect()
            sock = client.socket()
            if sock is not None:
                sock.close()

    def _round(self) -> bool:
        """Take what has come, store it in one transaction, acknowledge; False: start anew."""
        client = self._client
        if client is None:
            return False
        if client.loop(ROUND_S) != mqtt.MQTT_ERR_SUCCESS:
            return False
        # What else is there already shares the transaction.
        while len(self._arrived) < TOGETHER:
            before = len(self._arrived)
            if client.loop(0.0) != mqtt.MQTT_ERR_SUCCESS:
                return False
            if len(self._arrived) == before:
                break
        arrived, self._arrived = self._arrived, []
        try:
            for message in self._work(arrived):
                self._publish(client, *message)
            if self._up:
                for name, payload, expiry_s, retain in outgoing.due(self._engine):
                    self._publish(client, name, payload, None, expiry_s=expiry_s, retain=retain)
        except SQLAlchemyError as error:
            # Nothing was acknowledged, so all of it comes again on the next connection.
            log.warning("the store refused error=%s", type(error).__name__)
            return False
        for each in arrived:
            if each.number:
                client.ack(each.number, 1)
        return True

    def _work(self, arrived: list[Arrived]) -> list[tuple[str, bytes, bytes | None]]:
        """Store a round's messages; returns the acknowledgements to send."""
        said = []
        batches: list[tuple[Arrived, str, list[Any]]] = []
        for each in arrived:
            try:
                if each.channel is Channel.EVENTS:
                    batches.append((each, *ingest.read_batch(each.payload)))
                elif each.payload:
                    greeting = self._other(each)
                    if greeting is not None:
                        said.append(greeting)
            except BadMessage as bad:
                self._faults.note(f"{each.channel.value}.{bad.kind}", time.monotonic())
        if batches:
            with self._engine.begin() as connection:
                outcomes = [
                    (each, ingest.store(self._engine, connection, each.device, series, events))
                    # In one order, or two workers may wait for each other's rows.
                    for each, series, events in sorted(batches, key=lambda one: one[0].device)
                ]
            for each, outcome in outcomes:
                for _ in outcome.refused:
                    self._faults.note("event.off_schema", time.monotonic())
                payload = encode(outcome.message())
                said.append((topic(each.device, Channel.ACKS), payload, each.correlation))
        return said

    def _other(self, each: Arrived) -> tuple[str, bytes, bytes | None] | None:
        value = decode(each.channel, each.payload)
        if each.channel is Channel.STATE:
            outcome = ingest.see_state(self._engine, each.device, value)
            if value["status"] == "online":
                return topic(each.device, Channel.ACKS), encode(outcome.message()), None
        elif each.channel is Channel.REPORTED:
            ingest.see_reported(self._engine, each.device, value)
        else:
            ingest.see_reply(self._engine, each.device, value)
        return None

    def _publish(
        self,
        client: mqtt.Client,
        name: str,
        payload: bytes,
        correlation: bytes | None,
        *,
        expiry_s: int | None = EXPIRY_S[Channel.ACKS],
        retain: bool = False,
    ) -> None:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's own
        properties.ContentType = CONTENT_TYPE
        properties.PayloadFormatIndicator = 1
        if expiry_s is not None:
            properties.MessageExpiryInterval = expiry_s
        if correlation is not None:
            properties.CorrelationData = correlation
        client.publish(name, payload, qos=1, retain=retain, properties=properties)

    def _on_connect(self, client: mqtt.Client, _u: Any, _f: Any, reason: Any, _p: Any) -> None:  # noqa: ANN401
        if reason.is_failure:
            log.error("the broker refuses the hub code=%d", reason.value)
            return
        self._up = True
        options = SubscribeOptions(qos=1)
        client.subscribe(
            [(every(each, group=self._settings.share), options) for each in FROM_SPEAKER]
        )
        log.info("worker connected name=%s", self._settings.worker or "ingest-1")

    def _on_message(self, _c: Any, _u: Any, message: mqtt.MQTTMessage) -> None:  # noqa: ANN401
        number = message.mid if message.qos else 0
        try:
            place = parse(message.topic)
        except UnicodeDecodeError:
            place = None
        if place is None or place[1] not in FROM_SPEAKER:
            self._faults.note("topic", time.monotonic())
            if number and self._client is not None:
                self._client.ack(number, 1)
            return
        correlation = getattr(message.properties, "CorrelationData", None)
        self._arrived.append(
            Arrived(place[0], place[1], bytes(message.payload), correlation, number)
        )

    def _on_publish(self, _c: Any, _u: Any, _n: int, reason: Any, _p: Any) -> None:  # noqa: ANN401
        if getattr(reason, "value", 0) >= 0x80:
            self._faults.note(f"broker_refused_{reason.value}", time.monotonic())


def tls_context(settings: HubSettings) -> ssl.SSLContext | None:
    """How the hub speaks with its broker; None without encryption.

    Raises:
        HubError: Address or certificates cannot be used.
    """
    parts = urlsplit(settings.broker)
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
        raise HubError("HUB_BROKER must be of the form mqtts://host:8883")
    if parts.scheme == "mqtt":
        return None
    try:
        context = ssl.create_default_context(cafile=settings.broker_ca or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.broker_cert:
            context.load_cert_chain(settings.broker_cert, settings.broker_key or None)
    except (OSError, ssl.SSLError) as error:
        raise HubError("HUB_BROKER_CA, _CERT or _KEY cannot be used: check the files") from error
    return context
