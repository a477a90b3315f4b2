"""Fetching models: only what was promised is kept, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest

from core.errors import ProvisioningError
from provisioning.https_only import Opened
from provisioning.model_catalogue import ModelFile, Offered, catalogue, offered
from provisioning.model_fetch import SUMS, Open, damaged_files, fetch, from_folder
from provisioning.models import installed_models

BASE = "https://models.example/"


def zipped(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return data.getvalue()


VOSK = zipped({"small/am/final.mdl": b"model", "small/conf/mfcc.conf": b"--x=1\n"})


def file_of(name: str, data: bytes) -> ModelFile:
    return ModelFile(BASE + name, len(data), hashlib.sha256(data).hexdigest())


def model_of(**files: bytes) -> Offered:
    made = tuple(file_of(name.replace("_zip", ".zip"), data) for name, data in files.items())
    return Offered("small", "vosk", "a model", "Apache-2.0", made)


def serving(files: dict[str, bytes]) -> Open:
    def opened(url: str) -> Opened:
        return io.BytesIO(files[url.removeprefix(BASE)])

    return opened


def refused(model: Offered, folder: Path, opened: Open) -> str:
    with pytest.raises(ProvisioningError) as error:
        fetch(model, folder, opened=opened)
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []
    return error.value.code


def test_the_table_that_ships_can_be_read() -> None:
    names = {each.name: each.kind for each in catalogue()}
    assert names["vosk-model-en-us-0.22-lgraph"] == "vosk"
    assert names["en_US-ljspeech-high"] == "piper"
    for each in catalogue():
        if each.kind == "piper":  # what makes a voice of a file, and tells its language
            assert {file.name for file in each.files} == {
                f"{each.name}.onnx",
                f"{each.name}.onnx.json",
            }


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://models.example/a.zip"},
        {"url": "https://models.example/"},
        {"sha256": "00"},
        {"bytes": 0},
    ],
)
def test_a_table_that_could_let_something_else_in_is_refused(change: dict[str, object]) -> None:
    file = {"url": BASE + "a.zip", "bytes": 1, "sha256": "0" * 64}
    entry = {"kind": "vosk", "about": "", "licence": "MIT", "files": [file | change]}
    with pytest.raises(ValueError, match="wrong at x"):
        catalogue({"x": entry})


def test_an_unknown_name_is_told_with_those_that_there_are() -> None:
    with pytest.raises(ProvisioningError, match="there are small"):
        offered("large", (model_of(a_zip=VOSK),))


def test_a_model_is_fetched_unpacked_found_and_verified(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    path = fetch(
        model_of(a_zip=VOSK),
        tmp_path,
        opened=serving({"a.zip": VOSK}),
        watch=lambda *step: steps.append(step),
    )
    assert path == tmp_path / "small"
    assert steps[-1] == (len(VOSK), len(VOSK))
    assert (path / "am" / "final.mdl").read_bytes() == b"model"
    assert [(each.kind, each.name) for each in installed_models((tmp_path,))] == [("vosk", "small")]
    assert damaged_files(path) == []
    (path / "am" / "final.mdl").write_bytes(b"rotten")
    (path / "conf" / "mfcc.conf").unlink()
    assert damaged_files(path) == ["am/final.mdl", "conf/mfcc.conf"]


def test_a_voice_of_two_files_comes_from_a_stick(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "v.onnx").write_bytes(b"voice")
    (stick / "v.onnx.json").write_bytes(b"{}")
    files = (file_of("v.onnx", b"voice"), file_of("v.onnx.json", b"{}"))
    fetch(Offered("v", "piper", "", "", files), tmp_path / "to", opened=from_folder(stick))
    assert [each.kind for each in installed_models((tmp_path / "to",))] == ["piper"]


def test_a_second_fetch_takes_the_place_of_the_first(tmp_path: Path) -> None:
    fetch(model_of(a_zip=VOSK), tmp_path, opened=serving({"a.zip": VOSK}))
    newer = zipped({"small/am/final.mdl": b"newer"})
    fetch(model_of(a_zip=newer), tmp_path, opened=serving({"a.zip": newer}))
    assert json.loads((tmp_path / "small" / SUMS).read_text()).keys() == {"am/final.mdl"}
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (VOSK[:-1], "model.hash"),
        (VOSK + b"x", "model.hash"),
        (VOSK[:-1] + b"x", "model.hash"),
        (b"", "model.hash"),
    ],
)
def test_what_was_not_promised_is_not_kept(tmp_path: Path, sent: bytes, code: str) -> None:
    fetch(model_of(a_zip=VOSK), tmp_path, opened=serving({"a.zip": VOSK}))
    assert refused(model_of(a_zip=VOSK), tmp_path, serving({"a.zip": sent})) == code
    assert damaged_files(tmp_path / "small") == []  # the one that was there


@pytest.mark.parametrize(
    "archive",
    [
        zipped({"small/../../evil": b"x"}),
        zipped({"/etc/evil/x": b"x"}),
        zipped({f"small/{number}": b"" for number in range(501)}),
        zipped({"small/bomb": bytes(10_000_000)}),
        b"no archive at all",
    ],
)
def test_an_archive_that_is_no_model_is_refused(tmp_path: Path, archive: bytes) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    assert refused(model_of(a_zip=archive), folder, serving({"a.zip": archive})) == "model.archive"
    assert [path.name for path in tmp_path.rglob("*")] == ["models"]


def test_no_network_is_told_as_such(tmp_path: Path) -> None:
    def opened(url: str) -> Opened:
        raise OSError("no route")

    assert refused(model_of(a_zip=VOSK), tmp_path, opened) == "model.fetch"


def test_what_came_otherwise_cannot_be_verified(tmp_path: Path) -> None:
    assert damaged_files(tmp_path) is None
    (tmp_path / SUMS).write_text("[")
    with pytest.raises(ProvisioningError, match="fetch the model again"):
        damaged_files(tmp_path)
