"""Updates of three kinds by one road; what `myna launch` starts; what keeps a release."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from core.clock import VirtualClock
from core.errors import ProvisioningError
from device import cli
from device.cli import launch
from device.pack_shelf import PackShelf
from device.release_watch import AT_REST_S, SYSTEM, VARIABLE, WELL_S, ReleaseWatch
from device.updates import Updates
from dialog.packs import starter_path
from provisioning.model_shelf import ModelShelf
from provisioning.models import installed_models, model_folders
from provisioning.slots import Verdict
from provisioning.update_slots import ReleaseSlots, is_newer
from provisioning.update_source import UpdateSource
from tests.provisioning.publisher import Publisher, tar

ROOT = Path(__file__).parents[2]
GOOD_APP = {
    "device/__init__.py": b"",
    "device/config.py": b"def load_settings(): pass\n",
    "device/cli/__init__.py": b"",
    "device/cli/__main__.py": b"import os; print('release', os.environ['MYNA_RELEASE'])\n",
}


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    return Publisher(tmp_path / "repository")


class Box:
    """A speaker's state folder, and the updates for it."""

    def __init__(self, folder: Path, publisher: Publisher) -> None:
        self.folder = folder
        self.slots = ReleaseSlots(folder / "application")
        self.models = ModelShelf(folder / "models")
        self.packs = PackShelf(folder / "packs", key="", ca_file="", packs=())
        source = UpdateSource(folder / "source", publisher.folder.as_uri(), publisher.root)
        self.updates = Updates(source, self.slots, self.packs, self.models, own_version="1.0")

    def update(self) -> list[str]:
        """Install all that is newer; its paths."""
        found = list(self.updates.newer())
        for release in found:
            self.updates.install(release)
        return [each.path for each in found]


@pytest.fixture
def box(tmp_path: Path, publisher: Publisher) -> Box:
    return Box(tmp_path / "state", publisher)


