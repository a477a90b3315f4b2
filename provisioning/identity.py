"""Who a box is: what the factory gave it, as a file on its card."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from core.errors import ProvisioningError

FORMAT = 1
FOLDER = "myna"
"""On the card's first partition."""
IDENTITY_FILE, KEY_FILE, CERTIFICATE_FILE = "identity.json", "device.key", "device.crt"
TEST_WANTED_FILE = "bench-test.wanted"
"""Beside them: the first start is a test at the bench (`myna bench-test`)."""

# Crockford's base 32: no I, L, O, U, which are misread on labels.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PASSWORD_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # noqa: S105 - letters to make one from
_SERIAL = re.compile(rf"MY-[{_ALPHABET}]{{4}}-[{_ALPHABET}]{{4}}")
_HOSTNAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_BOARD = re.compile(r"[a-z0-9][a-z0-9-]{0,39}|")
_COUNTRY = re.compile(r"[A-Z]{2}|")
_TIME_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*|")


@dataclass(frozen=True, slots=True)
class WifiAccess:
    """A network to join at first boot."""

    ssid: str
    password: str = field(repr=False)
    country: str = ""


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """What makes a box this box.

    Attributes:
        serial: ``MY-XXXX-XXXX``; the last letter is a check digit.
        hostname: On the network, without a domain.
        setup_password: Of the access point that the box opens to be set up, 8 to 63 letters.
        board: The board profile's name; empty lets the box find out.
        time_zone: ``Europe/Berlin``; empty is UTC.
        wifi: A network to join without being set up.
    """

    serial: str
    hostname: str
    setup_password: str = field(repr=False)
    board: str = ""
    time_zone: str = ""
    wifi: WifiAccess | None = None

    @property
    def setup_ssid(self) -> str:
        """The name of the access point that the box opens to be set up."""
        return f"Myna-{self.serial[-4:]}"

    def to_json(self) -> str:
        """The file's contents, ending in a line feed."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"

    def public(self) -> DeviceIdentity:
        """The same without anything secret."""
        return replace(self, setup_password="", wifi=None)


def new_identity(*, board: str = "") -> DeviceIdentity:
    """An identity made on the spot; two are alike once in 34 thousand million."""
    serial = _with_check("".join(secrets.choice(_ALPHABET) for _ in range(7)))
    return DeviceIdentity(
        serial=serial,
        hostname=hostname_for(serial),
        setup_password=new_setup_password(),
        board=board,
    )


def hostname_for(serial: str) -> str:
    """The name on the network that goes with a serial number."""
    return f"myna-{serial.removeprefix('MY-').replace('-', '').lower()}"


def new_setup_password() -> str:
    """Ten letters that are easy to read and type, 49 bits."""
    return "".join(secrets.choice(_PASSWORD_LETTERS) for _ in range(10))


def parse_identity(text: str) -> DeviceIdentity:
    """An identity from its file.

    Raises:
        ProvisioningError: It is none, or of a later format.
    """
    try:
        value: dict[str, Any] = json.loads(text)
        if value.pop("format") != FORMAT:
            raise ProvisioningError("the identity is of a later format; update this firmware")
        wifi = value.pop("wifi")
        return DeviceIdentity(**value, wifi=None if wifi is None else WifiAccess(**wifi))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProvisioningError("the identity cannot be read; flash the card again") from error


def problems(identity: DeviceIdentity) -> list[str]:
    """What is wrong with an identity, each as ``field: sentence``; secrets are not repeated."""
    wifi = identity.wifi
    checks = [
        (is_serial(identity.serial), "serial: takes MY-XXXX-XXXX with a right last letter"),
        (_HOSTNAME.fullmatch(identity.hostname), "hostname: takes a to z, 0 to 9 and hyphens"),
        (_is_wpa(identity.setup_password), "setup_password: takes 8 to 63 plain letters"),
        (_BOARD.fullmatch(identity.board), "board: takes a board profile's name"),
        (_TIME_ZONE.fullmatch(identity.time_zone), "time_zone: takes a name like Europe/Berlin"),
        (wifi is None or 1 <= len(wifi.ssid.encode()) <= 32, "wifi_ssid: takes 1 to 32 bytes"),
        (
            wifi is None or not wifi.password or _is_wpa(wifi.password),
            "wifi_password: takes 8 to 63 plain letters",
        ),
        (
            wifi is None or _COUNTRY.fullmatch(wifi.country),
            "wifi_country: takes two letters like DE",
        ),
    ]
    return [sentence for good, sentence in checks if not good]


def is_serial(text: str) -> bool:
    """Whether a text is a serial number with a right check digit."""
    return bool(_SERIAL.fullmatch(text)) and text == _with_check(text[3:].replace("-", "")[:7])


def _is_wpa(password: str) -> bool:
    return 8 <= len(password) <= 63 and password.isascii() and password.isprintable()


def _with_check(seven: str) -> str:
    """A serial from seven letters: weights that are odd notice any one wrong letter."""
    total = sum((2 * at + 1) * _ALPHABET.index(letter) for at, letter in enumerate(seven))
    eight = seven + _ALPHABET[total % len(_ALPHABET)]
    return f"MY-{eight[:4]}-{eight[4:]}"
