"""What parents can have done about their platform, from their pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from device.pairing import Pairer
from device.sync import deletions
from provisioning.pairing.file import Phase
from provisioning.pairing.platform_https import check_address
from provisioning.parents.ports import PlatformView


class Here(Protocol):
    """Has the event loop's thread do something, and waits for it."""

    def __call__(self, work: Callable[[], None], /) -> None: ...


class PlatformDesk:
    """Honours `provisioning.parents.ports.PlatformDesk`.

    Args:
        pairer: The running speaker's pairing.
        here: Has the event loop's thread do something.
        folder: The state folder.
    """

    def __init__(self, pairer: Pairer, here: Here, folder: Path) -> None:
        self._pairer = pairer
        self._here = here
        self._folder = folder

    def view(self) -> PlatformView:
        record = self._pairer.record
        configured = self._pairer.configured
        deleted = deletions.look(self._folder)
        waiting = record.phase is Phase.WAITING
        return PlatformView(
            phase="configured" if configured else record.phase.value,
            address=configured or record.platform or self._pairer.usual,
            code=record.user_code if waiting else "",
            place=record.address if waiting else "",
            family=record.family,
            device=record.device,
            provisional=bool(self._pairer.provisional),
            trouble=self._pairer.trouble,
            deletions_waiting=deleted.waiting,
            deletions_confirmed=deleted.confirmed,
        )

    def pair(self, address: str) -> None:
        self._pairer.begin(check_address(address))

    def stop(self) -> None:
        self._pairer.stop()

    def give_up(self) -> None:
        self._here(self._pairer.give_up)
