"""The hub's configuration: environment variables, as services of servers are configured."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

NUMBERS = {"port": 65_535, "broker_pid": 2**31}


class HubError(Exception):
    """The hub cannot work as configured; one sentence with the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSettings:
    """Each field is the variable ``HUB_`` and its name in capitals."""

    database: str = "sqlite:///hub.db"
    """SQLAlchemy URL: SQLite for a family, ``postgresql+psycopg://…`` for a school."""
    broker: str = "mqtt://127.0.0.1:1883"
    """``mqtts://host:8883`` or ``mqtt://host:1883``."""
    broker_user: str = ""
    """User name at the broker, where there is no certificate."""
    broker_password: str = ""
    """Its password."""
    broker_ca: str = ""
    """Certificate authority of the broker (PEM)."""
    broker_cert: str = ""
    """The hub's own certificate (PEM)."""
    broker_key: str = ""
    """The key of that certificate."""
    broker_pid: int = 0
    """Process of a broker on this machine, told (SIGHUP) when the list of revoked certificates is
    new; 0: somebody else tells it, see docs/hub.md."""
    worker: str = ""
    """Name of this ingest worker at the broker; must differ between workers."""
    share: str = "ingest"
    """Name of the shared subscription; the same for all ingest workers."""
    lrs: str = ""
    """Address of a learning record store, up to and without ``/statements``; empty: none."""
    lrs_user: str = ""
    """User name there (HTTP basic)."""
    lrs_password: str = ""
    """Its password."""
    listen: str = "127.0.0.1"
    """Where the HTTP API listens."""
    port: int = 8080
    """Its port."""
    tls_cert: str = ""
    """Certificate (PEM) to listen with; empty listens without encryption, behind a proxy that has
    one, or on this machine alone."""
    tls_key: str = ""
    """The key of that certificate."""
    public: str = ""
    """The hub's address as parents type it, ``https://hub.example``; empty: the one it listens on.
    It is what speakers say with the code of their pairing."""
    authority: str = ""
    """Folder of the certificate authority (``ca.crt``, ``ca.key``) that speakers get their
    certificates from; empty: none can be paired."""
    broker_public: str = ""
    """The broker's address as speakers reach it; empty: `broker`."""
    pack_key: str = ""
    """Public key (minisign) of whoever signs lesson packs, told to speakers that are paired."""
    factory_ca: str = ""
    """Certificate of the factory (PEM): a speaker that bears a serial number has to prove it."""

    @property
    def address(self) -> str:
        """`public`, or what stands in for it."""
        scheme = "https" if self.tls_cert else "http"
        return self.public.rstrip("/") or f"{scheme}://{self.listen}:{self.port}"

    def __repr__(self) -> str:
        return f"HubSettings(broker={self.broker!r}, worker={self.worker!r})"


def from_environment(environment: Mapping[str, str] | None = None) -> HubSettings:
    """Settings from the environment.

    Raises:
        HubError: A variable is unknown or its value unusable.
    """
    environment = os.environ if environment is None else environment
    known = HubSettings.__dataclass_fields__
    values: dict[str, str | int] = {}
    for variable, text in environment.items():
        if not variable.startswith("HUB_"):
            continue
        name = variable.removeprefix("HUB_").lower()
        if name not in known:
            raise HubError(f"{variable} is no setting of the hub; docs/hub.md lists them")
        if name in NUMBERS:
            if not text.isdigit() or not 0 <= int(text) <= NUMBERS[name]:
                raise HubError(f"{variable} must be a number, 0 to {NUMBERS[name]}")
            values[name] = int(text)
        else:
            values[name] = text
    return HubSettings(**values)  # type: ignore[arg-type]  # by name, checked above
