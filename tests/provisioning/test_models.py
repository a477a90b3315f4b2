from __future__ import annotations

from pathlib import Path

import pytest

from dialog.ports import Language, SpeechModels
from provisioning.models import InstalledModel, installed_models, model_folders, speech_models


def vosk(folder: Path, name: str, size: int) -> Path:
    (folder / name / "am").mkdir(parents=True)
    (folder / name / "am" / "final.mdl").write_bytes(bytes(size))
    return folder / name


def piper(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.onnx"
    path.write_bytes(bytes(100))
    Path(f"{path}.json").write_text("{}")
    return path


def test_folders_that_are_named_come_before_the_systems_and_the_users() -> None:
    environment = {"MYNA_MODELS": "/a:/b", "XDG_DATA_HOME": "/folder/x/.data"}
    assert model_folders(environment) == (
        Path("/a"),
        Path("/b"),
        Path("/usr/share/myna/models"),
        Path("/folder/x/.data/myna/models"),
    )


def test_the_users_folder_is_found_without_any_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/folder/y")
    assert model_folders({})[-1] == Path("/folder/y/.local/share/myna/models")


def test_models_are_listed_with_their_sizes(tmp_path: Path) -> None:
    small = vosk(tmp_path, "vosk-small", 10)
    voice = piper(tmp_path / "voices", "en_US-x-low")
    (tmp_path / "notes").mkdir()
    (tmp_path / "lonely.onnx").write_bytes(b"without its json")
    assert installed_models((tmp_path, tmp_path / "missing")) == (
        InstalledModel("piper", "en_US-x-low", voice, 102),
        InstalledModel("vosk", "vosk-small", small, 10),
    )


def test_the_largest_model_of_the_most_wanted_folder_is_used(tmp_path: Path) -> None:
    vosk(tmp_path / "one", "a-small", 10)
    large = vosk(tmp_path / "one", "b-large", 20)
    vosk(tmp_path / "two", "huge", 999)
    english = piper(tmp_path / "two", "en_GB-alba-medium")
    other = piper(tmp_path / "two", "en_US-amy-medium")
    chinese = piper(tmp_path / "one", "zh_CN-huayan-medium")
    nameless = piper(tmp_path / "one", "english-teacher")  # no locale: nobody knows what it speaks
    assert speech_models((tmp_path / "one", tmp_path / "two")) == SpeechModels(
        vosk=large,
        piper={Language.ENGLISH: english, Language.CHINESE: chinese},
        voices={path.stem: path for path in (nameless, chinese, english, other)},
    )


def test_nothing_installed_is_no_error(tmp_path: Path) -> None:
    assert speech_models((tmp_path / "missing",)) == SpeechModels()
    (tmp_path / "file").touch()
    assert installed_models((tmp_path / "file",)) == ()
