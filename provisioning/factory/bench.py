"""A run at the bench: check everything, flash, name, write down."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import ProvisioningError
from provisioning.factory.blockmap import Range, read_map
from provisioning.factory.card_block import BlockCard
from provisioning.factory.certificates import FactoryKey
from provisioning.factory.flasher import Job, Outcome, flash_cards
from provisioning.factory.ledger import Entry, Ledger, Result
from provisioning.factory.manifest import Manifest, load_verified, verify_file
from provisioning.factory.ports import Card, Disk
from provisioning.factory.source import blocks
from provisioning.identity import (
    CERTIFICATE_FILE,
    FOLDER,
    IDENTITY_FILE,
    KEY_FILE,
    TEST_WANTED_FILE,
    DeviceIdentity,
)


@dataclass(frozen=True, slots=True)
class Image:
    """An image whose signature was good.

    Attributes:
        ranges: What its block map says is in use; None without one.
    """

    path: Path
    manifest: Manifest
    ranges: list[Range] | None


def load_image(path: Path, keys: Sequence[Path]) -> Image:
    """An image with its manifest and, where one was published and lies beside it, its block map.

    Raises:
        ProvisioningError: It is not signed, or not what was signed.
    """
    manifest = load_verified(path, list(keys))
    ranges = None
    for name in manifest.files:
        beside = path.with_name(name)
        if name.endswith(".bmap") and beside.is_file():
            verify_file(manifest, beside)
            ranges = read_map(beside, manifest.image.size_bytes)
    return Image(path, manifest, ranges)


@dataclass(frozen=True, slots=True)
class Order:
    """One card and who it becomes."""

    disk: Disk
    identity: DeviceIdentity


@dataclass(frozen=True, slots=True)
class Finished:
    """An order and how it ended."""

    order: Order
    outcome: Outcome


def flash_orders(
    image: Image,
    orders: Sequence[Order],
    *,
    ledger: Ledger,
    operator: str,
    factory: FactoryKey | None,
    cancelled: threading.Event,
    bench_test: bool = False,
    show: Callable[[Sequence[Job]], None] = lambda _jobs: None,
    open_card: Callable[[Disk], Card] = BlockCard,
) -> list[Finished]:
    """Flash all cards; every identity is reserved before the first byte is written.

    Args:
        image: What to write.
        orders: One per card.
        ledger: Where it is written down.
        operator: Who does it.
        factory: Signs a certificate for each board; without it boards get none.
        cancelled: Set from anywhere to stop.
        bench_test: Each box is to try itself at its first start.
        show: Called with the jobs before they begin, to show their progress.
        open_card: Opens a disk.

    Returns:
        One per order. A card whose end could not be written down is not good.

    Raises:
        ProvisioningError: An identity is taken, the ledger cannot be written or the factory's key
            not be used; no card was touched.
    """
    files = [_files(order.identity, factory, bench_test=bench_test) for order in orders]
    numbers: list[int] = []
    try:
        # Grows one by one, so that those before a refused one are known.
        numbers.extend(ledger.begin(_entry(image, order, operator)) for order in orders)
    except ProvisioningError:
        for number in numbers:
            ledger.finish(number, Result.FAILED, "not begun")
        raise
    jobs = [
        Job(order.disk.path, lambda disk=order.disk: open_card(disk), each)  # type: ignore[misc]
        for order, each in zip(orders, files, strict=True)
    ]
    show(jobs)
    outcomes = flash_cards(
        jobs,
        blocks(image.path, image.manifest.image),
        image_bytes=image.manifest.image.size_bytes,
        ranges=image.ranges,
        cancelled=cancelled,
    )
    return [
        Finished(order, _written_down(ledger, number, outcome))
        for order, number, outcome in zip(orders, numbers, outcomes, strict=True)
    ]


def _written_down(ledger: Ledger, number: int, outcome: Outcome) -> Outcome:
    result = Result.GOOD if outcome.good else Result.FAILED
    if outcome.interrupted:
        result = Result.INTERRUPTED
    try:
        ledger.finish(number, result, outcome.sentence)
    except ProvisioningError as error:
        return Outcome(False, f"{outcome.sentence}; but {error}: do not use it")
    return outcome


def _entry(image: Image, order: Order, operator: str) -> Entry:
    return Entry(
        identity=order.identity,
        operator=operator,
        station=socket.gethostname(),
        image=f"{image.manifest.name} {image.manifest.version}",
        image_sha256=image.manifest.image.sha256,
        card_model=order.disk.model,
        card_serial=order.disk.serial,
        card_bytes=order.disk.size_bytes,
    )


def _files(
    identity: DeviceIdentity, factory: FactoryKey | None, *, bench_test: bool
) -> dict[str, bytes]:
    files = {f"{FOLDER}/{IDENTITY_FILE}": identity.to_json().encode("utf-8")}
    if factory is not None:
        credentials = factory.issue(identity.serial)
        files[f"{FOLDER}/{KEY_FILE}"] = credentials.key
        files[f"{FOLDER}/{CERTIFICATE_FILE}"] = credentials.certificate
    if bench_test:
        files[f"{FOLDER}/{TEST_WANTED_FILE}"] = b"at the first start\n"
    return files