def pack(folder: Path, version: str) -> bytes:
    """The starter pack under another id."""
    made = folder / f"pack-{version}"
    shutil.copytree(starter_path(), made)
    text = (made / "pack.yaml").read_text(encoding="utf-8")
    lines = [
        f"id: colours-{'x'}".replace("-x", "") if line.startswith("id:") else line
        for line in text.splitlines()
    ]
    lines = [f'version: "{version}"' if line.startswith("version:") else line for line in lines]
    (made / "pack.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    packed = folder / f"pack-{version}.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(made.rglob("*")):
            archive.write(path, path.relative_to(made))
    return packed.read_bytes()


def model(version: str) -> bytes:
    return tar({"VERSION": version.encode(), "am/final.mdl": b"kaldi", "conf/model.conf": b""})


def test_packs_models_and_the_application_come_by_one_road(
    tmp_path: Path, box: Box, publisher: Publisher
) -> None:
    publisher.release("colours-1.0.0.zip", pack(tmp_path, "1.0.0"), "1.0.0", kind="pack")
    publisher.release("vosk-en-3.tar", model("3"), "3", kind="model")
    publisher.release("myna-1.1.tar", tar({"VERSION": b"1.1", **GOOD_APP}), "1.1")
    publisher.release("myna-0.9.tar", tar({"VERSION": b"0.9", **GOOD_APP}), "0.9")
    assert box.update() == ["colours-1.0.0.zip", "vosk-en-3.tar", "myna-1.1.tar"]
    assert box.packs.find("colours").version == "1.0.0"
    (found,) = installed_models((box.folder / "models",))
    assert (found.kind, found.name) == ("vosk", "vosk-en@3")
    assert box.slots.version == "1.1"
    assert box.update() == []
    # Nothing that was fetched is kept twice.
    assert list((box.folder / "source" / "targets").iterdir()) == []

    publisher.release("colours-1.1.0.zip", pack(tmp_path, "1.1.0"), "1.1.0", kind="pack")
    publisher.release("vosk-en-10.tar", model("10"), "10", kind="model")
    publisher.release("myna-1.2.tar", tar({"VERSION": b"1.2", **GOOD_APP}), "1.2")
    # The application waits for the end of the trial.
    assert box.update() == ["colours-1.1.0.zip", "vosk-en-10.tar"]
    assert box.packs.find("colours").version == "1.1.0"
    assert box.models.versions() == {"vosk-en": "10"}


def test_what_was_signed_and_is_none_changes_nothing(box: Box, publisher: Publisher) -> None:
    publisher.release("vosk-en-3.tar", tar({"VERSION": b"9"}), "3", kind="model")
    publisher.release("odd-1.tar", b"", "1", kind="firmware")
    for release in box.updates.releases():
        with pytest.raises(ProvisioningError):
            box.updates.install(release)
    assert box.models.versions() == {}


@pytest.mark.parametrize(
    ("version", "than", "newer"),
    [
        ("1.10", "1.9", True),
        ("1.9", "1.10", False),
        ("1.0", "1.0", False),
        ("1.0.1", "1.0", True),
        ("1.0", "1.0rc1", False),
        ("2", "1.0rc1", True),
    ],
)
def test_versions_are_compared_as_numbers(version: str, than: str, newer: bool) -> None:
    assert is_newer(version, than) is newer


def test_delivered_models_are_looked_for_in_the_state_folder() -> None:
    folders = model_folders({"STATE_DIRECTORY": "/var/lib/myna", "HOME": "/x"})
    assert folders[0] == Path("/var/lib/myna/models")


def test_without_a_repository_the_nightly_command_is_content(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["update", "all"]) == 0
    assert "[device] updates" in capsys.readouterr().err


# --------------------------------------------------------------------------------- launching


def installed(tmp_path: Path, files: dict[str, bytes], version: str = "9.0") -> ReleaseSlots:
    archive = tmp_path / "app.tar"
    archive.write_bytes(tar({"VERSION": version.encode(), **files}))
    slots = ReleaseSlots(tmp_path / "state" / "application")
    slots.install(archive, version)
    return slots


def launched(tmp_path: Path) -> str:
    """What the started program says; ``system`` has no such command and says how it is used."""
    done = subprocess.run(
        [sys.executable, "-m", "device.cli", "launch", "--folder", str(tmp_path / "state"), "odd"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


def test_what_is_started_is_the_trial_then_what_came_with_the_system(tmp_path: Path) -> None:
    slots = installed(tmp_path, GOOD_APP)
    assert launched(tmp_path) == f"release {slots.release}"
    assert "invalid choice: 'odd'" in launched(tmp_path)  # never confirmed
    assert slots.release is None


def test_a_release_that_cannot_read_the_configuration_is_not_even_tried(tmp_path: Path) -> None:
    broken = {**GOOD_APP, "device/config.py": b"def load_settings(): raise SystemExit(78)\n"}
    slots = installed(tmp_path, broken)
    assert launch.chosen(slots) is None
    assert slots.trial is None


def test_a_release_that_the_system_has_overtaken_is_left_aside(tmp_path: Path) -> None:
    slots = installed(tmp_path, GOOD_APP, version="0.0.1")
    slots.before_start()
    slots.confirm()
    assert launch.chosen(slots) is None


def test_the_environment_names_what_runs() -> None:
    assert launch.environment(None, {})[VARIABLE] == SYSTEM
    found = launch.environment(Path("/r"), {"PYTHONPATH": "/p"})
    assert found == {VARIABLE: "/r", "PYTHONPATH": "/r:/r/site:/p"}


# ------------------------------------------------------------------------------ kept when well


class Watched:
    """A release on trial and its watch."""

    def __init__(self, tmp_path: Path, running: str) -> None:
        self.slots = installed(tmp_path, GOOD_APP)
        self.clock = VirtualClock()
        self.restarts = 0
        self.watch = ReleaseWatch(self.slots, running, self.clock, self._restart)

    def _restart(self) -> None:
        self.restarts += 1

    def live(self, seconds: float, *, well: bool = True, at_rest: bool = False) -> None:
        until_s = self.clock.now_s() + seconds
        while self.clock.now_s() < until_s:
            self.watch.look(well=well, at_rest=at_rest)
            self.clock.advance_to(self.clock.now_s() + 10.0)


def test_a_release_is_kept_when_it_has_been_well_for_a_minute(tmp_path: Path) -> None:
    box = Watched(tmp_path, "/somewhere/a")
    box.slots.before_start()
    box.live(WELL_S)
    assert box.slots.trial is not None
    box.live(30.0, well=False)  # from the beginning
    box.live(WELL_S)
    assert box.slots.trial is not None
    box.live(10.0)
    assert (box.slots.trial, box.restarts) == (None, 0)


def test_a_release_that_waits_is_tried_when_nobody_practises(tmp_path: Path) -> None:
    box = Watched(tmp_path, SYSTEM)
    box.live(2 * AT_REST_S)
    assert box.restarts == 0
    box.live(AT_REST_S + 10.0, at_rest=True)
    assert box.restarts == 1


def test_whoever_was_not_launched_leaves_releases_alone(tmp_path: Path) -> None:
    box = Watched(tmp_path, "")
    box.slots.before_start()
    box.live(AT_REST_S + WELL_S, at_rest=True)
    assert box.restarts == 0
    assert box.slots.before_start() is Verdict.FELL_BACK


def test_the_old_release_does_not_confirm_the_new_one(tmp_path: Path) -> None:
    box = Watched(tmp_path, "/somewhere/b")
    box.slots.before_start()
    box.live(2 * WELL_S)
    trial = json.loads((tmp_path / "state" / "application" / "trial.json").read_text())
    assert trial == {"slot": "a", "back": "", "started": True}
