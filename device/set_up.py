"""Puts the parts together that bring the speaker onto a network; for the service alone.

A speaker that a developer runs by hand must not touch the network of the machine it runs on.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from core.clock import Clock
from device.config import Settings
from device.onboarding import Around, Onboarding
from dialog.ports import Line
from hal.layers import LayeredRing
from provisioning.parents.family_file import FamilyFile
from provisioning.portal.ports import SetUp
from provisioning.portal.service import PortalPages
from provisioning.set_up_label import SetUpLabel, handed_over
from provisioning.wifi.country import CountryFile
from provisioning.wifi.factory import make_beacon, make_wifi
from provisioning.wifi.improv import Beacon
from provisioning.wifi.ports import Wifi


@dataclass(frozen=True, slots=True)
class Radio:
    """The radios, and what the label says of the network that is opened."""

    wifi: Wifi
    label: SetUpLabel
    beacon: Beacon | None = None


def radio_of(settings: Settings) -> Radio | None:
    """The system's radio; None where somebody else looks after it, or there is no label."""
    label = handed_over()
    if label is None or settings.wifi.set_up == "never":
        return None
    beacon = make_beacon() if settings.wifi.bluetooth else None
    return Radio(make_wifi(join_within_s=settings.wifi.join_within_s), label, beacon)


def make_onboarding(
    radio: Radio,
    settings: Settings,
    *,
    say: Callable[[tuple[Line, ...], int], None],
    ring: LayeredRing,
    clock: Clock,
    family: FamilyFile,
    folder: Path | None,
) -> Onboarding:
    """The speaker's onboarding, ready to run. In the event loop's thread."""
    wanted = settings.wifi

    def portal(set_up: SetUp) -> PortalPages:
        return PortalPages(set_up, clock, wanted.portal_address, wanted.portal_port)

    def choose_language(language: str) -> None:
        family.wish({"prompts": language})

    return Onboarding(
        radio.wifi,
        radio.label,
        CountryFile(folder, radio.label.country),
        wanted,
        ring=ring,
        clock=clock,
        around=Around(
            say=say,
            choose_language=choose_language,
            language=lambda: family.family.limits.prompts or settings.device.language,
            make_portal=portal,
            beacon=radio.beacon,
            home=lambda: (f"http://{socket.gethostname()}.local:{settings.parents.port}",),
        ),
    )
