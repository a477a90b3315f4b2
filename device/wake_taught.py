"""What children taught of the wake phrase, kept with their progress and gone with it.

A file for each child in the state folder, readable by the speaker's user alone: phones of the
phrase and one number, no sound.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from pathlib import Path

from core.errors import StoreError
from dialog.phone_set import PHONE_ID
from dialog.wake.question import Taught
from dialog.wake.teaching import MOST_BIAS, together
from provisioning.private_files import write_private

log = logging.getLogger(__name__)

FOLDER = "wake"
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


def keep(folder: Path, child: str, taught: Taught) -> None:
    """Keep what a child taught; what it taught before is gone.

    Args:
        folder: The state folder.
        child: The child's id in the store.
        taught: Of the phrase that is listened for.

    Raises:
        StoreError: It cannot be written.
    """
    path = _path(folder, child)
    written = {"phrase": taught.phrase, "bias": round(taught.bias, 3), "further": taught.further}
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_private(path, json.dumps(written).encode())
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error.strerror}): free some space and make its folder"
            " writable; what was taught is not kept"
        ) from error


def taught(folder: Path | None, phrase: str) -> Taught | None:
    """What all children together taught of a phrase; None where nobody did."""
    if folder is None:
        return None
    found = []
    for path in sorted((folder / FOLDER).glob("*.json")):
        try:
            each = _read(path)
        except (OSError, ValueError, KeyError, TypeError):
            log.warning("what a child taught of the wake phrase cannot be read: teach it again")
            continue
        if each.phrase == phrase.lower():
            found.append(each)
    return together(found)


def forget(folder: Path | None, children: Iterable[str]) -> None:
    """Delete what these children taught.

    Raises:
        StoreError: It cannot be deleted.
    """
    if folder is None:
        return
    for child in children:
        path = _path(folder, child)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path} cannot be deleted ({error.strerror})") from error


def _path(folder: Path, child: str) -> Path:
    if not _ID.fullmatch(child):
        raise ValueError("that is no child's id")
    return folder / FOLDER / f"{child}.json"


def _read(path: Path) -> Taught:
    kept = json.loads(path.read_text(encoding="utf-8"))
    further = tuple(
        tuple(tuple(str(phone) for phone in way) for way in word) for word in kept["further"]
    )
    if any(phone not in PHONE_ID for word in further for way in word for phone in way):
        raise ValueError("no phone of ours")
    bias = float(kept["bias"])
    if not 0.0 <= bias <= MOST_BIAS:
        raise ValueError("no bias of ours")
    return Taught(str(kept["phrase"]), further, bias)
