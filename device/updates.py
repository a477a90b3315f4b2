"""Signed updates of the application, lesson packs and models: one road, three places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from core.errors import ProvisioningError
from device.pack_shelf import SIZE_LIMIT_BYTES, PackShelf
from provisioning.model_shelf import ModelShelf
from provisioning.update_slots import ReleaseSlots, is_newer
from provisioning.update_source import Release, UpdateSource

APP, PACK, MODEL = "app", "pack", "model"


class Updates:
    """What may be fetched, and where it goes.

    Args:
        source: The repository.
        slots: Of the application.
        packs: Of lesson packs.
        models: Of models and voices.
        own_version: Of the application that came with the system.
    """

    def __init__(
        self,
        source: UpdateSource,
        slots: ReleaseSlots,
        packs: PackShelf,
        models: ModelShelf,
        *,
        own_version: str,
    ) -> None:
        self._source = source
        self._slots = slots
        self._packs = packs
        self._models = models
        self._own_version = own_version

    def releases(self) -> tuple[Release, ...]:
        """All that is signed now.

        Raises:
            ProvisioningError: As `UpdateSource.releases`.
        """
        return self._source.releases()

    def newer(self) -> Iterator[Release]:
        """What is newer than what is here: packs and models in any order, one application last."""
        newest: Release | None = None
        here = {MODEL: self._models.versions(), PACK: self._pack_versions()}
        for release in self.releases():
            if release.kind == APP:
                than = newest.version if newest else self._slots.version or self._own_version
                newest = release if is_newer(release.version, than) else newest
            elif release.kind in here:
                have = here[release.kind].get(name_of(release))
                if have is None or is_newer(release.version, have):
                    yield release
        if newest is not None and self._slots.trial is None:
            yield newest

    def install(self, release: Release) -> None:
        """Fetch, verify, put in its place; an application is on trial from its next start on.

        Raises:
            ProvisioningError: It cannot be fetched, trusted or kept.
            PackError: The pack has mistakes.
        """
        file = self._source.fetch(release)
        try:
            if release.kind == APP:
                self._slots.install(file, release.version)
            elif release.kind == MODEL:
                self._models.install(file, name_of(release), release.version)
            elif release.kind == PACK and release.bytes <= SIZE_LIMIT_BYTES:
                self._packs.keep(file.read_bytes())
            else:
                raise ProvisioningError(
                    f"{release.path} is no update that this Myna knows; update Myna first",
                    code="update.unknown",
                )
        except OSError as error:
            raise ProvisioningError(
                f"the update cannot be installed ({error.strerror}); free some space on that disk",
                code="update.disk",
            ) from error
        finally:
            file.unlink(missing_ok=True)  # once is enough on a small card

    def _pack_versions(self) -> dict[str, str]:
        return {pack_id: self._packs.find(pack_id).version for pack_id in self._packs.ids()}


def name_of(release: Release) -> str:
    """A pack's or model's name, from its path: ``colours-1.2.zip`` is ``colours``."""
    stem = re.sub(r"\.(zip|tar)$", "", Path(release.path).name)
    return stem.removesuffix(f"-{release.version}")
