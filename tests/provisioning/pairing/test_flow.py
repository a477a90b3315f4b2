"""The speaker's side of pairing: polls as RFC 8628 says, survives power cuts, trusts nobody."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.clock import VirtualClock
from core.errors import ProvisioningError
from provisioning.identity import IDENTITY_FILE, new_identity
from provisioning.pairing.fakes import FakePlatform
from provisioning.pairing.file import Alone, PairingFolder, Phase, Record
from provisioning.pairing.flow import CodeReady, Failed, MayI, Paired, Pairing
from provisioning.pairing.keys import DeviceKey, applicant, fingerprint, is_provisional
from provisioning.pairing.platform_https import HttpsPlatform, check_address
from provisioning.pairing.ports import Allowed, PairingError, Pending

ADDRESS = "https://hub.example"
YES = Allowed("bearer-7", "The Lins", 600)
AWAY = PairingError("nobody there", code="pairing.network")


def sign(request: str, device: str) -> str:
    """What a platform's authority does."""
    asked = x509.load_pem_x509_csr(request.encode())
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(asked.public_key())
        .serial_number(7)
        .not_valid_before(datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM).decode()


class Stage:
    """A speaker, its clock and a platform that says what it is told to."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock()
        self.platform = FakePlatform(sign)
        self.folder = PairingFolder(folder / "pairing")
        self.identity = folder / "identity"
        self.start()

    def start(self, boot: str = "a") -> Pairing:
        self.pairing = Pairing(
            self.folder, self.identity, lambda _: self.platform, self.clock, boot
        )
        return self.pairing

    def wait(self) -> object:
        due_s = self.pairing.due_in_s
        assert due_s is not None
        self.clock.advance_to(self.clock.now_s() + due_s)
        return self.pairing.step()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_it_polls_at_the_pace_it_is_told_slower_when_told_and_when_nobody_is_there(
    stage: Stage,
) -> None:
    stage.pairing.begin(ADDRESS)
    assert stage.pairing.step() is None
    assert stage.platform.asked == ["begin"]  # not before its time
    gaps = []
    for answer in (Pending(), Pending(slower=True), Pending(slower=True), AWAY, AWAY, Pending()):
        stage.platform.answers = [answer]
        gaps.append(stage.pairing.due_in_s)
        assert stage.wait() is None
    gaps.append(stage.pairing.due_in_s)
    # 5 as told; 10 and 15 after slow_down; twice as long each time that nobody is reached.
    assert gaps == [5, 5, 10, 15, 30, 60, 15]


def test_the_codes_run_out_by_the_speaker_s_own_clock(stage: Stage) -> None:
    stage.pairing.begin(ADDRESS)
    stage.platform.away = AWAY
    stage.clock.advance_to(599.0)
    assert stage.pairing.step() is None
    stage.clock.advance_to(600.0)
    assert stage.pairing.step() == Failed("pairing.expired")
    assert stage.pairing.due_in_s is None
    assert stage.start().record == Record()


def test_the_button_alone_makes_it_go_on(stage: Stage) -> None:
    stage.pairing.begin(ADDRESS)
    assert not stage.pairing.say_yes()
    stage.platform.answers = [YES]
    assert stage.wait() == MayI("The Lins")
    stage.clock.advance_to(stage.clock.now_s() + 500)
    assert stage.pairing.step() is None
    assert "certify" not in stage.platform.asked
    assert stage.pairing.say_yes()
    assert not stage.pairing.say_yes()
    done = stage.pairing.step()
    assert isinstance(done, Paired)
    assert stage.pairing.begin(ADDRESS) == Failed("pairing.paired")
    assert stage.start().record.phase is Phase.PAIRED


@pytest.mark.parametrize("code", ["denied", "taken", "expired", "platform", "certificate"])
def test_what_ends_it_ends_it(stage: Stage, code: str) -> None:
    stage.pairing.begin(ADDRESS)
    stage.platform.answers = [PairingError("no", code=f"pairing.{code}")]
    assert stage.wait() == Failed(f"pairing.{code}")
    assert stage.pairing.record.phase is Phase.ALONE


def test_a_power_cut_at_each_step_goes_on_from_there(stage: Stage) -> None:
    stage.pairing.begin(ADDRESS)
    stage.platform.answers = [YES]
    assert stage.start("b").resumed() == CodeReady("7KMX-2QHP", "https://hub.example/pair")
    assert stage.wait() == MayI("The Lins")
    assert stage.start("c").resumed() == MayI("The Lins")
    stage.pairing.say_yes()
    stage.platform.away = AWAY
    stage.start("d")
    assert stage.pairing.resumed() is None
    assert stage.wait() is None
    stage.platform.away = None
    assert isinstance(stage.wait(), Paired)
    assert stage.start("e").record.family == "The Lins"
    assert stage.folder.key.stat().st_mode & 0o777 == 0o600


def test_a_certificate_for_another_key_is_not_taken(stage: Stage, tmp_path: Path) -> None:
    other = DeviceKey(tmp_path / "other")
    stage.pairing.begin(ADDRESS)
    stage.platform.answers = [YES]
    stage.wait()
    stage.pairing.say_yes()
    stage.platform.sign = lambda _, device: sign(other.request(device), device)
    assert stage.pairing.step() == Failed("pairing.platform")
    assert not stage.folder.certificate.exists()


def test_a_disk_that_refuses_is_said_and_nothing_begins(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    stage.pairing.begin(ADDRESS)
    stage.pairing.stop()
    monkeypatch.setattr("provisioning.pairing.file.write_private", refuse)
    assert stage.pairing.begin(ADDRESS) == Failed("pairing.disk")
    assert stage.pairing.record.phase is Phase.ALONE


def test_leaving_keeps_the_way_to_the_platform_until_it_knows(stage: Stage) -> None:
    assert not stage.pairing.leave()
    stage.pairing.begin(ADDRESS)
    stage.platform.answers = [YES]
    stage.wait()
    stage.pairing.say_yes()
    stage.pairing.step()
    assert stage.pairing.leave()
    assert stage.start().record.phase is Phase.LEAVING
    assert stage.folder.certificate.exists()
    stage.platform.stands = "revoked"
    assert stage.pairing.revoked()
    old = fingerprint(stage.folder.certificate.read_text())
    assert len(old) == 64
    key = stage.folder.key.read_bytes()
    stage.pairing.left()
    assert sorted(path.name for path in stage.folder.folder.iterdir()) == []
    assert stage.start().record == Record()
    stage.pairing.begin(ADDRESS)
    assert stage.folder.key.read_bytes() != key


def test_a_damaged_file_means_begin_again(stage: Stage) -> None:
    for text in ("", "{", "[]", '{"format": 9}', '{"format": 1, "phase": "odd"}', '{"format": 1}'):
        stage.folder.folder.mkdir(exist_ok=True)
        (stage.folder.folder / "pairing.json").write_text(text)
        assert stage.start().record == Record()


def test_who_the_speaker_is(tmp_path: Path) -> None:
    key = DeviceKey(tmp_path)
    made = applicant(key, tmp_path / "none")
    assert is_provisional(made)
    assert made.device == f"myna-k{key.digest[:20]}"
    identity = new_identity()
    (tmp_path / IDENTITY_FILE).write_text(identity.to_json())
    named = applicant(key, tmp_path)
    assert (named.device, named.factory_signature) == (identity.hostname, "")
    assert not is_provisional(named)
    (tmp_path / IDENTITY_FILE).write_text("{")
    with pytest.raises(ProvisioningError):
        applicant(key, tmp_path)
    (tmp_path / "device.key").write_text("junk")
    with pytest.raises(ProvisioningError, match="pair again"):
        DeviceKey(tmp_path)


def test_one_program_pairs_at_a_time_and_another_may_ask_it_to(stage: Stage) -> None:
    with Alone(stage.folder.folder) as first, Alone(stage.folder.folder) as second:
        assert (first.held, second.held) == (True, False)
    with Alone(stage.folder.folder) as third:
        assert third.held
    assert stage.folder.wanted() is None
    stage.folder.want(ADDRESS)
    assert stage.folder.wanted() == ADDRESS
    assert stage.folder.wanted() is None


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("hub.example", "https://hub.example"),
        (" https://hub.example/ ", "https://hub.example"),
        ("https://hub.example:8443/myna", "https://hub.example:8443/myna"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://hub.example", None),
        ("ftp://hub.example", None),
        ("https://user:secret@hub.example", None),
        ("https://", None),
        ("https://hub.example:port", None),
        ("https://hub example", None),
        ("", None),
        ("https://hub.example/?q", None),
    ],
)
def test_addresses(typed: str, address: str | None) -> None:
    if address is not None:
        assert check_address(typed) == address
        return
    with pytest.raises(PairingError) as caught:
        check_address(typed)
    assert caught.value.code == "pairing.address"


def test_secrets_are_shown_by_nobody(stage: Stage) -> None:
    stage.pairing.begin(ADDRESS)
    stage.platform.answers = [YES]
    stage.wait()
    shown = f"{stage.pairing.record!r} {YES!r} {stage.platform.begin(stage.platform.applicant)!r}"  # type: ignore[arg-type]
    assert "secret" not in shown
    assert "bearer-7" not in shown
    kept = json.loads((stage.folder.folder / "pairing.json").read_text())
    assert "bearer-7" in kept.values()
    assert (stage.folder.folder / "pairing.json").stat().st_mode & 0o777 == 0o600


def test_a_ca_file_that_is_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(PairingError) as caught:
        HttpsPlatform(ADDRESS, str(tmp_path / "none.pem"))
    assert caught.value.code == "pairing.certificate"
