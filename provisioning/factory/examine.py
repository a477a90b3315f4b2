"""What a card is: read back at any later time."""

from __future__ import annotations

import json
from dataclasses import dataclass

from core.errors import ProvisioningError
from provisioning.factory.boot_partition import first_partition, read_files
from provisioning.factory.ports import Card
from provisioning.identity import (
    CERTIFICATE_FILE,
    FOLDER,
    IDENTITY_FILE,
    KEY_FILE,
    TEST_WANTED_FILE,
    DeviceIdentity,
    parse_identity,
)

IMAGE_FILE = f"{FOLDER}/image.json"
REPORT_FILE = f"{FOLDER}/bench-test.json"
_WANTED_FILE = f"{FOLDER}/{TEST_WANTED_FILE}"
_HEAD_BYTES = 512


@dataclass(frozen=True, slots=True)
class CardReport:
    """What was found on a card.

    Attributes:
        image: Name and version of the image, ``myna-pi 0.1.0``; None where it does not say.
        identity: Without its secrets once the box has started from the card; None for none.
        started: Whether a box has taken over its secrets.
        certified: Whether there is, or was, a certificate.
        bench_test: The report of the first power-up, as JSON; None where there is none.
        test_wanted: The first start is to be a test, and has not been yet.
    """

    image: str | None
    identity: DeviceIdentity | None
    started: bool
    certified: bool
    bench_test: str | None
    test_wanted: bool


def examine_card(card: Card) -> CardReport:
    """Read who and what a card is.

    Raises:
        ProvisioningError: It is no finished card of Myna.
        OSError: It cannot be read.
    """
    where = first_partition(card.read(0, _HEAD_BYTES))
    files = {name: f"{FOLDER}/{name}" for name in (IDENTITY_FILE, KEY_FILE, CERTIFICATE_FILE)}
    found = read_files(card, where, [*files.values(), IMAGE_FILE, REPORT_FILE, _WANTED_FILE])
    if not found:
        raise ProvisioningError("it is a bootable card, but none of Myna's")
    identity = None
    if text := found.get(files[IDENTITY_FILE]):
        identity = parse_identity(text.decode("utf-8", "replace"))
    report = found.get(REPORT_FILE)
    return CardReport(
        image=_image(found.get(IMAGE_FILE)),
        identity=identity,
        started=identity is not None and not identity.setup_password,
        certified=files[CERTIFICATE_FILE] in found,
        bench_test=None if report is None else report.decode("utf-8", "replace"),
        test_wanted=_WANTED_FILE in found,
    )


def _image(text: bytes | None) -> str | None:
    try:
        value = json.loads(text or b"null")
        return f"{value['name']} {value['version']}"
    except (ValueError, KeyError, TypeError):
        return None
