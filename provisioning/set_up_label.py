"""What the box's label says of its set-up network, handed to the service and to nobody else.

The identity lies where root alone reads it. At every start ``myna identity --take-over`` leaves
what the service needs of it in systemd's store of credentials, which is memory; the unit's
``LoadCredential=`` shows it to the service as a file.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from provisioning.identity import DeviceIdentity
from provisioning.private_files import write_private

CREDENTIAL = "myna.setup"
STORE = Path("/run/credstore")


@dataclass(frozen=True, slots=True)
class SetUpLabel:
    """Name and password of the set-up network, and the country that the bench knew of."""

    ssid: str
    password: str = field(repr=False)
    country: str = ""


def hand_over(identity: DeviceIdentity, store: Path = STORE) -> None:
    """Leave it for the service. As root.

    Raises:
        OSError: The store cannot be written.
    """
    country = "" if identity.wifi is None else identity.wifi.country
    told = {"ssid": identity.setup_ssid, "password": identity.setup_password, "country": country}
    write_private(store / CREDENTIAL, json.dumps(told).encode("utf-8"))


def handed_over() -> SetUpLabel | None:
    """What the service was given; None where it was given nothing, as on a developer's machine."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if not folder:
        return None
    try:
        told = json.loads((Path(folder) / CREDENTIAL).read_text(encoding="utf-8"))
        return SetUpLabel(str(told["ssid"]), str(told["password"]), str(told["country"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
