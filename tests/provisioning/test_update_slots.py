"""Updates in two places: whole at every instant, tried once, kept only when well."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import ProvisioningError
from provisioning.model_shelf import ModelShelf
from provisioning.slots import Verdict
from provisioning.update_slots import Disk, ReleaseSlots

FILES = ("VERSION", "app/one.py", "app/two.py")
MOST_STEPS = 60


class PowerCut(BaseException):
    """Nothing of ours catches it: what runs after it would not run without power either."""


class FailingDisk(Disk):
    """Loses power at the step of the number, before it or half-way through it."""

    def __init__(self, at: int, *, torn: bool) -> None:
        self._left = at
        self._torn = torn

    def _step(self, half: Callable[[], object]) -> None:
        self._left -= 1
        if self._left < 0:
            if self._torn:
                half()
            raise PowerCut

    def remove(self, path: Path) -> None:
        def half() -> None:
            if path.is_dir():
                (path / "VERSION").unlink(missing_ok=True)

        self._step(half)
        super().remove(path)

    def unpack(self, archive: Path, folder: Path) -> None:
        def half() -> None:
            folder.mkdir(parents=True)
            (folder / "VERSION").write_text("2", encoding="utf-8")

        self._step(half)
        super().unpack(archive, folder)

    def rename(self, path: Path, target: Path) -> None:
        self._step(lambda: None)
        super().rename(path, target)

    def write(self, path: Path, text: str) -> None:
        self._step(lambda: path.with_name(f".{path.name}.new").write_text(text[:9]))
        super().write(path, text)


def archive(folder: Path, version: str, says: str | None = None) -> Path:
    made = folder / f"myna-{version}.tar"
    with tarfile.open(made, "w") as tar:
        for name in FILES:
            data = (says or version).encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return made


def whole(folder: Path) -> str:
    """The version that ``current`` leads to, whose every file is there and of that version."""
    held = {(folder / "current" / name).read_text(encoding="utf-8") for name in FILES}
    assert len(held) == 1, held
    return held.pop()


@pytest.fixture
def slots(tmp_path: Path) -> ReleaseSlots:
    made = ReleaseSlots(tmp_path / "app")
    made.install(archive(tmp_path, "1"), "1")
    assert made.before_start() is Verdict.TRYING
    made.confirm()
    return made


def test_a_release_that_is_well_is_kept(slots: ReleaseSlots, tmp_path: Path):
    slots.install(archive(tmp_path, "2"), "2")
    assert slots.before_start() is Verdict.TRYING
    slots.confirm()
    assert (slots.before_start(), slots.version) == (Verdict.NONE, "2")


def test_a_release_that_never_became_well_is_gone_at_the_second_start(
    slots: ReleaseSlots, tmp_path: Path
):
    slots.install(archive(tmp_path, "2"), "2")
    assert (slots.before_start(), slots.version) == (Verdict.TRYING, "2")
    assert (slots.before_start(), slots.version) == (Verdict.FELL_BACK, "1")
    assert slots.before_start() is Verdict.NONE


@pytest.mark.parametrize("torn", [False, True])
def test_power_that_goes_at_any_step_leaves_a_whole_release(tmp_path: Path, torn: bool):
    for at in range(MOST_STEPS):
        home = tmp_path / f"{at}"
        home.mkdir()
        folder = home / "app"
        good = ReleaseSlots(folder)
        for version in ("0", "1"):  # both places are taken
            good.install(archive(home, version), version)
            good.before_start()
            good.confirm()
        failing = ReleaseSlots(folder, FailingDisk(at, torn=torn))
        survived = True
        try:
            failing.install(archive(home, "2"), "2")
            failing.before_start()
            failing.before_start()
        except PowerCut:
            survived = False
        assert whole(folder) in ("1", "2")
        # Power is back; the new release never becomes well.
        seen = [good.before_start() for _ in range(3)]
        assert seen[-1] is Verdict.NONE
        assert whole(folder) == "1"
        # And nothing that was left behind is in the way of a good one.
        good.install(archive(home, "3"), "3")
        good.before_start()
        good.confirm()
        assert whole(folder) == "3"
        if survived:
            assert at > 5
            return
    pytest.fail("the steps have no end")


@pytest.mark.parametrize("torn", [False, True])
def test_power_that_goes_while_confirming_leaves_the_trial_or_its_end(
    slots: ReleaseSlots, tmp_path: Path, torn: bool
):
    slots.install(archive(tmp_path, "2"), "2")
    slots.before_start()
    with pytest.raises(PowerCut):
        ReleaseSlots(tmp_path / "app", FailingDisk(0, torn=torn)).confirm()
    assert whole(tmp_path / "app") == "2"
    assert (slots.before_start(), slots.version) == (Verdict.FELL_BACK, "1")


def test_no_second_update_while_one_is_on_trial(slots: ReleaseSlots, tmp_path: Path):
    slots.install(archive(tmp_path, "2"), "2")
    with pytest.raises(ProvisioningError, match="on trial"):
        slots.install(archive(tmp_path, "3"), "3")
    assert slots.version == "2"


@pytest.mark.parametrize("what", ["another version", "no archive", "a way out"])
def test_a_bad_archive_leaves_what_runs(slots: ReleaseSlots, tmp_path: Path, what: str):
    made = archive(tmp_path, "2", says="9")
    if what == "no archive":
        made.write_bytes(b"no tar at all")
    elif what == "a way out":
        with tarfile.open(made, "w") as tar:
            tar.addfile(tarfile.TarInfo("../../outside"), io.BytesIO())
    with pytest.raises(ProvisioningError):
        slots.install(made, "2")
    assert (slots.before_start(), slots.version) == (Verdict.NONE, "1")
    assert not (tmp_path / "outside").exists()


def test_the_first_release_falls_back_to_what_came_with_the_system(tmp_path: Path):
    slots = ReleaseSlots(tmp_path / "app")
    slots.install(archive(tmp_path, "1"), "1")
    assert (slots.before_start(), slots.release) == (Verdict.TRYING, tmp_path / "app" / "a")
    assert (slots.before_start(), slots.release) == (Verdict.FELL_BACK, None)
    assert slots.before_start() is Verdict.NONE


def test_a_trial_that_is_known_to_be_bad_is_given_up(slots: ReleaseSlots, tmp_path: Path):
    slots.install(archive(tmp_path, "2"), "2")
    slots.before_start()
    slots.give_up()
    slots.give_up()
    assert (slots.before_start(), slots.version) == (Verdict.NONE, "1")


@pytest.mark.parametrize("torn", [False, True])
def test_power_that_goes_while_a_model_comes_leaves_one_whole(tmp_path: Path, torn: bool):
    for at in range(MOST_STEPS):
        folder = tmp_path / f"{at}"
        folder.mkdir()
        good = ModelShelf(folder / "models")
        good.install(archive(folder, "1"), "voice", "1")
        try:
            failing = ModelShelf(folder / "models", FailingDisk(at, torn=torn))
            failing.install(archive(folder, "2"), "voice", "2")
        except PowerCut:
            survived = False
        else:
            survived = True
        seen = {path.read_text() for path in folder.glob("models/voice@*/app/one.py")}
        assert seen & {"1", "2"}
        good.install(archive(folder, "2"), "voice", "2")
        assert good.versions() == {"voice": "2"}
        assert [each.name for each in (folder / "models").iterdir()] == ["voice@2"]
        if survived:
            assert at > 3
            return
    pytest.fail("the steps have no end")
