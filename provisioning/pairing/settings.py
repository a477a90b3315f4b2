"""The section ``[pairing]`` of the configuration."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingSettings:
    """``[pairing]``: the platform that a family may pair the speaker with. None is needed."""

    platform: str = ""
    """``https://hub.example``: where the speaker asks to be paired; empty: parents may type one
    on their page."""
    ca_file: str = ""
    """The certificate authority that the platform's own certificate is from (PEM); empty trusts
    what the system trusts."""
    identity_dir: str = "/data/identity"
    """Where flashing has put the serial number and the factory's certificate; without them the
    speaker makes itself a provisional identity, and says so."""
