"""Signed releases: a repository made here, and what its enemies could do to it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from core.errors import ProvisioningError
from device import cli
from provisioning.update_source import Release, UpdateSource
from tests.provisioning.publisher import Publisher, tar


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
    publisher.release("myna-3.tar", tar({"VERSION": b"3"}), "3")
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
