"""A certificate authority for one house: the broker, the hub and every speaker get one of its."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_DAYS = 3650
CRL_FILE = "crl.pem"
_LOOPBACK = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(ipaddress.ip_address("::1")),
)


LONG_AGO = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
"""What is valid from then on is valid for a speaker without a clock, too."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate for somebody's own key.

    Attributes:
        pem: The certificate.
        serial: Its number, hexadecimal.
        fingerprint: SHA-256 of its DER form, hexadecimal.
    """

    pem: str
    serial: str
    fingerprint: str


class BadRequest(ValueError):
    """A certificate request that is none, or not one to be signed."""


class Authority:
    """Makes certificates; its own lies in ``ca.crt`` and ``ca.key`` and is made when missing.

    Args:
        folder: Where everything lies; made when missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.certificate = folder / "ca.crt"
        if not self.certificate.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            name = _name("Myna hub")
            made = (
                _builder(name, name, key.public_key())
                .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
                .add_extension(_usage(signs=True), critical=True)
                .sign(key, hashes.SHA256())
            )
            _write_key(folder / "ca.key", key)
            self.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, *, server: bool = False) -> tuple[Path, Path]:
        """Certificate and key for a name; those that are there already are kept.

        Args:
            name: Becomes the common name, which the broker takes for the user's.
            server: For a server on this machine rather than for a client.
        """
        place, key_place = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        if place.exists() and key_place.exists():
            return place, key_place
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._sign(name, key.public_key(), server=server)
        _write_key(key_place, key)
        place.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return place, key_place

    def certify(self, request: str, name: str, key_digest: str) -> Issued:
        """A certificate for a speaker that has made its key itself.

        Args:
            request: PKCS #10, PEM. What it says about its subject is not looked at.
            name: Becomes the common name.
            key_digest: SHA-256 of the public key that it has to be for, see `digest_of_key`.

        Raises:
            BadRequest: It is none, not signed by its own key, or for another key.
        """
        try:
            asked = x509.load_pem_x509_csr(request.encode("utf-8"))
            key = asked.public_key()
            if not asked.is_signature_valid or not isinstance(key, ec.EllipticCurvePublicKey):
                raise BadRequest("not signed by its own key, or not one on an elliptic curve")
        except (ValueError, UnsupportedAlgorithm) as error:
            raise BadRequest("no certificate request") from error
        if not isinstance(key.curve, ec.SECP256R1) or digest_of_key(key) != key_digest:
            raise BadRequest("for another key than the one that began")
        made = self._sign(name, key, server=False)
        return Issued(
            made.public_bytes(serialization.Encoding.PEM).decode("ascii"),
            f"{made.serial_number:x}",
            made.fingerprint(hashes.SHA256()).hex(),
        )

    def revoke(self, serials: Iterable[str]) -> Path:
        """Write the list of revoked certificates, whole, for the broker; returns its place.

        Args:
            serials: Hexadecimal, of all that were ever revoked.
        """
        issuer, signing = self._own()
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.subject)
            .last_update(LONG_AGO)
            # A list that has run out would lock everybody out.
            .next_update(now + datetime.timedelta(days=VALID_DAYS))
        )
        for serial in sorted(set(serials)):
            entry = x509.RevokedCertificateBuilder().serial_number(int(serial, 16))
            builder = builder.add_revoked_certificate(entry.revocation_date(LONG_AGO).build())
        data = builder.sign(signing, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        place = self.folder / CRL_FILE
        fresh = place.with_suffix(".new")
        fresh.write_bytes(data)
        fresh.replace(place)
        return place

    def _own(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        issuer = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        signing = serialization.load_pem_private_key(
            (self.folder / "ca.key").read_bytes(), password=None
        )
        if not isinstance(signing, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{self.folder / 'ca.key'} is not a key made here")
        return issuer, signing

    def _sign(self, name: str, key: ec.EllipticCurvePublicKey, *, server: bool) -> x509.Certificate:
        issuer, signing = self._own()
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = (
            _builder(_name(name), issuer.subject, key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()),
                critical=False,
            )
        )
        if server:
            builder = builder.add_extension(x509.SubjectAlternativeName(_LOOPBACK), critical=False)
        return builder.sign(signing, hashes.SHA256())


def digest_of_key(key: ec.EllipticCurvePublicKey) -> str:
    """SHA-256 of a public key's SubjectPublicKeyInfo, hexadecimal."""
    data = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return hashlib.sha256(data).hexdigest()


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(LONG_AGO)
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs,
        crl_sign=signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _write_key(place: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)
