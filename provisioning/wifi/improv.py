"""Improv Wi-Fi over Bluetooth LE: the protocol, without a radio (https://www.improv-wifi.com/ble/).

A phone or a computer that knows Improv writes a network's name and password into a characteristic
and watches others for what becomes of it. Nothing is taken before somebody held the button.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Protocol

from provisioning.wifi.ports import Credentials, Refusal, Security, bad_password

_BASE = "00467768-6228-2272-4663-2774782680"
SERVICE = _BASE + "00"
STATE, ERROR, COMMAND, RESULT, CAPABILITIES = (_BASE + f"{n:02}" for n in range(1, 6))
SERVICE_DATA = "00004677-0000-1000-8000-00805f9b34fb"
"""The 16-bit number under which state and capabilities are advertised."""

CAN_IDENTIFY = 0x01
SEND_WIFI, IDENTIFY = 0x01, 0x02
LONGEST = 3 + 255
"""Bytes of a packet: command, length, at most 255 of data, checksum."""


class ImprovState(IntEnum):
    """What a client reads as the current state."""

    AUTHORISATION_NEEDED = 0x01
    AUTHORISED = 0x02
    PROVISIONING = 0x03
    PROVISIONED = 0x04


class ImprovError(IntEnum):
    """What a client reads as the last error."""

    NONE = 0x00
    BAD_PACKET = 0x01
    UNKNOWN_COMMAND = 0x02
    NOT_JOINED = 0x03
    NOT_AUTHORISED = 0x04
    UNKNOWN = 0xFF


class Improv:
    """One speaker's side. Used from one event loop.

    Args:
        join: Begins to join a network; False when something is under way.
        identify: Lets the speaker show which one it is.
        urls: Where a browser goes on once it has worked.
        security: How a network is locked, as far as it was heard; None when it was not.
    """

    def __init__(
        self,
        join: Callable[[Credentials], bool],
        identify: Callable[[], None],
        urls: Callable[[], Iterable[str]],
        security: Callable[[bytes], Security | None] = lambda _ssid: None,
    ) -> None:
        self._join = join
        self._identify = identify
        self._urls = urls
        self._security = security
        self._got = b""
        self._ours = False
        self.state = ImprovState.AUTHORISATION_NEEDED
        self.error = ImprovError.NONE
        self.result = b""
        self.changed: Callable[[str], None] = lambda _characteristic: None
        """Told the UUID of a characteristic whose value has changed."""

    def value(self, characteristic: str) -> bytes:
        """What a client reads."""
        return {
            STATE: bytes([self.state]),
            ERROR: bytes([self.error]),
            RESULT: self.result,
            CAPABILITIES: bytes([CAN_IDENTIFY]),
        }.get(characteristic, b"")

    @property
    def service_data(self) -> bytes:
        """What is advertised: state, capabilities, four bytes for later."""
        return bytes([self.state, CAN_IDENTIFY, 0, 0, 0, 0])

    # ------------------------------------------------------------------ from the speaker

    def authorise(self) -> None:
        """Somebody held the button."""
        if self.state is ImprovState.AUTHORISATION_NEEDED:
            self._is(ImprovState.AUTHORISED)

    def lapse(self) -> None:
        """The time to be set up is over."""
        self._got, self._ours = b"", False
        self._is(ImprovState.AUTHORISATION_NEEDED)

    def finished(self, refused: Refusal | None) -> None:
        """What became of an attempt, whoever made it."""
        ours, self._ours = self._ours, False
        if refused is None:
            urls = [url.encode("ascii") for url in self._urls()] if ours else []
            self._is(ImprovState.PROVISIONED)
            self.result = packet(SEND_WIFI, b"".join(bytes([len(url)]) + url for url in urls))
            self.changed(RESULT)
            return
        if ours:
            self._fails(ImprovError.NOT_JOINED)
        if self.state is ImprovState.PROVISIONING:
            self._is(ImprovState.AUTHORISED)

    # ------------------------------------------------------------------- from the client

    def write(self, data: bytes) -> None:
        """Bytes written to the command; a packet may come in several pieces."""
        self._got += data
        if len(self._got) < 2 or len(self._got) < self._got[1] + 3:
            return
        whole, self._got = self._got, b""
        command, length = whole[0], whole[1]
        if len(whole) != length + 3 or _sum(whole[:-1]) != whole[-1]:
            self._fails(ImprovError.BAD_PACKET)
        elif command == IDENTIFY and length == 0:
            self._fails(ImprovError.NONE)
            self._identify()
        elif command != SEND_WIFI:
            self._fails(ImprovError.UNKNOWN_COMMAND)
        elif self.state is not ImprovState.AUTHORISED:
            self._fails(ImprovError.NOT_AUTHORISED)
        else:
            self._take(whole[2:-1])

    def _take(self, data: bytes) -> None:
        parts = _strings(data)
        if parts is None or len(parts) != 2 or not 1 <= len(parts[0]) <= 32:
            self._fails(ImprovError.BAD_PACKET)
            return
        ssid, password = parts
        heard = self._security(ssid)
        usual = Security.WPA2 if password else Security.OPEN
        wanted = Credentials(
            ssid, password.decode("utf-8", "replace"), heard or usual, hidden=heard is None
        )
        if bad_password(wanted) or not self._join(wanted):
            self._fails(ImprovError.NOT_JOINED)
            return
        self._ours = True
        self._fails(ImprovError.NONE)
        self._is(ImprovState.PROVISIONING)

    def _is(self, state: ImprovState) -> None:
        self.state = state
        self.changed(STATE)

    def _fails(self, error: ImprovError) -> None:
        self.error = error
        self.changed(ERROR)


class Beacon(Protocol):
    """The Bluetooth radio, for Improv. `start` raises `WifiUnavailable` where there is none."""

    async def start(self, improv: Improv, name: str) -> None:
        """Offer the service under a name, until `stop`."""

    async def stop(self) -> None:
        """Offer it no longer. Idempotent."""


def packet(command: int, data: bytes) -> bytes:
    """A packet of the protocol.

    Raises:
        ValueError: More data than a packet takes.
    """
    whole = bytes([command, len(data)]) + data
    return whole + bytes([_sum(whole)])


def _sum(data: bytes) -> int:
    return sum(data) & 0xFF


def _strings(data: bytes) -> list[bytes] | None:
    """Texts with their lengths before them; None when they do not come out even."""
    found = []
    while data:
        length, data = data[0], data[1:]
        if length > len(data):
            return None
        found.append(data[:length])
        data = data[length:]
    return found
