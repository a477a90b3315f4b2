"""``myna echo`` on files: what it writes, what it prints, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from audio.files import read_audio, write_wav
from device.bench import echo_signals
from device.cli import main


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    far = echo_signals.babble(7, seed=1)
    near = echo_signals.echo_of(far, delay_samples=640, clip=0.25)
    paths = (tmp_path / "mic.wav", tmp_path / "ref.wav")
    write_wav(paths[0], echo_signals.int16(near)[:-37])
    write_wav(paths[1], echo_signals.int16(far))
    return paths


def test_writes_what_is_left_and_says_how_much_was_taken_out(
    pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    near, far = pair
    out = tmp_path / "out.wav"
    code = main(["echo", "--near", str(near), "--far", str(far), "--out", str(out), "--json"])
    assert code == 0
    said = json.loads(capsys.readouterr().out)
    assert said["canceller"] == "kalman"
    assert said["erle_settled_db"] > 15
    assert said["delay_ms"] == pytest.approx(40.4, abs=0.5)
    written = read_audio(out)
    assert len(written) == len(read_audio(near))
    assert np.mean(np.abs(written[-16000:])) < 0.3 * np.mean(np.abs(read_audio(near)[-16000:]))


def test_no_cancelling_leaves_the_recording_as_it_is(pair: tuple[Path, Path], tmp_path: Path):
    near, far = pair
    out = tmp_path / "out.wav"
    arguments = ["echo", "--near", str(near), "--far", str(far), "--out", str(out)]
    assert main([*arguments, "--canceller", "none"]) == 0
    assert np.array_equal(read_audio(out), read_audio(near))


def test_a_missing_file_is_one_sentence(
    pair: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    missing = tmp_path / "nowhere.wav"
    code = main(
        ["echo", "--near", str(missing), "--far", str(pair[1]), "--out", str(tmp_path / "o.wav")]
    )
    assert code == 1
    complaint = capsys.readouterr().err
    assert complaint.count("\n") == 1
    assert "nowhere.wav" in complaint
    assert not (tmp_path / "o.wav").exists()
