"""Teaching by voice on the device: examples out of a stream, kept for a child, gone with it."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import numpy as np
import pytest

from audio.files import write_wav
from audio.ports import FRAME_SAMPLES, Samples
from core.clock import SystemClock
from core.errors import StoreError
from device import wake_taught
from device.cli import main
from device.store import Store
from device.wake_teaching import Examples, child_of
from dialog.wake.question import Taught
from tests.audio.speech import espeak, pink_noise, silence

HELLO_MYNA = "[[h@l'oU m'aIn@]]"
TAUGHT = Taught("hello myna", ((("HH", "AA", "L", "OW"),), ()), 0.4)


def cut(sound: Samples) -> list[Samples]:
    examples = Examples()
    frames = sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return [found for frame in frames if (found := examples.process(frame)) is not None]


def test_every_saying_becomes_one_example() -> None:
    phrase = espeak(HELLO_MYNA, "-v", "en-us+f3", "-s", "140")
    room = pink_noise(9.0, -62)
    for number in range(3):
        at = 16_000 + number * 40_000
        room[at : at + len(phrase)] += phrase
    found = cut(room)
    assert len(found) == 3
    assert all(len(phrase) < len(each) <= len(phrase) + 16_000 * 1.5 for each in found)


def test_clicks_and_endless_talk_are_no_examples() -> None:
    click = silence(2.0)
    click[16_000:16_100] = 20_000
    assert cut(click) == []
    assert cut(np.tile(espeak("one two three four", "-v", "en-us"), 6)) == []


def test_what_was_taught_is_kept_privately_and_goes_with_the_child(tmp_path: Path) -> None:
    store = Store(tmp_path, SystemClock())
    child = store.child
    wake_taught.keep(tmp_path, child, TAUGHT)
    (path,) = (tmp_path / "wake").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert wake_taught.taught(tmp_path, "hello myna") == TAUGHT
    assert wake_taught.taught(tmp_path, "hello kitty") is None
    assert wake_taught.taught(None, "hello myna") is None
    store.forget(child)
    assert not path.exists()
    assert wake_taught.taught(tmp_path, "hello myna") is None
    store.close()


@pytest.mark.parametrize(
    "written",
    [
        "",
        "[]",
        '{"phrase": "hello myna", "bias": 9.0, "further": []}',
        '{"phrase": "hello myna", "bias": 0.1, "further": [[["XX"]]]}',
    ],
)
def test_a_broken_file_teaches_nothing(tmp_path: Path, written: str) -> None:
    (tmp_path / "wake").mkdir()
    (tmp_path / "wake" / "a.json").write_text(written)
    assert wake_taught.taught(tmp_path, "hello myna") is None


def test_the_command_teaches_from_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    with pytest.raises(StoreError):
        child_of(tmp_path, None)
    Store(tmp_path, SystemClock()).close()
    files = []
    for speed in (125, 140, 155):
        files.append(tmp_path / f"{speed}.wav")
        said = espeak(HELLO_MYNA, "-v", "en-us+f3", "-s", str(speed))
        write_wav(files[-1], np.concatenate([silence(0.5), said, silence(0.8)]))
    assert main(["wake", "teach", *map(str, files), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["examples"] == found["found"] == 3
    assert found["heard_after"] >= found["heard_before"]
    assert wake_taught.taught(tmp_path, "hello myna") is not None
    assert main(["wake", "teach", *map(str, files), "--child", "nobody"]) == 1


def test_training_without_its_packages_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("numpy")
    assert main(["wake", "train", ""]) == 1
    assert "docs/wake.md" in capsys.readouterr().err
