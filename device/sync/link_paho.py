"""The line over paho-mqtt 2, MQTT 5. One thread does everything: paho starts none of its own."""

from __future__ import annotations

import contextlib
import ssl
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from contract.topics import CONTENT_TYPE, PAYLOAD_LIMIT_BYTES, SESSION_EXPIRY_S
from device.sync.ports import (
    Connected,
    Handed,
    LinkEvent,
    Lost,
    Message,
    Received,
    Subscribed,
    SyncError,
    Why,
)
from device.sync.settings import SyncSettings

KEEPALIVE_S = 60
CONNECT_TIMEOUT_S = 10.0
_NOT_AUTHORISED = frozenset(
    (0x86, 0x87, 0x8A, 0x8C)
)  # bad password, not authorised, banned, method
_TAKEN_OVER = 0x8E
_LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))


@dataclass(frozen=True, slots=True)
class Place:
    """Where the broker is and how it is spoken to."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    user: str
    password: str | None


def place_of(settings: SyncSettings) -> Place:
    """Read the address, the certificates and the password.

    Raises:
        SyncError: One of them cannot be used; the message says which and what to do.
    """
    parts = urlsplit(settings.address)
    try:
        port = parts.port
    except ValueError as error:
        raise SyncError(f"[sync] address {settings.address!r} has no usable port") from error
    if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname or parts.username:
        raise SyncError(
            f"[sync] address {settings.address!r} is not of the form mqtts://host:8883;"
            " user and password have keys of their own"
        )
    encrypted = parts.scheme == "mqtts"
    if not encrypted and not (parts.hostname in _LOOPBACK or settings.allow_unencrypted):
        raise SyncError(
            "[sync] address is not encrypted and leads to another machine: use mqtts://, or set"
            " allow_unencrypted = true if you accept that everybody on the network can read it"
        )
    return Place(
        host=parts.hostname,
        port=port or (8883 if encrypted else 1883),
        tls=_context(settings) if encrypted else None,
        user=settings.user,
        password=_password(settings),
    )


class PahoLink:
    """`device.sync.ports.Link` over paho.

    Args:
        place: Where the broker is.
        client_id: The device id; the broker pushes an older connection of the same id out.
    """

    def __init__(self, place: Place, client_id: str) -> None:
        self._place = place
        self._events: deque[LinkEvent] = deque()
        self._over = False
        self._accepted = False
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=mqtt.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        if place.user:
            client.username_pw_set(place.user, place.password)
        if place.tls is not None:
            client.tls_set_context(place.tls)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        self._client = client

    def open(self, will: Message) -> None:
        """Connect; blocks for at most the connection's timeout."""
        self._client.will_set(
            will.topic,
            will.payload,
            qos=1,
            retain=will.retain,
            properties=_properties(will, PacketTypes.WILLMESSAGE),
        )
        connect = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own
        connect.SessionExpiryInterval = SESSION_EXPIRY_S
        connect.MaximumPacketSize = PAYLOAD_LIMIT_BYTES + 4096
        connect.ReceiveMaximum = 20
        try:
            self._client.connect(
                self._place.host,
                self._place.port,
                keepalive=KEEPALIVE_S,
                clean_start=False,
                properties=connect,
            )
        except ssl.SSLError:
            self._lose(Why.TLS)
        except (OSError, ValueError):
            self._lose(Why.NETWORK)

    def subscribe(self, topics: tuple[str, ...]) -> None:
        options = SubscribeOptions(qos=1)
        self._client.subscribe([(each, options) for each in topics])

    def publish(self, message: Message) -> int:
        info = self._client.publish(
            message.topic,
            message.payload,
            qos=1,
            retain=message.retain,
            properties=_properties(message, PacketTypes.PUBLISH),
        )
        return info.mid

    def acknowledge(self, received: Received) -> None:
        """Tell the broker that a message has been dealt with."""
        if received.number:  # what came at QoS 0 has none
            self._client.ack(received.number, 1)

    def step(self, timeout_s: float) -> list[LinkEvent]:
        if not self._events and not self._over:
            try:
                code = self._client.loop(timeout_s)
            except ssl.SSLError:
                code = mqtt.MQTT_ERR_CONN_LOST
                self._lose(Why.TLS)
            if code != mqtt.MQTT_ERR_SUCCESS:
                self._lose(Why.CLOSED)
        events = list(self._events)
        self._events.clear()
        return events

    def close(self, goodbye: Message | None = None) -> None:
        if not self._over and self._accepted:
            if goodbye is not None:
                self.publish(goodbye)
            # Zero, a normal goodbye: the broker throws the will away.
            self._client.disconnect(ReasonCode(PacketTypes.DISCONNECT))
            with contextlib.suppress(OSError):
                self._client.loop(0.2)
        self._over = True
        sock = self._client.socket()
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.close()

    # --------------------------------------------------------------- callbacks

    def _on_connect(self, _c: Any, _u: Any, flags: Any, reason: Any, _p: Any) -> None:  # noqa: ANN401
        if not reason.is_failure:
            self._accepted = True
            self._events.append(Connected(flags.session_present))
        else:
            self._lose(Why.AUTH if reason.value in _NOT_AUTHORISED else Why.REFUSED)

    def _on_disconnect(self, _c: Any, _u: Any, _f: Any, reason: Any, _p: Any) -> None:  # noqa: ANN401
        value = getattr(reason, "value", 0)
        if value == _TAKEN_OVER:
            self._lose(Why.TAKEN_OVER)
        else:
            self._lose(Why.AUTH if value in _NOT_AUTHORISED else Why.CLOSED)

    def _on_subscribe(self, _c: Any, _u: Any, _m: int, reasons: Any, _p: Any) -> None:  # noqa: ANN401
        refused = any(reason.is_failure for reason in reasons)
        if refused:
            self._lose(Why.AUTH)
        else:
            self._events.append(Subscribed())

    def _on_message(self, _c: Any, _u: Any, message: mqtt.MQTTMessage) -> None:  # noqa: ANN401
        about = message.properties
        self._events.append(
            Received(
                Message(
                    topic=_text(message),
                    payload=bytes(message.payload),
                    retain=bool(message.retain),
                    correlation=getattr(about, "CorrelationData", None),
                    user=tuple(getattr(about, "UserProperty", ()) or ()),
                ),
                message.mid if message.qos else 0,
            )
        )

    def _on_publish(self, _c: Any, _u: Any, number: int, reason: Any, _p: Any) -> None:  # noqa: ANN401
        self._events.append(Handed(number, getattr(reason, "value", 0)))

    def _lose(self, why: Why) -> None:
        if not self._over:
            self._over = True
            self._events.append(Lost(why))


def _text(message: mqtt.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError:
        return ""


def _properties(message: Message, packet: int) -> Properties:
    properties = Properties(packet)  # type: ignore[no-untyped-call]  # paho's own
    properties.ContentType = CONTENT_TYPE
    properties.PayloadFormatIndicator = 1
    if message.expiry_s is not None:
        properties.MessageExpiryInterval = message.expiry_s
    if message.response_topic is not None:
        properties.ResponseTopic = message.response_topic
    if message.correlation is not None:
        properties.CorrelationData = message.correlation
    if message.user:
        properties.UserProperty = list(message.user)
    return properties


def _context(settings: SyncSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=settings.ca_file or None)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if settings.cert_file:
            context.load_cert_chain(settings.cert_file, settings.key_file or None)
    except (OSError, ssl.SSLError) as error:
        raise SyncError(
            f"[sync] the certificates cannot be used ({type(error).__name__}): check ca_file,"
            " cert_file and key_file, or pair the speaker again"
        ) from error
    return context


def _password(settings: SyncSettings) -> str | None:
    if not settings.password_file:
        return None
    try:
        return Path(settings.password_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SyncError(
            f"[sync] password_file {settings.password_file} cannot be read: make it readable for"
            " the speaker's user"
        ) from error
