"""Forged cards: they claim more than they hold, and lose or overwrite what is beyond."""

from __future__ import annotations

import hashlib

from core.errors import ProvisioningError
from provisioning.factory.disks import size
from provisioning.factory.ports import MIB, Card

_PROBE_BYTES = 4096
_PROBES_AT_LEAST = 128


def check_capacity(card: Card, *, seed: bytes) -> None:
    """Write a mark of its own at each of some hundred places, then read all of them.

    The places are multiples of a power of two: forged cards whose addresses wrap do so at one,
    where a low mark is then found overwritten. What the card held is destroyed.

    Args:
        card: Any card; takes a second or two on a real one.
        seed: Makes this run's marks differ from those of an earlier run.

    Raises:
        ProvisioningError: A mark is missing.
        OSError: The card failed.
    """
    places = probe_places(card.size_bytes)
    for place in places:
        card.write(place, _mark(seed, place))
    card.flush()
    for place in places:
        if card.read(place, _PROBE_BYTES) != _mark(seed, place):
            raise ProvisioningError(
                f"it claims {size(card.size_bytes)} and holds less: what was written at"
                f" {size(place)} is not there; throw it away"
            )


def probe_places(size_bytes: int) -> list[int]:
    """Where marks go: every step from 0, and the card's last block."""
    step = MIB
    while size_bytes // (step * 2) >= _PROBES_AT_LEAST:
        step *= 2
    last = size_bytes // _PROBE_BYTES * _PROBE_BYTES - _PROBE_BYTES
    return sorted({*range(0, last, step), last})


def _mark(seed: bytes, place: int) -> bytes:
    return hashlib.shake_256(seed + place.to_bytes(8, "little")).digest(_PROBE_BYTES)
