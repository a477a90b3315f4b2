from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.file import FileBackend
from audio.files import read_audio, write_wav
from core.errors import AudioError
from tests.audio.backend_contract import CountingSource, read_frames


def test_the_recording_is_heard_and_what_is_played_is_kept(tmp_path: Path) -> None:
    sound = np.random.default_rng(1).integers(-9_000, 9_000, 1_000).astype(np.int16)
    write_wav(tmp_path / "in.wav", sound)
    with FileBackend(tmp_path / "in.wav", tmp_path / "out.wav") as backend:
        backend.open(CountingSource())
        nears, fars, _ = read_frames(backend, 100)
        assert np.array_equal(np.concatenate(nears), np.pad(sound, (0, 120)))
        status = backend.read(nears[0], fars[0], timeout_s=0)
        assert (status.ok, status.ended) == (False, True)
        assert backend.counters.frames == 7
    assert np.array_equal(read_audio(tmp_path / "out.wav"), np.concatenate(fars))


@pytest.mark.parametrize("kind", ["flac", "opus"])
def test_flac_and_opus_stand_in_for_the_microphone(tmp_path: Path, kind: str) -> None:
    options = {"format": "OGG", "subtype": "OPUS"} if kind == "opus" else {}
    path = tmp_path / f"in.{kind}"
    soundfile.write(path, np.full(3_200, 1_000, np.int16), 16_000, **options)
    with FileBackend(path) as backend:
        backend.open(CountingSource())
        nears, _, _ = read_frames(backend, 100)
    heard = np.concatenate(nears)
    assert np.array_equal(heard[:3_200], read_audio(path))


def test_a_tail_leaves_time_to_speak(tmp_path: Path) -> None:
    write_wav(tmp_path / "in.wav", np.full(160, 5, np.int16))
    with FileBackend(tmp_path / "in.wav", tail_s=0.05) as backend:
        backend.open(CountingSource())
        nears, _, _ = read_frames(backend, 100)
    assert [int(near[0]) for near in nears] == [5, 0, 0, 0, 0, 0]


def test_files_that_cannot_be_used_are_refused_at_the_door(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="does not exist"):
        FileBackend(tmp_path / "gone.wav").open(CountingSource())
    write_wav(tmp_path / "in.wav", np.zeros(160, np.int16))
    with pytest.raises(AudioError, match="cannot be written"):
        FileBackend(tmp_path / "in.wav", tmp_path / "no" / "out.wav").open(CountingSource())


def test_reading_before_opening_is_refused(tmp_path: Path) -> None:
    frame = np.zeros(160, np.int16)
    with pytest.raises(AudioError, match="open it before reading"):
        FileBackend(tmp_path / "in.wav").read(frame, frame, timeout_s=0)
