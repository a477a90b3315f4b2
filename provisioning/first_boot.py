"""What a box makes its own when it first starts: identity, host name, time zone, Wi-Fi.

Three places may say it, the first that does wins: the bench's ``myna/identity.json``; Raspberry Pi
Imager's ``custom.toml``; cloud-init's ``user-data`` and ``network-config``, of which Imager 2 fills
in the same few things. What nobody says is made up.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import ProvisioningError
from provisioning.identity import (
    CERTIFICATE_FILE,
    FOLDER,
    IDENTITY_FILE,
    KEY_FILE,
    DeviceIdentity,
    WifiAccess,
    new_identity,
    parse_identity,
    problems,
)
from provisioning.private_files import write_over, write_private

IMAGER_FILES = ("custom.toml", "user-data", "network-config")


@dataclass(frozen=True, slots=True)
class Places:
    """Where things lie.

    Attributes:
        boot: The card's first partition, mounted.
        kept: The box's own folder on the data partition.
        connections: NetworkManager's, on the data partition.
    """

    boot: Path = Path("/boot/myna")
    kept: Path = Path("/data/identity")
    connections: Path = Path("/data/connections")


def take_over(places: Places) -> DeviceIdentity:
    """Make the identity the box's own, once; later calls only read it.

    Secrets go from the boot partition, which any computer reads, to the data partition, and are
    on it durably before they are removed from where they were: a power cut leaves both.

    Returns:
        The identity, with its secrets.

    Raises:
        ProvisioningError: What was found cannot be used; each line says what and where.
        OSError: A partition cannot be written.
    """
    kept = places.kept / IDENTITY_FILE
    folder = places.boot / FOLDER
    if kept.exists():
        identity = parse_identity(kept.read_text(encoding="utf-8"))
    else:
        identity = _found(places.boot)
        for name in (KEY_FILE, CERTIFICATE_FILE):
            if (folder / name).exists():
                write_private(places.kept / name, (folder / name).read_bytes())
        if identity.wifi is not None:
            write_private(
                places.connections / "first-boot.nmconnection",
                connection(identity.wifi).encode("utf-8"),
            )
        # Last: from here on the box has its identity.
        write_private(kept, identity.to_json().encode("utf-8"))
    _forget_secrets(places.boot, identity)
    return identity


def connection(wifi: WifiAccess) -> str:
    """A keyfile for NetworkManager."""
    security = ""
    if wifi.password:
        security = f"\n[wifi-security]\nkey-mgmt=wpa-psk\npsk={_keyfile(wifi.password)}\n"
    ssid = ";".join(str(byte) for byte in wifi.ssid.encode("utf-8")) + ";"
    return (
        "[connection]\nid=first-boot\ntype=wifi\n\n"
        f"[wifi]\nmode=infrastructure\nssid={ssid}\n{security}\n"
        "[ipv4]\nmethod=auto\n\n[ipv6]\nmethod=auto\n"
    )


def from_custom_toml(text: str) -> dict[str, str]:
    """What Imager's ``custom.toml`` says, under the names of an identity's fields.

    Raises:
        ProvisioningError: It is no TOML.
    """
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProvisioningError(f"custom.toml: {error}; write it again with Imager") from error
    wlan, system, locale = (_table(value, name) for name in ("wlan", "system", "locale"))
    return _said(
        hostname=system.get("hostname"),
        time_zone=locale.get("timezone"),
        wifi_ssid=wlan.get("ssid"),
        wifi_password=wlan.get("password"),
        wifi_country=wlan.get("country"),
    )


def from_cloud_init(user_data: str, network_config: str) -> dict[str, str]:
    """The same from cloud-init's files.

    Raises:
        ProvisioningError: One of them is no YAML.
    """
    import yaml

    try:
        user, network = yaml.safe_load(user_data) or {}, yaml.safe_load(network_config) or {}
    except yaml.YAMLError as error:
        raise ProvisioningError(
            "user-data or network-config is no YAML; write them again with Imager"
        ) from error
    network = _table(network, "network") or network
    said = _said(hostname=_any(user, "hostname"), time_zone=_any(user, "timezone"))
    for device in _table(network, "wifis").values():
        for ssid, about in _table(device, "access-points").items():
            password = _any(about, "password") or _any(_any(about, "auth"), "password")
            country = _any(device, "regulatory-domain")
            return said | _said(wifi_ssid=ssid, wifi_password=password, wifi_country=country)
    return said


def _found(boot: Path) -> DeviceIdentity:
    bench = boot / FOLDER / IDENTITY_FILE
    if bench.exists():
        return parse_identity(bench.read_text(encoding="utf-8"))
    custom, user, network = ((boot / name) for name in IMAGER_FILES)
    said: dict[str, str] = {}
    if custom.exists():
        said = from_custom_toml(custom.read_text(encoding="utf-8"))
    elif user.exists() or network.exists():
        texts = (
            each.read_text(encoding="utf-8") if each.exists() else "" for each in (user, network)
        )
        said = from_cloud_init(*texts)
    made = new_identity()
    wifi = None
    if ssid := said.get("wifi_ssid"):
        country = said.get("wifi_country", "").upper()
        wifi = WifiAccess(ssid, said.get("wifi_password", ""), country)
    identity = replace(
        made,
        hostname=said.get("hostname", made.hostname).lower(),
        time_zone=said.get("time_zone", ""),
        wifi=wifi,
    )
    if wrong := problems(identity):
        raise ProvisioningError("\n".join(f"Imager's settings: {each}" for each in wrong))
    return identity


def _forget_secrets(boot: Path, identity: DeviceIdentity) -> None:
    folder = boot / FOLDER
    public = identity.public().to_json().encode("utf-8")
    shown = folder / IDENTITY_FILE
    if not shown.exists() or shown.read_bytes().rstrip() != public.rstrip():
        write_over(shown, public)
    for path in (folder / KEY_FILE, *(boot / name for name in IMAGER_FILES)):
        if path.exists():
            _wipe(path)


def _wipe(path: Path) -> None:
    """Write zeros over a file's own blocks, then remove it."""
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()


def _said(**values: object) -> dict[str, str]:
    return {name: value for name, value in values.items() if isinstance(value, str) and value}


def _table(value: object, name: str) -> Mapping[str, Any]:
    found = _any(value, name)
    return found if isinstance(found, Mapping) else {}


def _any(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None


def _keyfile(text: str) -> str:
    """GKeyFile's escapes."""
    escaped = text.replace("\\", "\\\\")
    return "\\s" + escaped[1:] if escaped.startswith(" ") else escaped
