"""How the speaker reaches its platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from core.bounds import AtMost, Between


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncSettings:
    """``[sync]``: the line to the platform. Without an address there is none; none is needed."""

    address: str = ""
    """``mqtts://host:8883``, or ``mqtt://host:1883`` on this machine; empty: no platform."""
    device: str = ""
    """This speaker's id at the platform; empty takes the one that was made at the first start."""
    user: str = ""
    """User name, where the speaker has no certificate of its own."""
    password_file: str = ""
    """File with the password and nothing else."""
    ca_file: str = ""
    """The platform's certificate authority (PEM); empty trusts what the system trusts."""
    cert_file: str = ""
    """This speaker's certificate (PEM), from pairing."""
    key_file: str = ""
    """The key of that certificate."""
    pack_key: str = ""
    """Public key (minisign, ``RW…``) of whoever may send lesson packs; empty takes none."""
    allow_unencrypted: bool = False
    """Allow ``mqtt://`` to another machine. Whoever is on the network can read it all."""
    outbox_events: Annotated[int, Between(1000, 1_000_000)] = 100_000
    """Events that may wait; beyond, old telemetry goes. What a child achieved never does."""
    batch_events: Annotated[int, Between(1, 500)] = 50
    """Events in one message, at most."""
    batch_kib: Annotated[int, Between(4, 256)] = 64
    """Size of one message, at most."""
    retry_s: Annotated[float, Between(0.05, 60), AtMost("retry_longest_s")] = 1.0
    """Pause after the first failed attempt to connect; each further one is about twice as long."""
    retry_longest_s: Annotated[float, Between(1, 3600)] = 300.0
    """The longest such pause, and the one after a refused password or certificate."""
    answer_s: Annotated[float, Between(0.5, 600)] = 30.0
    """How long to wait for the platform's acknowledgement before sending again."""
    telemetry_s: Annotated[float, Between(10, 86_400)] = 900.0
    """Time between two reports of the speaker's counters."""
    iri_base: str = "https://xapi.myna.example"
    """What the names of children, items and extensions in learning events begin with."""
    home_assistant: bool = False
    """Show state, volume, mute and minutes practised in Home Assistant."""
    home_assistant_prefix: str = "homeassistant"
    """Home Assistant's discovery prefix."""
