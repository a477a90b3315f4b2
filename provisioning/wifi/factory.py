"""The radio that there is."""

from __future__ import annotations

from provisioning.wifi.improv import Beacon
from provisioning.wifi.ports import Wifi


def make_wifi(*, join_within_s: float) -> Wifi:
    """The system's radio, through NetworkManager; nothing is asked of it yet."""
    from provisioning.wifi.networkmanager import NetworkManagerWifi

    return NetworkManagerWifi(join_within_s=join_within_s)


def make_beacon() -> Beacon:
    """The system's Bluetooth radio, through BlueZ; whether there is one shows at its start."""
    from provisioning.wifi.bluez import BluezBeacon

    return BluezBeacon()
