"""NetworkManager's numbers and settings, read and written; nothing here talks to anybody.

The numbers are those of its D-Bus types:
https://networkmanager.dev/docs/api/latest/nm-dbus-types.html
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping

from provisioning.wifi.ports import Band, Credentials, Network, Reach, Refusal, Security

DEVICE_ETHERNET, DEVICE_WIFI = 1, 2
STATE_UNAVAILABLE, STATE_DISCONNECTED = 20, 30
STATE_PREPARE, STATE_ACTIVATED, STATE_DEACTIVATING, STATE_FAILED = 40, 100, 110, 120
ACTIVE_ACTIVATED, ACTIVE_DEACTIVATED = 2, 4
MODE_ACCESS_POINT = 3
TO_DISK = 0x1

ADDRESS = "10.42.0.1"
"""Of the speaker in its own access point; also on the label and in `image/files`."""
PREFIX = 24

Settings = dict[str, dict[str, tuple[str, object]]]
"""Group, key, D-Bus signature and value."""

_PRIVACY = 0x1
_PSK, _ENTERPRISE, _SAE, _OWE, _OWE_TM, _SUITE_B = 0x100, 0x200, 0x400, 0x800, 0x1000, 0x2000
_FREQUENCIES_KNOWN, _CAN_LOW, _CAN_HIGH = 0x100, 0x200, 0x400

_REFUSALS = {
    # Reasons of a device's failure. Without an agent to ask for another password, NetworkManager
    # ends with "no secrets" when the access point did not take the one it had.
    7: Refusal.WRONG_PASSWORD,
    8: Refusal.WRONG_PASSWORD,  # the supplicant was put out, which is how WPA3 says it
    9: Refusal.WRONG_PASSWORD,  # its configuration was not possible: a password of a wrong form
    5: Refusal.NO_ADDRESS,
    6: Refusal.NO_ADDRESS,
    15: Refusal.NO_ADDRESS,
    16: Refusal.NO_ADDRESS,
    17: Refusal.NO_ADDRESS,
    10: Refusal.NO_ANSWER,
    11: Refusal.NO_ANSWER,
    53: Refusal.NOT_FOUND,
}

_REACHES = {
    1: Reach.NOWHERE,
    2: Reach.SIGN_IN,
    3: Reach.HOME,
    4: Reach.INTERNET,
}


def refusal(reason: int) -> Refusal:
    """Why joining failed, from the reason of the device's state."""
    return _REFUSALS.get(reason, Refusal.OTHER)


def reach(connectivity: int) -> Reach:
    """How far the network leads."""
    return _REACHES.get(connectivity, Reach.UNKNOWN)


def security(flags: int, wpa: int, rsn: int) -> Security:
    """How an access point is locked, from its three sets of flags."""
    both = wpa | rsn
    if both & _PSK:
        return Security.WPA2
    if both & _SAE:
        return Security.WPA3
    if both & (_ENTERPRISE | _SUITE_B):
        return Security.ENTERPRISE
    if both & _OWE:
        return Security.ENHANCED_OPEN
    if flags & _PRIVACY:
        return Security.WEP
    return Security.OPEN


def band(frequency_mhz: int) -> Band:
    """Where an access point sends; 6 GHz counts as high."""
    return Band.LOW if frequency_mhz < 3000 else Band.HIGH


def radio_bands(capabilities: int) -> frozenset[Band]:
    """What the radio can do; everything where its driver does not say."""
    if not capabilities & _FREQUENCIES_KNOWN:
        return frozenset(Band)
    can = ((_CAN_LOW, Band.LOW), (_CAN_HIGH, Band.HIGH))
    return frozenset(each for bit, each in can if capabilities & bit)


def networks(access_points: Iterable[Mapping[str, object]]) -> tuple[Network, ...]:
    """Access points, as their D-Bus properties say, as networks: strongest first, one a name."""
    found: dict[bytes, Network] = {}
    for each in access_points:
        ssid = bytes(each["Ssid"])  # type: ignore[call-overload]
        if not ssid.strip(b"\0"):
            continue  # a hidden one
        one = Network(
            ssid,
            _number(each, "Strength"),
            security(*(_number(each, key) for key in ("Flags", "WpaFlags", "RsnFlags"))),
            frozenset({band(_number(each, "Frequency"))}),
        )
        known = found.get(ssid)
        found[ssid] = one if known is None else _together(known, one)
    return tuple(sorted(found.values(), key=lambda net: (-net.strength_percent, net.ssid)))


def _together(one: Network, other: Network) -> Network:
    strongest = max(one, other, key=lambda net: net.strength_percent)
    kinds = {one.security, other.security}
    # WPA2's settings reach WPA3 as well; those of WPA3 alone do not reach WPA2.
    kind = Security.WPA2 if Security.WPA2 in kinds else strongest.security
    return Network(one.ssid, strongest.strength_percent, kind, one.bands | other.bands)


def joining(credentials: Credentials) -> Settings:
    """The settings that join a network."""
    wireless: dict[str, tuple[str, object]] = {
        "ssid": ("ay", credentials.ssid),
        "mode": ("s", "infrastructure"),
        "hidden": ("b", credentials.hidden),
    }
    settings: Settings = {
        "connection": {
            "id": ("s", f"myna {credentials.ssid.decode('utf-8', 'replace')}"),
            "uuid": ("s", str(uuid.uuid4())),
            "type": ("s", "802-11-wireless"),
            "autoconnect": ("b", True),
        },
        "802-11-wireless": wireless,
        "ipv4": {"method": ("s", "auto")},
        "ipv6": {"method": ("s", "auto")},
    }
    lock: dict[str, tuple[str, object]] = {}
    match credentials.security:
        case Security.WPA2:
            lock = {"key-mgmt": ("s", "wpa-psk"), "psk": ("s", credentials.password)}
        case Security.WPA3:
            # Protected management frames are WPA3's condition.
            lock = {
                "key-mgmt": ("s", "sae"),
                "psk": ("s", credentials.password),
                "pmf": ("i", 3),
            }
        case Security.ENHANCED_OPEN:
            lock = {"key-mgmt": ("s", "owe")}
        case Security.OPEN:
            pass
        case _:
            raise ValueError(f"no settings for {credentials.security.value}")
    if lock:
        settings["802-11-wireless-security"] = lock
    return settings


def access_point(name: str, password: str) -> Settings:
    """The settings of the own access point: WPA2 with CCMP alone, which every phone knows."""
    return {
        "connection": {
            "id": ("s", "myna-set-up"),
            "uuid": ("s", str(uuid.uuid4())),
            "type": ("s", "802-11-wireless"),
            "autoconnect": ("b", False),
        },
        "802-11-wireless": {
            "ssid": ("ay", name.encode()),
            "mode": ("s", "ap"),
            "band": ("s", "bg"),
        },
        "802-11-wireless-security": {
            "key-mgmt": ("s", "wpa-psk"),
            "proto": ("as", ["rsn"]),
            "pairwise": ("as", ["ccmp"]),
            "group": ("as", ["ccmp"]),
            # Off: several small radios, the Raspberry Pi's among them by report, offer protected
            # management frames as an access point and then fail phones that use them.
            "pmf": ("i", 1),
            "psk": ("s", password),
        },
        "ipv4": {
            "method": ("s", "shared"),
            "address-data": (
                "aa{sv}",
                [{"address": ("s", ADDRESS), "prefix": ("u", PREFIX)}],
            ),
        },
        "ipv6": {"method": ("s", "disabled")},
    }


def _number(values: Mapping[str, object], key: str) -> int:
    value = values.get(key, 0)
    return value if isinstance(value, int) else 0
