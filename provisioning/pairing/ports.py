"""What pairing is made of: values, the platform's side of the talk, and what can go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.errors import ProvisioningError


class PairingError(ProvisioningError):
    """Pairing did not go on; `code` says why.

    ``pairing.address``: that is no platform's address; ``pairing.network``: nobody is reached;
    ``pairing.certificate``: the platform's certificate cannot be trusted; ``pairing.platform``: who
    answers there is no platform, or it refuses; ``pairing.denied``: a parent said no;
    ``pairing.taken``: the speaker belongs to another family; ``pairing.expired``: nobody typed the
    code, or pressed the button, in time; ``pairing.busy``: try again later; ``pairing.disk``.
    """

    default_code = "pairing.error"


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who asks to be paired.

    Attributes:
        device: Its id.
        key: SHA-256 of its public key, hexadecimal.
        factory_certificate: PEM of its certificate from the factory; empty for a provisional one.
        factory_signature: Over id and key with the factory's key, base64.
    """

    device: str
    key: str
    factory_certificate: str = ""
    factory_signature: str = ""


@dataclass(frozen=True, slots=True)
class Codes:
    """What the platform answers (RFC 8628, section 3.2).

    Attributes:
        device_code: The secret that the speaker polls with.
        user_code: What a parent types.
        address: Where.
        expires_s: Seconds until both are worth nothing.
        interval_s: Seconds between two polls, at least.
    """

    device_code: str = field(repr=False)
    user_code: str
    address: str
    expires_s: float
    interval_s: float


@dataclass(frozen=True, slots=True)
class Pending:
    """Nobody has decided yet; `slower`: the speaker asked too often."""

    slower: bool = False


@dataclass(frozen=True, slots=True)
class Allowed:
    """A parent said yes. The button has the last word."""

    token: str = field(repr=False)
    family: str
    expires_s: float


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a speaker gets that belongs to a family now.

    Attributes:
        certificate: PEM, for the speaker's own key.
        ca: PEM of the authority that the broker's certificate is from.
        broker: ``mqtts://host:8883``.
        pack_key: Minisign key of whoever signs lesson packs; empty for nobody.
        nicknames: What Myna calls the children.
        settings: As in the contract's ``desired``.
    """

    device: str
    certificate: str
    ca: str
    broker: str
    pack_key: str = ""
    nicknames: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


class Platform(Protocol):
    """The platform's HTTP side. Each call waits; all raise `PairingError`."""

    def begin(self, applicant: Applicant) -> Codes:
        """Ask to be paired."""

    def poll(self, device_code: str) -> Pending | Allowed:
        """Whether a parent has decided; ``pairing.denied``, ``.taken``, ``.expired`` end it."""

    def certify(self, token: str, request: str) -> Welcome:
        """Have the key certified; may be repeated with the same token."""

    def standing(self, device: str, fingerprint: str) -> str:
        """``paired``, ``revoked`` or ``unknown``."""
