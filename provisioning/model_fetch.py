"""Fetching a model: downloaded, held against its hash, unpacked beside, moved in whole.

What lies in a model's folder is listed with its hashes in `SUMS`, so that a card that loses bits
can be told from a model that never worked.
"""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from core.errors import ProvisioningError
from provisioning.https_only import Opened, open_https
from provisioning.model_catalogue import ModelFile, Offered
from provisioning.private_files import sync_folder

SUMS = "myna-sums.json"
"""In a model's folder: SHA-256 by file."""
CHUNK_BYTES = 1 << 20
INFLATED_AT_MOST = 6
"""An archive may hold this many times its own size; models hold at most twice."""
FILES_AT_MOST = 500
QUIET_AT_MOST_S = 30.0

Open = Callable[[str], Opened]
Watch = Callable[[int, int], None]
"""Told how many bytes of how many have come."""


def over_network(url: str) -> Opened:
    """Opens an address.

    Raises:
        OSError: It cannot be reached.
    """
    return open_https(url, timeout_s=QUIET_AT_MOST_S)


def from_folder(folder: Path) -> Open:
    """Opens a file of the same name in a folder: a stick, where there is no network."""
    return lambda url: (folder / PurePosixPath(url).name).open("rb")


def fetch(
    model: Offered, folder: Path, *, opened: Open = over_network, watch: Watch | None = None
) -> Path:
    """Bring a model to ``folder/NAME``, whole or not at all.

    Args:
        folder: Of all models; made when missing.
        opened: Where files come from.
        watch: Told of the progress.

    Returns:
        The model's folder.

    Raises:
        ProvisioningError: It cannot be fetched, is not what was promised, or cannot be written;
            what was there before is still there.
    """
    target, fresh = folder / model.name, folder / f".{model.name}.new"
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        _enough_room(model, folder)
        come = 0
        for file in model.files:
            told = None if watch is None else functools.partial(_tell, watch, come, model.bytes)
            archive = _download(file, fresh, opened, told)
            come += file.bytes
            if archive.suffix == ".zip":
                _unpack(archive, fresh, limit=file.bytes * INFLATED_AT_MOST)
                archive.unlink()
        _write_sums(fresh)
        old = folder / f".{model.name}.old"
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            target.rename(old)
        fresh.rename(target)
        sync_folder(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise ProvisioningError(
            f"{folder} cannot be written ({error.strerror}); free some space or use --folder",
            code="model.disk",
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return target


def damaged_files(model: Path) -> list[str] | None:
    """Files of a fetched model that are missing or not what they were, by name.

    Returns:
        Empty when all is well; None for a model that did not come by `fetch`: nobody knows.

    Raises:
        ProvisioningError: The list itself is damaged.
    """
    try:
        sums = json.loads((model / SUMS).read_text(encoding="utf-8"))
        wanted = {str(name): str(digest) for name, digest in sums.items()}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, AttributeError) as error:
        raise ProvisioningError(
            f"{model / SUMS} is damaged; fetch the model again", code="model.damaged"
        ) from error
    return [name for name, digest in sorted(wanted.items()) if _digest(model / name) != digest]


def _enough_room(model: Offered, folder: Path) -> None:
    # The archive, and about twice of it unpacked, for a moment beside each other.
    wanted = 3 * model.bytes
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise ProvisioningError(
            f"{folder} has {free // 2**20} MB free and {model.name} needs {wanted // 2**20};"
            " free some space or use --folder",
            code="model.disk",
        )


def _tell(watch: Watch, before: int, whole: int, size: int) -> None:
    watch(before + size, whole)


def _download(
    file: ModelFile, folder: Path, opened: Open, told: Callable[[int], None] | None
) -> Path:
    path, digest, size = folder / file.name, hashlib.sha256(), 0
    with path.open("wb") as out:
        for piece in _pieces(file, opened):
            size += len(piece)
            if size > file.bytes:
                break
            digest.update(piece)
            out.write(piece)
            if told is not None:
                told(size)
    if size != file.bytes or digest.hexdigest() != file.sha256:
        raise ProvisioningError(
            f"{file.name} is not the file that was promised; try again later, and if it stays so,"
            " tell the maintainers",
            code="model.hash",
        )
    return path


def _pieces(file: ModelFile, opened: Open) -> Iterator[bytes]:
    try:
        with opened(file.url) as source:
            while piece := source.read(CHUNK_BYTES):
                yield piece
    except (OSError, ValueError) as error:
        raise ProvisioningError(
            f"{file.name} cannot be fetched; check the network, or name a folder that holds it"
            " with --from",
            code="model.fetch",
            retryable=True,
        ) from error


def _unpack(archive: Path, folder: Path, *, limit: int) -> None:
    """The files of an archive's one folder; nothing outside, no link, no bomb."""
    try:
        with zipfile.ZipFile(archive) as file:
            members = [each for each in file.infolist() if not each.is_dir()]
            if len(members) > FILES_AT_MOST or sum(each.file_size for each in members) > limit:
                raise _strange(archive)
            for each in members:
                # The archive's own top folder is left out.
                parts = PurePosixPath(each.filename).parts[1:]
                link = (each.external_attr >> 16) & 0o170000 == 0o120000
                if not parts or ".." in parts or PurePosixPath(each.filename).is_absolute() or link:
                    raise _strange(archive)
                path = folder.joinpath(*parts)
                path.parent.mkdir(parents=True, exist_ok=True)
                with file.open(each) as source, path.open("wb") as out:
                    shutil.copyfileobj(source, out, CHUNK_BYTES)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise _strange(archive) from error


def _strange(archive: Path) -> ProvisioningError:
    return ProvisioningError(
        f"{archive.name} holds no model that can be used; tell the maintainers",
        code="model.archive",
    )


def _write_sums(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = {str(path.relative_to(folder)): _digest(path) for path in files}
    (folder / SUMS).write_text(json.dumps(sums, indent=1) + "\n", encoding="utf-8")


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
