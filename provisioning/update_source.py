"""Signed releases from a repository of The Update Framework: what is there, and fetching it.

The framework's client refuses what is forged, older than what was seen, mixed from several
versions, or kept from the speaker until it expired. https://theupdateframework.github.io/
A clock that is behind cannot notice the last of these; it never lets anything unsigned in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from core.errors import ProvisioningError

if TYPE_CHECKING:
    from tuf.ngclient import FetcherInterface, TargetFile, Updater

KIND, VERSION = "myna_kind", "version"
CHUNK_BYTES = 65_536
LONGEST_TARGETS_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Release:
    """Something that may be fetched.

    Attributes:
        kind: ``app``, ``pack`` or ``model``.
        path: Its name in the repository.
        version: As its publisher signed it.
        bytes: Its size.
    """

    kind: str
    path: str
    version: str
    bytes: int


class UpdateSource:
    """One repository.

    Args:
        folder: Where metadata and what is fetched are kept.
        url: Of the repository, with ``metadata`` and ``targets`` below: ``https://`` or
            ``file://``.
        root: The first root metadata, from the image: whom to trust.
    """

    def __init__(self, folder: Path, url: str, root: bytes) -> None:
        self._folder = folder
        self._url = url.rstrip("/")
        self._root = root

    def releases(self) -> tuple[Release, ...]:
        """All that is signed now, by path.

        Raises:
            ProvisioningError: The repository cannot be reached or is not to be trusted.
        """
        updater = self._refreshed()
        found = updater.trusted_targets()
        return tuple(_release(found[path]) for path in sorted(found) if _is_ours(found[path]))

    def fetch(self, release: Release) -> Path:
        """The file, its length and hashes as signed.

        Raises:
            ProvisioningError: As `releases`, or the file is not what was signed.
        """
        from tuf.api.exceptions import DownloadError, RepositoryError

        updater = self._refreshed()
        try:
            target = updater.get_targetinfo(release.path)
            if target is None:
                raise ProvisioningError(
                    f"{release.path} is no longer published", code="update.gone"
                )
            return Path(updater.download_target(target))
        except (DownloadError, RepositoryError, OSError) as error:
            raise _refused(error) from error

    def _refreshed(self) -> _Trusted:
        from tuf.api.exceptions import DownloadError, RepositoryError

        metadata, targets = self._folder / "metadata", self._folder / "targets"
        try:
            metadata.mkdir(parents=True, exist_ok=True)
            targets.mkdir(exist_ok=True)
            updater = _updater(metadata, targets, self._url, self._root)
            updater.refresh()
        except (DownloadError, RepositoryError, OSError, ValueError) as error:
            raise _refused(error) from error
        return _Trusted(updater, metadata)


class _Trusted:
    """An updater whose metadata has been verified."""

    def __init__(self, updater: Updater, metadata: Path) -> None:
        self._metadata = metadata
        self.get_targetinfo = updater.get_targetinfo
        self.download_target = updater.download_target

    def trusted_targets(self) -> dict[str, TargetFile]:
        """What the top-level targets role has signed; just verified and written by the client."""
        from tuf.api.metadata import Metadata, Targets

        whole = Metadata[Targets].from_file(str(self._metadata / "targets.json"))
        return whole.signed.targets


def _updater(metadata: Path, targets: Path, url: str, root: bytes) -> Updater:
    from tuf.ngclient import Updater, UpdaterConfig

    return Updater(
        metadata_dir=str(metadata),
        metadata_base_url=f"{url}/metadata/",
        target_dir=str(targets),
        target_base_url=f"{url}/targets/",
        fetcher=_folder_fetcher() if urlsplit(url).scheme == "file" else None,
        config=UpdaterConfig(targets_max_length=LONGEST_TARGETS_BYTES),
        bootstrap=root,
    )


def _folder_fetcher() -> FetcherInterface:
    from tuf.api.exceptions import DownloadHTTPError
    from tuf.ngclient import FetcherInterface as Interface

    class FolderFetcher(Interface):
        """A repository on a stick or disk."""

        def _fetch(self, url: str) -> Iterator[bytes]:
            path = Path(unquote(urlsplit(url).path))
            if not path.is_file():
                raise DownloadHTTPError(f"{path.name} is not there", 404)
            return _chunks(path)

    return FolderFetcher()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _is_ours(target: TargetFile) -> bool:
    custom = target.custom or {}
    return isinstance(custom.get(KIND), str) and isinstance(custom.get(VERSION), str)


def _release(target: TargetFile) -> Release:
    custom = target.custom or {}
    return Release(custom[KIND], target.path, custom[VERSION], target.length)


def _refused(error: Exception) -> ProvisioningError:
    from tuf.api.exceptions import DownloadError

    if isinstance(error, DownloadError):
        return ProvisioningError(
            "the updates' repository cannot be reached; Myna goes on as it is, try again later",
            code="update.unreachable",
            retryable=True,
        )
    if isinstance(error, OSError):
        return ProvisioningError(
            f"updates cannot be kept ({error.strerror or 'error'}); free some space on that disk",
            code="update.disk",
        )
    return ProvisioningError(
        "the updates' repository is not to be trusted, nothing was installed "
        f"({type(error).__name__}); check the clock, then ask the publisher",
        code="update.untrusted",
    )
