"""Each board's certificate: signed by the factory's key, in a file or on a token."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from core.errors import ProvisioningError
from provisioning.factory.certificates import FactoryKey, make_factory_key

SERIAL = "MY-ABCD-EFGH"
MODULE = "/usr/lib/softhsm/libsofthsm2.so"
URI = "pkcs11:token=factory;object=factory;type=private;pin-value=1234"

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
needs_token = pytest.mark.skipif(
    not (shutil.which("softhsm2-util") and shutil.which("pkcs11-tool") and Path(MODULE).exists()),
    reason="needs softhsm2, opensc and libengine-pkcs11-openssl",
)


def openssl(*words: str) -> str:
    done = subprocess.run(["openssl", *words], capture_output=True, text=True, check=True)
    return done.stdout


def hold_against(factory: FactoryKey, folder: Path) -> None:
    """Issue a certificate and look at it as a platform would."""
    made = factory.issue(SERIAL)
    leaf, key = folder / "leaf.pem", folder / "key.pem"
    leaf.write_bytes(made.certificate)
    key.write_bytes(made.key)
    verified = openssl(
        *("verify", "-purpose", "sslclient", "-CAfile", str(factory.certificate), str(leaf))
    )
    assert verified.strip().endswith(": OK")
    assert f"CN = {SERIAL}" in openssl("x509", "-in", str(leaf), "-noout", "-subject")
    of_leaf = openssl("x509", "-in", str(leaf), "-noout", "-pubkey")
    assert of_leaf == openssl("pkey", "-in", str(key), "-pubout")
    assert "PRIVATE" not in made.certificate.decode()
    assert "PRIVATE" not in repr(made)


def test_a_key_in_a_file(tmp_path: Path) -> None:
    factory = make_factory_key(tmp_path / "factory")
    assert Path(factory.key).stat().st_mode & 0o077 == 0
    hold_against(factory, tmp_path)
    with pytest.raises(ProvisioningError, match="holds a factory key already"):
        make_factory_key(tmp_path / "factory")


def test_no_two_boards_have_one_key_or_number(tmp_path: Path) -> None:
    factory = make_factory_key(tmp_path / "factory")
    one, other = factory.issue(SERIAL), factory.issue(SERIAL)
    assert one.key != other.key
    numbers = set()
    for name, made in (("one", one), ("other", other)):
        (tmp_path / name).write_bytes(made.certificate)
        numbers.add(openssl("x509", "-in", str(tmp_path / name), "-noout", "-serial"))
    assert len(numbers) == 2


def test_a_board_s_certificate_signs_no_other(tmp_path: Path) -> None:
    factory = make_factory_key(tmp_path / "factory")
    made = factory.issue(SERIAL)
    (tmp_path / "leaf.pem").write_bytes(made.certificate)
    (tmp_path / "leaf.key").write_bytes(made.key)
    forged = FactoryKey(tmp_path / "leaf.pem", str(tmp_path / "leaf.key")).issue("MY-0000-0000")
    (tmp_path / "forged.pem").write_bytes(forged.certificate)
    done = subprocess.run(
        [
            *("openssl", "verify", "-CAfile", str(factory.certificate)),
            *("-untrusted", str(tmp_path / "leaf.pem"), str(tmp_path / "forged.pem")),
        ],
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0


@needs_token
def test_a_key_on_a_token_that_it_never_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tokens").mkdir()
    config = tmp_path / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n", encoding="ascii")
    monkeypatch.setenv("SOFTHSM2_CONF", str(config))
    monkeypatch.setenv("PKCS11_MODULE_PATH", MODULE)
    tool = ["pkcs11-tool", "--module", MODULE]
    init = ["softhsm2-util", "--init-token", "--free", "--label", "factory"]
    generate = [*tool, "--token-label", "factory", "--login", "--pin", "1234", "--keypairgen"]
    for command in (
        [*init, "--pin", "1234", "--so-pin", "5678"],
        [*generate, "--key-type", "EC:prime256v1", "--label", "factory", "--id", "01"],
    ):
        subprocess.run(command, capture_output=True, check=True)
    certificate = tmp_path / "factory.crt"
    made = subprocess.run(
        [
            *("openssl", "req", "-x509", "-new", "-engine", "pkcs11", "-keyform", "engine"),
            *("-key", URI, "-subj", "/O=Myna/CN=Myna factory", "-days", "30"),
            *("-addext", "keyUsage=critical,keyCertSign", "-out", str(certificate)),
        ],
        capture_output=True,
        text=True,
        env=dict(os.environ),
        check=False,
    )
    if made.returncode != 0 and "engine" in made.stderr and not certificate.exists():
        pytest.skip("OpenSSL has no engine for tokens here (libengine-pkcs11-openssl)")
    assert made.returncode == 0, made.stderr
    hold_against(FactoryKey(certificate, URI), tmp_path)
    assert not list(tmp_path.glob("factory.key"))
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "gone.conf"))
    with pytest.raises(ProvisioningError, match="check the factory's certificate, key and token"):
        FactoryKey(certificate, URI).issue(SERIAL)


def test_a_key_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    factory = make_factory_key(tmp_path / "factory")
    Path(factory.key).unlink()
    with pytest.raises(ProvisioningError, match="check the factory's certificate, key and token"):
        factory.issue(SERIAL)
