"""A key and a certificate for each board, signed by the factory's key (OpenSSL)."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import ProvisioningError

_DAYS = 20 * 365


@dataclass(frozen=True, slots=True)
class DeviceCredentials:
    """PEM texts: the board's key, and its certificate followed by the factory's."""

    key: bytes = field(repr=False)
    certificate: bytes


@dataclass(frozen=True, slots=True)
class FactoryKey:
    """What signs boards' certificates.

    Attributes:
        certificate: The factory's own certificate, PEM.
        key: A PEM file outside the tree, or the URI of a key on a token (``pkcs11:object=…``),
            which never leaves it.
    """

    certificate: Path
    key: str

    def issue(self, serial: str) -> DeviceCredentials:
        """A fresh P-256 key and a certificate for it with the serial as common name.

        Raises:
            ProvisioningError: OpenSSL is missing, or the factory's key cannot be used.
        """
        with tempfile.TemporaryDirectory() as folder:
            key, request = Path(folder, "key.pem"), Path(folder, "request.pem")
            extensions = Path(folder, "extensions")
            extensions.write_text(
                "basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\n"
                "extendedKeyUsage = clientAuth\nsubjectKeyIdentifier = hash\n"
                "authorityKeyIdentifier = keyid\n",
                encoding="ascii",
            )
            _openssl(
                *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
                *("-keyout", str(key), "-out", str(request), "-subj", f"/O=Myna/CN={serial}"),
            )
            signed = _openssl(
                *("x509", "-req", "-in", str(request), "-days", str(_DAYS), "-sha256"),
                *("-CA", str(self.certificate), *self._key_options()),
                *("-set_serial", f"0x{_number()}", "-extfile", str(extensions)),
            )
            return DeviceCredentials(key.read_bytes(), signed + self.certificate.read_bytes())

    def _key_options(self) -> tuple[str, ...]:
        if self.key.startswith("pkcs11:"):
            return ("-CAkeyform", "engine", "-engine", "pkcs11", "-CAkey", self.key)
        return ("-CAkey", self.key)


def make_factory_key(folder: Path) -> FactoryKey:
    """A factory key in files, for a bench without a token.

    Raises:
        ProvisioningError: There is one already, or OpenSSL refuses.
    """
    made = FactoryKey(folder / "factory.crt", str(folder / "factory.key"))
    if made.certificate.exists() or Path(made.key).exists():
        raise ProvisioningError(f"{folder} holds a factory key already; it is not replaced")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
        *("-keyout", made.key, "-out", str(made.certificate), "-days", str(_DAYS)),
        *("-subj", "/O=Myna/CN=Myna factory", "-addext", "basicConstraints=critical,CA:TRUE"),
        *("-addext", "keyUsage=critical,keyCertSign"),
    )
    Path(made.key).chmod(0o600)
    return made


def _number() -> str:
    return _openssl("rand", "-hex", "16").decode("ascii").strip()


def _openssl(*arguments: str) -> bytes:
    try:
        result = subprocess.run(["openssl", *arguments], capture_output=True, check=False)
    except OSError as error:
        raise ProvisioningError("openssl is missing; install the package openssl") from error
    if result.returncode != 0:
        last = result.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise ProvisioningError(
            f"openssl refuses ({last}); check the factory's certificate, key and token"
        )
    return result.stdout
