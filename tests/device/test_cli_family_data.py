"""Taking a family's data along and deleting it, from a terminal."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from device.cli import main
from device.store import Store
from dialog.ports import Attempt, Learned, SessionEdge, Verdict
from provisioning.pairing.file import FOLDER, Alone

ATTEMPT = Attempt("starter", "food/apple", Verdict.RIGHT, 1, 0.9, 1.2)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Lily and Max have practised; a sound of each was kept."""
    folder = tmp_path / "state"
    with Store(folder) as store:
        store.know(("Lily", "Max"))
        for child in store.history().children:
            store.remember([ATTEMPT], Learned(child=child.id, session=SessionEdge.BEGUN))
            sound = folder / "recordings" / child.id / "0.wav"
            sound.parent.mkdir(parents=True)
            sound.touch()
    return folder


@pytest.fixture
def config(state: Path, tmp_path: Path) -> list[str]:
    path = tmp_path / "myna.toml"
    path.write_text(f'[device]\nstate_dir = "{state}"\n', encoding="utf-8")
    return ["--config", str(path)]


def sounds(state: Path) -> int:
    return len(list(state.glob("recordings/*/*.wav")))


def test_everything_is_in_the_zip(config: list[str], tmp_path: Path) -> None:
    out = tmp_path / "family.zip"
    assert main(["export", str(out), *config]) == 0
    with zipfile.ZipFile(out) as file:
        progress = json.loads(file.read("progress.json"))
        names = file.namelist()
    assert sorted(each["nickname"] for each in progress["children"]) == ["Lily", "Max"]
    assert len(progress["attempts"]) == 2
    assert sum(name.startswith("recordings/") for name in names) == 2
    assert out.stat().st_mode & 0o077 == 0


def test_one_child_is_forgotten_and_the_other_is_not(
    config: list[str], state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["forget", "--child", "lily", "--yes", "--json", *config]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] >= 2
    with Store(state) as store, store.transaction() as db:
        left = db.execute("SELECT nickname FROM children").fetchall()
        told = db.execute("SELECT count(*) FROM outbox WHERE kind = 'forget'").fetchone()
    assert left == [("Max",)]
    assert told == (1,)
    assert sounds(state) == 1
    assert b"Lily" not in (state / "progress.db").read_bytes()


def test_everybody_is_forgotten(config: list[str], state: Path) -> None:
    (state / "progress.db.damaged-1").touch()
    assert main(["forget", "--everybody", "--yes", *config]) == 0
    assert sounds(state) == 0
    assert not (state / "progress.db.damaged-1").exists()
    with Store(state) as store:
        assert store.attempts(10) == ()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--child", "Mia", "--yes"], "see myna progress"),
        (["--child", "Lily"], "say --yes"),
    ],
)
def test_nothing_is_deleted_by_mistake(
    config: list[str],
    state: Path,
    arguments: list[str],
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Nobody sits at a terminal in a test.
    assert main(["forget", *arguments, *config]) == 1
    assert told in capsys.readouterr().err
    assert sounds(state) == 2


def test_a_speaker_that_runs_deletes_for_itself(
    config: list[str], state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Alone(state / FOLDER):
        assert main(["forget", "--everybody", "--yes", *config]) == 1
    assert "the speaker runs" in capsys.readouterr().err
    assert sounds(state) == 2
