"""First start: who says who the box is, and that no secret stays where any computer reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ProvisioningError
from provisioning.first_boot import Places, connection, from_cloud_init, take_over
from provisioning.identity import (
    DeviceIdentity,
    WifiAccess,
    is_serial,
    new_identity,
    parse_identity,
)
from provisioning.identity import problems as identity_problems

WIFI = WifiAccess("Bird House", "chirp chirp!", "DE")
GIVEN = DeviceIdentity(
    "MY-0000-0000", "myna-test", "abcdefgh23", "generic-gpio", "Europe/Berlin", WIFI
)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places(tmp_path / "boot", tmp_path / "kept", tmp_path / "connections")
    (made.boot / "myna").mkdir(parents=True)
    return made


def left_on_boot(places: Places) -> bytes:
    return b"".join(p.read_bytes() for p in sorted(places.boot.rglob("*")) if p.is_file())


def test_the_benchs_identity_is_taken_over_and_its_secrets_leave_the_boot_partition(
    places: Places,
) -> None:
    folder = places.boot / "myna"
    (folder / "identity.json").write_text(GIVEN.to_json())
    (folder / "device.key").write_bytes(b"the key")
    (folder / "device.crt").write_bytes(b"the certificate")
    assert take_over(places) == GIVEN
    assert (places.kept / "device.key").read_bytes() == b"the key"
    assert (places.kept / "device.key").stat().st_mode & 0o777 == 0o600
    assert "psk=chirp chirp!" in (places.connections / "first-boot.nmconnection").read_text()
    for secret in (b"the key", b"chirp", b"abcdefgh23"):
        assert secret not in left_on_boot(places)
    assert parse_identity((folder / "identity.json").read_text()) == GIVEN.public()
    assert (folder / "device.crt").exists()


def test_a_second_start_changes_nothing(places: Places) -> None:
    (places.boot / "myna/identity.json").write_text(GIVEN.to_json())
    first = take_over(places)
    before = left_on_boot(places)
    # Whoever puts another identity on the boot partition later makes no other box of it.
    assert take_over(places) == first
    assert left_on_boot(places) == before


def test_power_cut_between_taking_and_forgetting(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    (places.boot / "myna/identity.json").write_text(GIVEN.to_json())
    with monkeypatch.context() as patched:
        patched.setattr("provisioning.first_boot._forget_secrets", _power_cut)
        with pytest.raises(KeyboardInterrupt):
            take_over(places)
    assert take_over(places) == GIVEN
    assert b"abcdefgh23" not in left_on_boot(places)


def _power_cut(*_: object) -> None:
    raise KeyboardInterrupt


def test_nobody_said_anything(places: Places) -> None:
    made = take_over(places)
    assert identity_problems(made) == []
    assert take_over(places) == made


def test_imagers_custom_toml(places: Places) -> None:
    (places.boot / "custom.toml").write_text(
        '[system]\nhostname = "Kitchen"\n[wlan]\nssid = "Bird House"\npassword = "chirp chirp!"\n'
        'country = "de"\n[locale]\ntimezone = "Asia/Shanghai"\n'
    )
    made = take_over(places)
    assert (made.hostname, made.time_zone, made.wifi) == ("kitchen", "Asia/Shanghai", WIFI)
    assert b"chirp" not in left_on_boot(places)


def test_imagers_cloud_init(places: Places) -> None:
    (places.boot / "user-data").write_text("#cloud-config\nhostname: kitchen\ntimezone: UTC\n")
    (places.boot / "network-config").write_text(
        "network:\n  version: 2\n  wifis:\n    wlan0:\n      regulatory-domain: DE\n"
        '      access-points:\n        "Bird House":\n          password: "chirp chirp!"\n'
    )
    made = take_over(places)
    assert (made.hostname, made.time_zone, made.wifi) == ("kitchen", "UTC", WIFI)
    assert not (places.boot / "network-config").exists()


@pytest.mark.parametrize(
    ("user", "network"),
    [("", ""), ("[]", "3"), ("hostname: 3", "wifis: [1]"), ("a: b", "network: {wifis: {w: 1}}")],
)
def test_odd_cloud_init_says_nothing(user: str, network: str) -> None:
    assert from_cloud_init(user, network) == {}


def test_what_cannot_be_used_is_said(places: Places) -> None:
    (places.boot / "custom.toml").write_text('[system]\nhostname = "my kitchen"\n')
    with pytest.raises(ProvisioningError, match="hostname: takes a to z"):
        take_over(places)
    (places.boot / "custom.toml").write_text("[system")
    with pytest.raises(ProvisioningError, match="write it again with Imager"):
        take_over(places)


def test_an_open_network_and_an_odd_name() -> None:
    text = connection(WifiAccess("鸟;屋", ""))
    assert "wifi-security" not in text
    assert "ssid=233;184;159;59;229;177;139;\n" in text


def test_serials_notice_a_misread_letter() -> None:
    serial = new_identity().serial
    assert is_serial(serial)
    for at in (3, 4, 5, 6, 8, 9, 10, 11):
        for letter in "0123456789ABCDEFGHJKMNPQRSTVWXYZ":
            changed = serial[:at] + letter + serial[at + 1 :]
            assert is_serial(changed) is (changed == serial)


def test_secrets_are_not_printed() -> None:
    assert "abcdefgh23" not in repr(GIVEN)
    assert "chirp" not in repr(GIVEN)
