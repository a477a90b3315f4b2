"""Whether a speaker is the one that its serial number names: the factory's certificate says so."""

from __future__ import annotations

import base64
import binascii
import datetime
import secrets
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def secret() -> str:
    """256 random bits as text."""
    return secrets.token_urlsafe(32)


def to_be_signed(device: str, key: str) -> bytes:
    """What a speaker signs with its factory key, to have a key of its own certified."""
    return f"myna pairing\n{device}\n{key}\n".encode("ascii")


def holds(factory_ca: str, device: str, key: str, said: Mapping[str, str]) -> bool:
    """Whether the speaker bears a certificate of the factory for its serial, and its key.

    Args:
        factory_ca: Place of the factory's certificate, PEM.
        device: ``myna-`` and the serial's eight letters, small.
        key: SHA-256 of the key that is to be certified.
        said: ``factory_certificate`` (PEM) and ``factory_signature`` (base64, ECDSA, SHA-256).

    Raises:
        OSError: The factory's certificate cannot be read.
    """
    factory = x509.load_pem_x509_certificate(Path(factory_ca).read_bytes())
    try:
        # What follows the first certificate is the factory's own, as the bench writes it.
        shown = x509.load_pem_x509_certificate(said.get("factory_certificate", "").encode())
        shown.verify_directly_issued_by(factory)
        (common,) = shown.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        public = shown.public_key()
        signature = base64.b64decode(said.get("factory_signature", ""), validate=True)
        if not isinstance(public, ec.EllipticCurvePublicKey):
            return False
        public.verify(signature, to_be_signed(device, key), ec.ECDSA(hashes.SHA256()))
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, binascii.Error):
        return False
    serial = str(common.value).removeprefix("MY-").replace("-", "").lower()
    in_time = shown.not_valid_after_utc > datetime.datetime.now(datetime.UTC)
    return device == f"myna-{serial}" and in_time
