"""Lesson packs that came over the network: fetched, checked against hash and signature, kept."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import PackError
from dialog.packs import choose_pack, load_pack
from dialog.packs.model import Pack
from provisioning.https_only import open_https

SIZE_LIMIT_BYTES = 8 * 1024 * 1024
FETCH_WITHIN_S = 40.0
QUIET_AT_MOST_S = 10.0
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_KEY_BYTES, _SIGNATURE_BYTES = 42, 74
_ALGORITHMS: Mapping[bytes, Callable[[bytes], bytes]] = {
    b"Ed": lambda data: data,
    b"ED": lambda data: hashlib.blake2b(data).digest(),
}
"""What a minisign signature is over, by its first two bytes: the file, or its BLAKE2b-512."""


class PackShelf:
    """A folder of zips, one for each pack, and where others are looked for.

    Args:
        folder: Made when missing.
        key: A minisign public key (``RW…``); what it has not signed is refused. Empty: all is.
        ca_file: Trusted for fetching beside what the system trusts; empty: nothing.
        packs: The configuration's own packs; none of theirs is ever replaced.
    """

    def __init__(self, folder: Path, *, key: str, ca_file: str, packs: Sequence[str]) -> None:
        self._folder = folder
        self._key = key
        self._ca_file = ca_file
        self._packs = packs

    def trust(self, key: str, ca_file: str) -> None:
        """Take packs that another key has signed from now on, and fetch them with another trust."""
        self._key, self._ca_file = key, ca_file

    def find(self, pack_id: str) -> Pack:
        """A pack by its id.

        Raises:
            PackError: There is none, or it has mistakes.
        """
        ours = self._folder / f"{pack_id}.zip"
        if _ID.fullmatch(pack_id) and ours.exists():
            return load_pack(ours)
        return choose_pack(pack_id, self._packs)

    def ids(self) -> tuple[str, ...]:
        """Of the packs that came over the network."""
        return tuple(sorted(path.stem for path in self._folder.glob("*.zip")))

    def fetch(self, args: Mapping[str, Any]) -> Pack:
        """Fetch, verify and keep a pack, in the place of one with its id that came the same way.

        Args:
            args: ``url``, ``sha256`` (hex), ``signature`` (minisign's second line).

        Raises:
            PackError: Its code says why: ``pack.no_key``, ``pack.fetch``, ``pack.hash``,
                ``pack.signature``, ``pack.id``, ``lessons.invalid``, ``pack.disk``.
        """
        if not self._key:
            raise PackError("no pack is trusted: set [sync] pack_key", code="pack.no_key")
        data = self._download(args["url"])
        if not hmac.compare_digest(hashlib.sha256(data).hexdigest(), args["sha256"]):
            raise PackError("the pack is not the one that was announced", code="pack.hash")
        verify(data, args["signature"], self._key)
        return self.keep(data)

    def keep(self, data: bytes) -> Pack:
        """Keep a pack whose origin has been verified, as `fetch` does.

        Raises:
            PackError: ``pack.id``, ``lessons.invalid``, ``pack.disk``.
        """
        fresh = self._folder / "fresh.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with fresh.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            pack = load_pack(fresh)
            self._check_id(pack.id)
            os.replace(fresh, self._folder / f"{pack.id}.zip")
            _sync(self._folder)
        except OSError as error:
            raise PackError(
                f"the pack cannot be kept ({error.strerror})", code="pack.disk"
            ) from error
        finally:
            fresh.unlink(missing_ok=True)
        return pack

    def _check_id(self, pack_id: str) -> None:
        taken = True
        try:
            choose_pack(pack_id, self._packs)
        except PackError:
            taken = False
        if taken or not _ID.fullmatch(pack_id):
            raise PackError("a pack of that id is there already", code="pack.id")

    def _download(self, url: str) -> bytes:
        if not url.startswith("https://"):
            raise PackError("packs come over https:// alone", code="pack.fetch")
        until_s = time.monotonic() + FETCH_WITHIN_S
        data = bytearray()
        try:
            context = ssl.create_default_context()
            if self._ca_file:
                context.load_verify_locations(cafile=self._ca_file)
            with open_https(url, timeout_s=QUIET_AT_MOST_S, context=context) as answer:
                while piece := answer.read(64 * 1024):
                    data += piece
                    if len(data) > SIZE_LIMIT_BYTES or time.monotonic() > until_s:
                        raise PackError("the pack is too large or too slow", code="pack.fetch")
        except (OSError, ValueError) as error:
            raise PackError(
                "the pack cannot be fetched: check its address", code="pack.fetch"
            ) from error
        return bytes(data)


def verify(data: bytes, signature: str, key: str) -> None:
    """Hold a minisign signature against the key.

    Raises:
        PackError: It was not signed with this key, or one of the two is malformed.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        public, signed = (
            base64.b64decode(key, validate=True),
            base64.b64decode(signature, validate=True),
        )
        if (
            len(public) != _KEY_BYTES
            or len(signed) != _SIGNATURE_BYTES
            or public[2:10] != signed[2:10]
        ):
            raise ValueError("not of that key")
        message = _ALGORITHMS[signed[:2]](data)
        Ed25519PublicKey.from_public_bytes(public[10:]).verify(signed[10:], message)
    except (binascii.Error, ValueError, KeyError, InvalidSignature) as error:
        raise PackError(
            "the pack is not signed by whom you trust", code="pack.signature"
        ) from error


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
