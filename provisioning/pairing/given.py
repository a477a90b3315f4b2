"""What flashing gave the box, where the service can read it: a credential, else the folder itself.

The identity lies where root alone reads it. ``myna identity --take-over`` leaves what pairing needs
of it in systemd's store of credentials, which is memory; ``LoadCredential=`` shows it to the
service as a file.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from provisioning.identity import (
    CERTIFICATE_FILE,
    IDENTITY_FILE,
    KEY_FILE,
    DeviceIdentity,
    parse_identity,
)
from provisioning.private_files import write_private

CREDENTIAL = "myna.identity"
STORE = Path("/run/credstore")


@dataclass(frozen=True, slots=True)
class Given:
    """The identity, and the factory's certificate and key (PEM); empty where it gave none."""

    identity: DeviceIdentity
    certificate: str = ""
    key: str = field(default="", repr=False)


def hand_over(kept: Path, store: Path = STORE) -> None:
    """Leave it for the service. As root.

    Args:
        kept: Where the box keeps its identity.

    Raises:
        OSError: It cannot be read, or the store not written.
    """
    told = {
        "identity": (kept / IDENTITY_FILE).read_text(encoding="utf-8"),
        "certificate": _text(kept / CERTIFICATE_FILE),
        "key": _text(kept / KEY_FILE),
    }
    write_private(store / CREDENTIAL, json.dumps(told).encode("utf-8"))


def given(folder: Path) -> Given | None:
    """What this box was given; None for nothing that this process may read.

    Args:
        folder: Where flashing left it.

    Raises:
        ProvisioningError: It is there and is no identity.
    """
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials:
        try:
            told = json.loads((Path(credentials) / CREDENTIAL).read_text(encoding="utf-8"))
            return Given(
                parse_identity(told["identity"]), str(told["certificate"]), str(told["key"])
            )
        except (FileNotFoundError, KeyError, TypeError, ValueError):
            pass  # as on a developer's machine: the folder says it
    try:
        identity = parse_identity((folder / IDENTITY_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    return Given(identity, _text(folder / CERTIFICATE_FILE), _text(folder / KEY_FILE))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
