"""What belongs to an image, with sizes and hashes, and the signature over it (minisign)."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ProvisioningError

FORMAT = 1
_SUFFIX = ".manifest.json"
_SIGNATURE_SUFFIX = ".minisig"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file that was published with the image."""

    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """An image and all that was published with it.

    Attributes:
        name: What it is, ``myna-virt``.
        version: Of the firmware in it.
        image: The image as it will be on the card, decompressed.
        files: By file name: the image as published, its block map, its bill of materials.
    """

    name: str
    version: str
    image: FileEntry
    files: dict[str, FileEntry]

    def to_json(self) -> str:
        """Sorted and indented, so that the same content gives the same signature."""
        value = {
            "format": FORMAT,
            "name": self.name,
            "version": self.version,
            "image": _entry_json(self.image),
            "files": {name: _entry_json(entry) for name, entry in self.files.items()},
        }
        return json.dumps(value, indent=2, sort_keys=True) + "\n"


def manifest_of(image: Path) -> Path:
    """Where an image's manifest lies: beside it, ``x.img.zst`` has ``x.manifest.json``."""
    return image.with_name(re.sub(r"\.img(\.\w+)?$", "", image.name) + _SUFFIX)


def file_entry(path: Path) -> FileEntry:
    """Size and hash of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return FileEntry(file.tell(), digest.hexdigest())


def load_verified(image: Path, keys: list[Path]) -> Manifest:
    """The manifest of an image, when one of the keys signed it and it fits the image's file.

    Only the size of the image's file is looked at: its contents are hashed while they are
    written. Other files are checked when they are used (`verify_file`).

    Raises:
        ProvisioningError: Unsigned, wrongly signed, of another image, or cut short.
    """
    path = manifest_of(image)
    signature = path.with_name(path.name + _SIGNATURE_SUFFIX)
    if not image.is_file():
        raise ProvisioningError(f"{image}: there is no such image; check the path")
    for needed in (path, signature):
        if not needed.is_file():
            raise ProvisioningError(
                f"{image.name} is not signed: {needed.name} is missing beside it;"
                " download it again with all its files"
            )
    if not keys:
        raise ProvisioningError(
            "there is no public key to check the image with; put the maker's into image/keys/"
        )
    text = path.read_bytes()
    if not any(_signed_by(key, path, signature) for key in keys):
        raise ProvisioningError(
            f"{image.name}: the signature is wrong, none of {len(keys)} known keys made it;"
            " do not use this image, download it again from its maker"
        )
    if path.read_bytes() != text:
        raise ProvisioningError(f"{path.name} changes while it is read; start again")
    manifest = parse(text, path.name)
    entry = manifest.files.get(image.name)
    if entry is None:
        raise ProvisioningError(
            f"{path.name} is signed, but for another image than {image.name}; do not rename files"
        )
    if image.stat().st_size != entry.size_bytes:
        raise ProvisioningError(
            f"{image.name} has {image.stat().st_size} bytes and should have {entry.size_bytes};"
            " it was cut short or changed, download it again"
        )
    return manifest


def verify_file(manifest: Manifest, path: Path) -> None:
    """Compare a file beside the image with what was signed.

    Raises:
        ProvisioningError: It differs, or is not part of the image.
    """
    if manifest.files.get(path.name) != file_entry(path):
        raise ProvisioningError(f"{path.name} is not what was signed; download it again")


def parse(text: bytes, name: str) -> Manifest:
    """A manifest from its file's contents.

    Raises:
        ProvisioningError: It is none, or of a later format.
    """
    try:
        value = json.loads(text)
        if value["format"] != FORMAT:
            raise ProvisioningError(f"{name} is of a later format; update flash.sh")
        return Manifest(
            name=str(value["name"]),
            version=str(value["version"]),
            image=_entry(value["image"]),
            files={str(name): _entry(entry) for name, entry in value["files"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProvisioningError(f"{name} is no manifest; download it again") from error


def sign(manifest: Path, secret_key: Path) -> None:
    """Sign a manifest; minisign asks for the key's password where it has one.

    Raises:
        ProvisioningError: minisign is missing or refuses.
    """
    _minisign("-S", "-s", str(secret_key), "-m", str(manifest), "-t", "Myna image", silent=False)


def make_keys(public: Path, secret: Path) -> None:
    """Make a pair of keys without a password, for images of one's own."""
    _minisign("-G", "-W", "-p", str(public), "-s", str(secret), silent=True)


def _signed_by(key: Path, manifest: Path, signature: Path) -> bool:
    command = ["minisign", "-V", "-q", "-p", str(key), "-m", str(manifest), "-x", str(signature)]
    return _run(command, silent=True) == 0


def _minisign(*arguments: str, silent: bool) -> None:
    if _run(["minisign", *arguments], silent=silent) != 0:
        raise ProvisioningError("minisign could not do it; check the key and its folder")


def _run(command: list[str], *, silent: bool) -> int:
    try:
        return subprocess.run(command, capture_output=silent, check=False).returncode
    except OSError as error:
        raise ProvisioningError("minisign is missing; install the package minisign") from error


def _entry(value: dict[str, Any]) -> FileEntry:
    return FileEntry(int(value["bytes"]), str(value["sha256"]))


def _entry_json(entry: FileEntry) -> dict[str, object]:
    return {"bytes": entry.size_bytes, "sha256": entry.sha256}
