"""A radio without a radio: the air is a list of networks, and joining takes the right password."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from provisioning.wifi.ports import (
    Band,
    Credentials,
    Link,
    Network,
    Reach,
    Refusal,
    SavedNetwork,
    Security,
    WifiState,
    WifiUnavailable,
)

OWN_ADDRESS, HOME_ADDRESS = "10.42.0.1", "192.168.1.20"


@dataclass(frozen=True, slots=True)
class OnAir:
    """A network within reach.

    Attributes:
        password: The right one.
        hidden: Not seen by looking around; let in when asked for by name and as hidden.
        gives_address: Whether it answers who asks for an address.
        answers: Whether its access point answers at all; one at the edge of reach does not.
    """

    ssid: bytes
    password: str = field(default="", repr=False)
    security: Security = Security.WPA2
    strength_percent: int = 70
    bands: frozenset[Band] = frozenset({Band.LOW})
    hidden: bool = False
    gives_address: bool = True
    answers: bool = True


@dataclass
class Air:
    """Everything around a radio, which a test may change at any time.

    Attributes:
        saved: Names of networks that are kept at the start, with their right passwords; the first
            one is joined.
        radio: What the radio can do; empty where there is none.
        off: The radio is switched off at the start.
        wired: A cable leads to a network.
        obeys: Whether the system lets us work the radio.
    """

    networks: list[OnAir] = field(default_factory=list)
    saved: tuple[bytes, ...] = ()
    radio: frozenset[Band] = frozenset({Band.LOW})
    off: bool = False
    wired: bool = False
    obeys: bool = True


class FakeWifi:
    """Honours `Wifi` as the adapter does; the same tests run on both.

    Args:
        air: What is around.
    """

    def __init__(self, air: Air) -> None:
        self.air = air
        self._kept: dict[bytes, OnAir] = {
            each.ssid: each for each in air.networks if each.ssid in air.saved
        }
        self._link = Link.ALONE if air.radio else Link.NO_RADIO
        self._name = b""
        self._before: bytes | None = None
        self.access_points: list[tuple[str, str]] = []
        """Name and password of each that was opened, in order."""
        self.tries: list[Credentials] = []
        if air.off and air.radio:
            self._link = Link.OFF
        elif air.saved and air.radio:
            self._link, self._name = Link.JOINED, air.saved[0]

    async def state(self) -> WifiState:
        air = self.air
        reach = Reach.INTERNET if air.wired or self._link is Link.JOINED else Reach.NOWHERE
        state = WifiState(self._link, wired=air.wired, bands=air.radio, reach=reach)
        if self._link is Link.ACCESS_POINT:
            return replace(state, name=self._name.decode(), addresses=(OWN_ADDRESS,))
        if self._link is Link.JOINED:
            here = self._on_air(self._name)
            strength = here.strength_percent if here else 0
            name = Network(self._name, 0, Security.OPEN, air.radio).name
            return replace(state, name=name, strength_percent=strength, addresses=(HOME_ADDRESS,))
        return state

    async def scan(self) -> tuple[Network, ...]:
        self._radio()
        self._switch_on()
        seen = [
            Network(each.ssid, each.strength_percent, each.security, each.bands)
            for each in self.air.networks
            if not each.hidden and each.answers
        ]
        return tuple(sorted(seen, key=lambda net: (-net.strength_percent, net.ssid)))

    async def join(self, credentials: Credentials) -> Refusal | None:
        if credentials.security in (Security.WEP, Security.ENTERPRISE):
            return Refusal.OTHER
        self._radio()
        self._remember()
        self.tries.append(credentials)
        self._link, self._name = Link.ALONE, b""
        refused = self._refused(credentials)
        if refused is not None:
            return refused
        there = self._on_air(credentials.ssid)
        if there is not None:
            self._kept[credentials.ssid] = there
        self._link, self._name = Link.JOINED, credentials.ssid
        self._before = credentials.ssid
        return None

    async def go_back(self) -> bool:
        self._radio()
        if self._before is None or self._before not in self._kept:
            return False
        there = self._on_air(self._before)
        if there is None or there.password != self._kept[self._before].password:
            return False
        self._link, self._name = Link.JOINED, self._before
        return True

    async def open_access_point(self, name: str, password: str) -> None:
        self._radio()
        self._remember()
        self._link, self._name = Link.ACCESS_POINT, name.encode()
        self.access_points.append((name, password))

    async def close_access_point(self) -> None:
        self._radio()
        if self._link is Link.ACCESS_POINT:
            self._link, self._name = Link.ALONE, b""
            await self.go_back()

    async def saved(self) -> tuple[SavedNetwork, ...]:
        self._obeyed()
        return tuple(SavedNetwork(ssid.hex(), ssid) for ssid in sorted(self._kept))

    async def forget(self, network: str) -> None:
        self._obeyed()
        self._kept.pop(bytes.fromhex(network), None)

    async def close(self) -> None:
        """Nothing is held."""

    def _refused(self, credentials: Credentials) -> Refusal | None:
        there = self._on_air(credentials.ssid)
        if there is None or (there.hidden and not credentials.hidden):
            return Refusal.NOT_FOUND
        if not there.bands & self.air.radio:
            return Refusal.NOT_FOUND
        if not there.answers:
            return Refusal.NO_ANSWER
        if there.password != credentials.password:
            return Refusal.WRONG_PASSWORD
        return None if there.gives_address else Refusal.NO_ADDRESS

    def _on_air(self, ssid: bytes) -> OnAir | None:
        return next((each for each in self.air.networks if each.ssid == ssid), None)

    def _remember(self) -> None:
        if self._link is Link.JOINED:
            self._before = self._name

    def _obeyed(self) -> None:
        if not self.air.obeys:
            raise WifiUnavailable("NetworkManager does not obey this user", retryable=False)

    def _radio(self) -> None:
        self._obeyed()
        if self._link is Link.NO_RADIO:
            raise WifiUnavailable("there is no Wi-Fi radio here; use a cable", retryable=False)

    def _switch_on(self) -> None:
        if self._link is Link.OFF:
            self._link = Link.ALONE
