"""What a speaker needs of its Wi-Fi: look around, join, open an access point, say how it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from core.errors import ProvisioningError


class WifiUnavailable(ProvisioningError):
    """There is no radio, or nobody who would work it."""

    default_code = "provisioning.no_wifi"
    default_retryable = True


class Security(Enum):
    """How a network is locked, as far as a person who joins has to know."""

    OPEN = "open"
    """No password. Encrypted all the same where both sides can (OWE)."""
    ENHANCED_OPEN = "owe"
    WEP = "wep"
    """So old that nothing joins it any more."""
    WPA2 = "wpa2"
    """One password; WPA, WPA2, or WPA2 beside WPA3."""
    WPA3 = "wpa3"
    """One password, WPA3 alone."""
    ENTERPRISE = "enterprise"
    """A name and a password or a certificate for each person: schools, offices."""

    @property
    def takes_password(self) -> bool:
        """Whether one password opens it."""
        return self in (Security.WPA2, Security.WPA3)


class Band(Enum):
    """Frequencies, in GHz."""

    LOW = "2.4"
    HIGH = "5"


class Obstacle(Enum):
    """Why a network that is there cannot be joined, whatever the password."""

    ENTERPRISE = "enterprise"
    TOO_OLD = "too_old"
    ONLY_HIGH_BAND = "only_high_band"


class Refusal(Enum):
    """Why joining failed."""

    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a reason
    NOT_FOUND = "not_found"
    NO_ADDRESS = "no_address"
    """The network let us in and gave no address."""
    NO_ANSWER = "no_answer"
    OTHER = "other"


class Link(Enum):
    """What the radio does."""

    NO_RADIO = "no_radio"
    OFF = "off"
    ALONE = "alone"
    JOINING = "joining"
    JOINED = "joined"
    ACCESS_POINT = "access_point"


class Reach(Enum):
    """How far the network leads, as far as the system has found out."""

    UNKNOWN = "unknown"
    NOWHERE = "nowhere"
    SIGN_IN = "sign_in"
    """A page of the network's own wants something first: a hotel, a school."""
    HOME = "home"
    INTERNET = "internet"


@dataclass(frozen=True, slots=True)
class Network:
    """One network on the air, all its access points together.

    Attributes:
        ssid: 1 to 32 bytes; nearly always UTF-8, but nobody has to.
        strength_percent: Of its strongest access point, 0..100.
        bands: On which it was heard.
    """

    ssid: bytes
    strength_percent: int
    security: Security
    bands: frozenset[Band]

    @property
    def name(self) -> str:
        """For people."""
        return shown(self.ssid)

    def obstacle(self, radio: frozenset[Band]) -> Obstacle | None:
        """Why it cannot be joined by a radio of these bands; None when it can."""
        if self.security is Security.ENTERPRISE:
            return Obstacle.ENTERPRISE
        if self.security is Security.WEP:
            return Obstacle.TOO_OLD
        if not self.bands & radio:
            return Obstacle.ONLY_HIGH_BAND
        return None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What it takes to join a network.

    Attributes:
        password: Empty for an open one.
        hidden: It does not tell its name and has to be asked for.
    """

    ssid: bytes
    password: str = field(default="", repr=False)
    security: Security = Security.WPA2
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class WifiState:
    """How things stand.

    Attributes:
        name: Of the network that is joined, or of the own access point.
        addresses: On it.
        wired: A cable leads to a network.
        bands: What the radio can do.
    """

    link: Link
    name: str = ""
    strength_percent: int = 0
    addresses: tuple[str, ...] = ()
    reach: Reach = Reach.UNKNOWN
    wired: bool = False
    bands: frozenset[Band] = frozenset()


@dataclass(frozen=True, slots=True)
class SavedNetwork:
    """A network that is joined again by itself.

    Attributes:
        id: For `Wifi.forget`.
    """

    id: str
    ssid: bytes

    @property
    def name(self) -> str:
        """For people."""
        return shown(self.ssid)


class Wifi(Protocol):
    """The radio. Used from one event loop; methods raise `WifiUnavailable` where it is gone."""

    async def state(self) -> WifiState:
        """How things stand; never raises for a missing radio, which is a state."""

    async def scan(self) -> tuple[Network, ...]:
        """Look around, a few seconds; strongest first, one for each name."""

    async def join(self, credentials: Credentials) -> Refusal | None:
        """Join, and keep the network when that worked.

        Closes the own access point. What was kept before stays kept; only an older entry of the
        same name gives way, and only once the new one is proven.

        Returns:
            None when joined; otherwise why not, with nothing new kept and the radio alone.
        """

    async def go_back(self) -> bool:
        """Join again what was joined before; whether there was something and it worked."""

    async def open_access_point(self, name: str, password: str) -> None:
        """Open the own access point, WPA2, with addresses and names given to whoever joins."""

    async def close_access_point(self) -> None:
        """Close it, and go back to what was joined before. Idempotent."""

    async def saved(self) -> tuple[SavedNetwork, ...]:
        """What is kept, by name."""

    async def forget(self, network: str) -> None:
        """Keep a network no longer; nothing happens when there is none of that id."""

    async def close(self) -> None:
        """Let go of the radio's service; networks and access point stay as they are. Idempotent."""


def shown(ssid: bytes) -> str:
    """A network's name for people: UTF-8, else what older Chinese routers use, else with marks."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return "".join(
                c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in ssid.decode(encoding)
            )
        except UnicodeDecodeError:
            continue
    return ssid.decode("utf-8", "replace")


def bad_password(credentials: Credentials) -> bool:
    """Whether no network of that kind could have this password: 8 to 63 plain characters, or 64
    hexadecimal digits (IEEE 802.11, J.4.1); WPA3 takes any length but nothing that people type
    outside it."""
    if not credentials.security.takes_password:
        return False
    password = credentials.password
    if len(password) == 64:
        return any(digit not in "0123456789abcdefABCDEF" for digit in password)
    return not (8 <= len(password) <= 63 and password.isascii() and password.isprintable())
