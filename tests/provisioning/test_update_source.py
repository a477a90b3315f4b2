"""Signed releases: a repository made here, and what its enemies could do to it."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Role,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from core.errors import ProvisioningError
from device import cli
from provisioning.update_source import KIND, Release, UpdateSource

ROLES = ("root", "targets", "snapshot", "timestamp")


class Publisher:
    """Signs as a publisher does, into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.signers = {role: CryptoSigner.generate_ed25519() for role in ROLES}
        self.version = 0
        self.target_files: dict[str, TargetFile] = {}
        for part in ("metadata", "targets"):
            (folder / part).mkdir(parents=True)
        keys = {s.public_key.keyid: s.public_key for s in self.signers.values()}
        roles = {role: Role([self.signers[role].public_key.keyid], 1) for role in ROLES}
        root = Metadata(Root(1, expires=_in_days(30), keys=keys, roles=roles))
        root.signed.consistent_snapshot = False
        root.sign(self.signers["root"])
        self.root = root.to_bytes()

    def release(self, path: str, data: bytes, version: str, *, expires_in_days: int = 7) -> None:
        """Publish one more file."""
        self.version += 1
        file = self.folder / "targets" / path
        file.write_bytes(data)
        target = TargetFile.from_data(path, data)
        target.unrecognized_fields["custom"] = {KIND: "app", "version": version}
        self.target_files[path] = target
        expires, meta = _in_days(expires_in_days), MetaFile(self.version)
        self._write("targets", Metadata(Targets(self.version, targets=self.target_files)))
        self._write("snapshot", Metadata(Snapshot(self.version, meta={"targets.json": meta})))
        timestamp = Timestamp(self.version, expires=expires, snapshot_meta=MetaFile(self.version))
        self._write("timestamp", Metadata(timestamp))

    def _write(self, role: str, whole: Metadata[Any]) -> None:
        if role != "timestamp":
            whole.signed.expires = _in_days(7)
        whole.sign(self.signers[role])
        whole.to_file(str(self.folder / "metadata" / f"{role}.json"))


def _in_days(days: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path / "repository")
    made.release("myna-2.tar", b"two", "2")
    return made


def source(tmp_path: Path, publisher: Publisher) -> UpdateSource:
    return UpdateSource(tmp_path / "kept", publisher.folder.as_uri(), publisher.root)


def test_what_is_signed_is_listed_and_fetched(tmp_path: Path, publisher: Publisher):
    updates = source(tmp_path, publisher)
    (release,) = updates.releases()
    assert release == Release("app", "myna-2.tar", "2", 3)
    assert updates.fetch(release).read_bytes() == b"two"


def test_a_newer_release_is_seen_the_next_time(tmp_path: Path, publisher: Publisher):
    updates = source(tmp_path, publisher)
    updates.releases()
    publisher.release("myna-3.tar", b"three", "3")
    assert [each.version for each in updates.releases()] == ["2", "3"]


def test_another_file_in_its_place_is_refused(tmp_path: Path, publisher: Publisher):
    updates = source(tmp_path, publisher)
    (release,) = updates.releases()
    (publisher.folder / "targets" / release.path).write_bytes(b"TWO")
    with pytest.raises(ProvisioningError) as refused:
        updates.fetch(release)
    assert refused.value.code == "update.untrusted"


def test_somebody_else_s_signature_is_refused(tmp_path: Path, publisher: Publisher):
    stranger = Publisher(tmp_path / "stranger")
    stranger.release("myna-9.tar", b"nine", "9")
    forged = UpdateSource(tmp_path / "kept", stranger.folder.as_uri(), publisher.root)
    with pytest.raises(ProvisioningError) as refused:
        forged.releases()
    assert refused.value.code == "update.untrusted"


def test_going_back_to_an_older_state_is_refused(tmp_path: Path, publisher: Publisher):
    shutil.copytree(publisher.folder / "metadata", tmp_path / "older")
    publisher.release("myna-3.tar", b"three", "3")
    updates = source(tmp_path, publisher)
    updates.releases()
    shutil.rmtree(publisher.folder / "metadata")
    shutil.copytree(tmp_path / "older", publisher.folder / "metadata")
    with pytest.raises(ProvisioningError) as refused:
        updates.releases()
    assert refused.value.code == "update.untrusted"


def test_a_state_that_has_expired_is_refused(tmp_path: Path, publisher: Publisher):
    publisher.release("myna-3.tar", b"three", "3", expires_in_days=-1)
    with pytest.raises(ProvisioningError, match="check the clock"):
        source(tmp_path, publisher).releases()


def test_a_repository_that_is_not_there_may_be_asked_again(tmp_path: Path, publisher: Publisher):
    gone = UpdateSource(tmp_path / "kept", (tmp_path / "gone").as_uri(), publisher.root)
    with pytest.raises(ProvisioningError) as refused:
        gone.releases()
    assert (refused.value.code, refused.value.retryable) == ("update.unreachable", True)


def test_the_command_fetches_tries_and_keeps(
    tmp_path: Path, publisher: Publisher, capsys: pytest.CaptureFixture[str]
):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo("VERSION")
        entry.size = 1
        tar.addfile(entry, io.BytesIO(b"3"))
    publisher.release("myna-3.tar", packed.getvalue(), "3")
    root = tmp_path / "root.json"
    root.write_bytes(publisher.root)
    where = ["--json", "--folder", str(tmp_path / "app"), "--root", str(root)]
    where += ["--repository", publisher.folder.as_uri()]
    said = []
    for action in (["install", "myna-3.tar"], ["before-start"], ["confirm"]):
        assert cli.main(["update", *action, *where]) == 0
        said.append(json.loads(capsys.readouterr().out))
    assert [(each["version"], each["trial"]) for each in said] == [
        ("3", True),
        ("3", True),
        ("3", False),
    ]
    assert cli.main(["update", "install", "myna-9.tar", *where]) == 1
