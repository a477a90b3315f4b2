"""The speaker's own key: made here, kept here, shown to nobody. And who the speaker is."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.errors import ProvisioningError
from provisioning.pairing.given import given
from provisioning.pairing.ports import Applicant
from provisioning.private_files import write_private

KEY_FILE = "device.key"


class DeviceKey:
    """A P-256 key in a file that its owner alone reads; made when there is none.

    Args:
        folder: Of the pairing.

    Raises:
        OSError: It cannot be written or read.
        ProvisioningError: What lies there is no key.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / KEY_FILE
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            made = ec.generate_private_key(ec.SECP256R1())
            data = made.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            write_private(path, data)
        self.path = path
        self._key = _private(data, path)

    @property
    def digest(self) -> str:
        """SHA-256 of the public key (SubjectPublicKeyInfo), hexadecimal."""
        data = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hashlib.sha256(data).hexdigest()

    def request(self, device: str) -> str:
        """A certificate request (PKCS #10, PEM)."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device)])
        made = x509.CertificateSigningRequestBuilder().subject_name(name)
        signed = made.sign(self._key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM).decode("ascii")

    def fits(self, certificate: str) -> bool:
        """Whether a certificate (PEM) is for this key."""
        try:
            shown = x509.load_pem_x509_certificate(certificate.encode())
        except ValueError:
            return False
        return shown.public_key() == self._key.public_key()


def made(folder: Path) -> bool:
    """Whether there is a key already.

    Raises:
        OSError: That cannot be seen.
    """
    try:
        return (folder / KEY_FILE).stat().st_size > 0
    except FileNotFoundError:
        return False


def applicant(key: DeviceKey, identity_folder: Path) -> Applicant:
    """Who the speaker is: what flashing made of it, else a provisional one made of its key.

    A provisional id cannot be borne by a speaker with another key.

    Raises:
        ProvisioningError: The identity is there and cannot be read.
    """
    known = given(identity_folder)
    if known is None:
        return Applicant(f"myna-k{key.digest[:20]}", key.digest)
    device = "myna-" + known.identity.serial.removeprefix("MY-").replace("-", "").lower()
    if not known.certificate or not known.key:
        return Applicant(device, key.digest)
    factory = _private(known.key.encode(), identity_folder)
    said = f"myna pairing\n{device}\n{key.digest}\n".encode("ascii")
    signature = factory.sign(said, ec.ECDSA(hashes.SHA256()))
    # The bench writes the factory's own certificate behind the board's.
    first, mark, _ = known.certificate.partition("-----END CERTIFICATE-----")
    shown = f"{first}{mark}\n"
    return Applicant(device, key.digest, shown, base64.b64encode(signature).decode("ascii"))


def is_provisional(applicant: Applicant) -> bool:
    """Whether no factory gave the speaker its id."""
    return applicant.device == f"myna-k{applicant.key[:20]}"


def fingerprint(certificate: str) -> str:
    """SHA-256 of a certificate's (PEM) DER form, hexadecimal.

    Raises:
        ValueError: It is none.
    """
    return x509.load_pem_x509_certificate(certificate.encode()).fingerprint(hashes.SHA256()).hex()


def _private(data: bytes, path: Path) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError) as error:
        raise ProvisioningError(f"{path} is no key: remove it, and pair again") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ProvisioningError(f"{path} is no key on an elliptic curve: pair again")
    return key
