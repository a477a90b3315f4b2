"""NetworkManager's numbers and settings; its own library is asked whether it would take them."""

from __future__ import annotations

import json
import subprocess

import pytest

from provisioning.wifi import nm_values as nm
from provisioning.wifi.ports import Band, Credentials, Reach, Refusal, Security, shown
from tests.provisioning.wifi.mockbus import PYTHON

LIBNM = "import gi; gi.require_version('NM', '1.0'); from gi.repository import NM"


def has_libnm() -> bool:
    try:
        tried = subprocess.run([PYTHON, "-c", LIBNM], capture_output=True, check=False)
    except OSError:
        return False
    return tried.returncode == 0


CHECK = (
    LIBNM
    + """
import json, sys
from gi.repository import GLib

def variant(signature, value):
    if signature == "ay":
        return GLib.Variant("ay", bytes.fromhex(value))
    if signature == "aa{sv}":
        inner = [{k: variant(*v) for k, v in each.items()} for each in value]
        return GLib.Variant(signature, inner)
    return GLib.Variant(signature, value)

groups = json.load(sys.stdin)
told = {name: {k: variant(*v) for k, v in group.items()} for name, group in groups.items()}
connection = NM.SimpleConnection.new_from_dbus(GLib.Variant("a{sa{sv}}", told))
connection.normalize()
connection.verify()
connection.verify_secrets()
wireless = connection.get_setting_wireless()
lock = connection.get_setting_wireless_security()
print(json.dumps({
    "mode": wireless.get_mode(),
    "ssid": wireless.get_ssid().get_data().hex(),
    "key": lock.get_key_mgmt() if lock else None,
    "method": connection.get_setting_ip4_config().get_method(),
    "addresses": [connection.get_setting_ip4_config().get_address(n).get_address()
                  for n in range(connection.get_setting_ip4_config().get_num_addresses())],
}))
"""
)


def taken(settings: nm.Settings) -> dict[str, object]:
    """What NetworkManager's own library makes of settings; fails where it would refuse them."""
    plain = {
        name: {
            key: (signature, value.hex() if isinstance(value, bytes) else value)
            for key, (signature, value) in group.items()
        }
        for name, group in settings.items()
    }
    found = subprocess.run(
        [PYTHON, "-c", CHECK], input=json.dumps(plain), capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr[-600:]
    told: dict[str, object] = json.loads(found.stdout)
    return told


needs_libnm = pytest.mark.skipif(not has_libnm(), reason="gir1.2-nm-1.0 is not installed")


@needs_libnm
@pytest.mark.parametrize(
    ("security", "key"),
    [
        (Security.WPA2, "wpa-psk"),
        (Security.WPA3, "sae"),
        (Security.ENHANCED_OPEN, "owe"),
        (Security.OPEN, None),
    ],
)
def test_networkmanager_would_take_what_joins(security: Security, key: str | None) -> None:
    ssid = "客厅".encode("gbk")
    made = taken(nm.joining(Credentials(ssid, "correct horse", security, hidden=True)))
    assert (made["mode"], made["ssid"], made["key"], made["method"]) == (
        *("infrastructure", ssid.hex(), key, "auto"),
    )


@needs_libnm
def test_networkmanager_would_take_the_access_point() -> None:
    made = taken(nm.access_point("Myna-7Q2K", "label words"))
    assert (made["mode"], bytes.fromhex(str(made["ssid"]))) == ("ap", b"Myna-7Q2K")
    assert (made["key"], made["method"], made["addresses"]) == (
        *("wpa-psk", "shared", [nm.ADDRESS]),
    )


@needs_libnm
def test_it_would_refuse_what_is_wrong() -> None:
    settings = nm.joining(Credentials(b"Home", "correct horse"))
    settings["802-11-wireless-security"]["psk"] = ("s", "short")
    with pytest.raises(AssertionError, match="psk"):
        taken(settings)


def test_no_settings_are_made_for_what_cannot_be_joined() -> None:
    for security in (Security.WEP, Security.ENTERPRISE):
        with pytest.raises(ValueError, match=security.value):
            nm.joining(Credentials(b"x", "12345678", security))


@pytest.mark.parametrize(
    ("flags", "wpa", "rsn", "security"),
    [
        (0, 0, 0, Security.OPEN),
        (1, 0, 0, Security.WEP),
        (1, 0x100, 0x100, Security.WPA2),
        (1, 0, 0x100 | 0x400, Security.WPA2),
        (1, 0, 0x400, Security.WPA3),
        (0, 0, 0x800, Security.ENHANCED_OPEN),
        (1, 0, 0x200, Security.ENTERPRISE),
        (1, 0, 0x2000, Security.ENTERPRISE),
        (1, 0, 0x100 | 0x200, Security.WPA2),
    ],
)
def test_the_lock_is_read_from_the_flags(
    flags: int, wpa: int, rsn: int, security: Security
) -> None:
    assert nm.security(flags, wpa, rsn) is security


def test_numbers_become_words_and_unknown_ones_say_so() -> None:
    assert [nm.refusal(reason) for reason in (7, 8, 53, 16, 11, 999)] == [
        *(Refusal.WRONG_PASSWORD, Refusal.WRONG_PASSWORD, Refusal.NOT_FOUND),
        *(Refusal.NO_ADDRESS, Refusal.NO_ANSWER, Refusal.OTHER),
    ]
    assert [nm.reach(each) for each in (0, 1, 2, 3, 4, 99)] == [
        *(Reach.UNKNOWN, Reach.NOWHERE, Reach.SIGN_IN, Reach.HOME, Reach.INTERNET, Reach.UNKNOWN),
    ]
    assert nm.radio_bands(0) == frozenset(Band)
    assert nm.radio_bands(0x100 | 0x200) == {Band.LOW}
    assert (nm.band(2412), nm.band(5180), nm.band(5955)) == (Band.LOW, Band.HIGH, Band.HIGH)


def test_access_points_of_one_name_are_one_network() -> None:
    def point(ssid: bytes, strength: int, mhz: int, rsn: int) -> dict[str, object]:
        return {
            "Ssid": list(ssid),
            "Strength": strength,
            "Frequency": mhz,
            "Flags": 1,
            "WpaFlags": 0,
            "RsnFlags": rsn,
        }

    found = nm.networks(
        [
            point(b"Home", 40, 5180, 0x400),
            point(b"Home", 80, 2437, 0x100),
            point(b"", 90, 2437, 0x100),
            point(b"\0\0\0", 90, 2437, 0x100),
            point(b"Near", 85, 2437, 0x100),
        ]
    )
    assert [(net.ssid, net.strength_percent, net.security, net.bands) for net in found] == [
        (b"Near", 85, Security.WPA2, {Band.LOW}),
        (b"Home", 80, Security.WPA2, {Band.LOW, Band.HIGH}),
    ]


@pytest.mark.parametrize(
    ("ssid", "name"),
    [
        ("小明的家".encode(), "小明的家"),
        ("小明的家".encode("gbk"), "小明的家"),
        (b"Caf\xe9\xff", "Caf\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"),
        (b"a\x1b[31mb", "a\N{REPLACEMENT CHARACTER}[31mb"),
    ],
)
def test_names_are_shown_to_people(ssid: bytes, name: str) -> None:
    assert shown(ssid) == name
