"""Which disks there are, and which of them must never be written to."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from core.errors import ProvisioningError
from provisioning.factory.ports import Disk

_COLUMNS = "NAME,PATH,MAJ:MIN,TYPE,SIZE,MODEL,SERIAL,RM,HOTPLUG,RO,MOUNTPOINTS,FSTYPE"
LIMIT_BYTES = 256 * 10**9
"""A card larger than this is more likely somebody's backup disk."""

_SYSTEM_MOUNTS = ("/", "/boot", "/boot/efi", "/boot/firmware", "/usr", "/var", "/home", "[SWAP]")


def list_disks() -> list[Disk]:
    """Every disk, partition and loop device that the system shows.

    Raises:
        ProvisioningError: lsblk is missing or fails.
    """
    command = ["lsblk", "--json", "--bytes", "--output", _COLUMNS]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ProvisioningError(
            "lsblk does not say which disks there are; install the package util-linux"
        ) from error
    return parse_lsblk(result.stdout)


def parse_lsblk(text: str) -> list[Disk]:
    """The disks in lsblk's JSON, children after their parents."""
    try:
        return [disk for entry in json.loads(text)["blockdevices"] for disk in _flat(entry)]
    except (ValueError, KeyError, TypeError) as error:
        raise ProvisioningError("lsblk's answer cannot be understood; update util-linux") from error


def _flat(entry: dict[str, Any]) -> Iterator[Disk]:
    yield Disk(
        path=entry["path"],
        kind=entry["type"],
        size_bytes=int(entry["size"] or 0),
        model=(entry["model"] or "").strip(),
        serial=(entry["serial"] or "").strip(),
        number=entry["maj:min"].strip(),
        removable=bool(entry["rm"]) or bool(entry["hotplug"]),
        read_only=bool(entry["ro"]),
        mounted=tuple(_users(entry)),
    )
    for child in entry.get("children", ()):
        yield from _flat(child)


def _users(entry: dict[str, Any]) -> Iterator[str]:
    """Mount points of a disk and all on it, and what else holds it (LVM, RAID, encryption)."""
    yield from (point for point in entry["mountpoints"] if point)
    if entry["fstype"] == "zfs_member":  # lsblk does not know who uses it
        yield f"ZFS on {entry['name']}"
    for child in entry.get("children", ()):
        if child["type"] not in {"part", "disk"}:
            yield f"{child['type']} {child['name']}"
        yield from _users(child)


def chosen(disks: Iterable[Disk], target: str) -> Disk:
    """The disk that a path means; links are followed.

    Raises:
        ProvisioningError: There is no such disk.
    """
    real = os.path.realpath(target)
    for disk in disks:
        if os.path.realpath(disk.path) == real:
            return disk
    raise ProvisioningError(
        f"{target}: there is no such disk; ./flash.sh --list shows what there is"
    )


def objections(
    disk: Disk, *, needed_bytes: int, limit_bytes: int = LIMIT_BYTES, really: Sequence[str] = ()
) -> list[str]:
    """Why a disk must not be written to, a sentence each; empty when it may.

    Args:
        disk: As the system describes it now.
        needed_bytes: Size of the image.
        limit_bytes: Anything larger is refused.
        really: Paths that the technician insists on although they are not removable. Nothing
            else can be insisted on.
    """
    said = []
    users = ", ".join(disk.mounted)
    if any(point in _SYSTEM_MOUNTS for point in disk.mounted):
        said.append(f"it holds the running system ({users}); choose another")
    elif disk.mounted:
        said.append(f"it is in use ({users}); unmount it first")
    if disk.kind == "part":
        said.append("it is a partition; name the whole card")
    elif disk.kind not in {"disk", "loop"}:
        said.append(f"it is no disk but of the kind {disk.kind}; name a card")
    if disk.size_bytes == 0:
        said.append("there is no card in it; insert one")
    elif disk.size_bytes < needed_bytes:
        said.append(
            f"it holds {size(disk.size_bytes)}, the image {size(needed_bytes)}; take a larger card"
        )
    if disk.size_bytes > limit_bytes:
        said.append(f"it is larger than {size(limit_bytes)}; if it is a card, say --limit GB")
    if disk.read_only:
        said.append("it is read-only; move the little lock on its side")
    insisted = {os.path.realpath(path) for path in really}
    if not disk.removable and os.path.realpath(disk.path) not in insisted:
        said.append(
            f"it is not removable; if it is a card all the same, say --yes-really {disk.path}"
        )
    return [f"{disk.path}: {sentence}" for sentence in said]


def choose_all(
    targets: Sequence[str],
    disks: Sequence[Disk],
    *,
    needed_bytes: int,
    limit_bytes: int = LIMIT_BYTES,
    really: Sequence[str] = (),
) -> list[Disk]:
    """The disks that targets mean, when every one of them may be written to.

    Raises:
        ProvisioningError: Everything that is wrong with any of them, a line each.
    """
    wrong: list[str] = []
    found: list[Disk] = []
    for target in targets:
        try:
            disk = chosen(disks, target)
        except ProvisioningError as error:
            wrong.append(str(error))
            continue
        if disk in found:
            wrong.append(f"{target}: it is named twice; name each card once")
            continue
        found.append(disk)
        wrong += objections(disk, needed_bytes=needed_bytes, limit_bytes=limit_bytes, really=really)
    if wrong:
        raise ProvisioningError("\n".join(wrong))
    return found


def size(count: float) -> str:
    """Bytes as a card's label says them: 31.9 GB."""
    for unit in ("bytes", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.4g} GB"
