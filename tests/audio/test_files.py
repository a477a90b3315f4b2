"""Every way in which a sound file can be wrong gives one sentence with its name and a remedy."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.files import read_audio, write_wav
from core.errors import AudioError

SECOND = np.rint(8_000 * np.sin(2 * np.pi * 500 * np.arange(16_000) / 16_000)).astype(np.int16)


def error_of(path: Path) -> AudioError:
    with pytest.raises(AudioError) as caught:
        read_audio(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert ": " in message, "the remedy follows the colon"
    return caught.value


def level_of(samples: np.ndarray, hz: float) -> float:
    at = np.arange(len(samples)) / 16_000
    return 2 * abs(np.mean(samples * np.exp(-2j * np.pi * hz * at)))


def test_what_is_written_is_read_back_bit_for_bit(tmp_path: Path) -> None:
    sound = np.random.default_rng(1).integers(-32768, 32768, 5_001).astype(np.int16)
    write_wav(tmp_path / "a.wav", sound)
    assert np.array_equal(read_audio(tmp_path / "a.wav"), sound)
    info = soundfile.info(tmp_path / "a.wav")
    assert (info.samplerate, info.channels, info.subtype) == (16_000, 1, "PCM_16")


def test_flac_is_read_bit_for_bit(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", SECOND, 16_000)
    assert np.array_equal(read_audio(tmp_path / "a.flac"), SECOND)


@pytest.mark.parametrize("rate_hz", [8_000, 11_025, 22_050, 44_100, 48_000])
def test_other_rates_are_brought_to_16_khz(tmp_path: Path, rate_hz: int) -> None:
    at = np.arange(rate_hz) / rate_hz
    soundfile.write(tmp_path / "a.wav", 0.25 * np.sin(2 * np.pi * 500 * at), rate_hz, "FLOAT")
    heard = read_audio(tmp_path / "a.wav")
    assert heard.dtype == np.int16
    assert abs(len(heard) - 16_000) <= 1
    assert level_of(heard, 500) == pytest.approx(0.25 * 32768, rel=2e-3)


def test_opus_is_read(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.opus", SECOND, 16_000, "OPUS", format="OGG")
    heard = read_audio(tmp_path / "a.opus")
    assert abs(len(heard) - 16_000) <= 1
    assert level_of(heard, 500) == pytest.approx(8_000, rel=0.05)  # a lossy codec


def test_stereo_is_mixed_down(tmp_path: Path) -> None:
    both = np.stack([SECOND, np.zeros_like(SECOND)], axis=1)
    soundfile.write(tmp_path / "a.wav", both, 16_000)
    assert np.array_equal(read_audio(tmp_path / "a.wav"), np.rint(SECOND / 2).astype(np.int16))


def test_missing(tmp_path: Path) -> None:
    assert error_of(tmp_path / "gone.wav").code == "audio.missing"


def test_folder(tmp_path: Path) -> None:
    assert error_of(tmp_path).code == "audio.is_folder"


def test_empty(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"")
    assert error_of(tmp_path / "a.wav").code == "audio.empty"


def test_header_without_sound(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.zeros(0, np.int16))
    error = error_of(tmp_path / "a.wav")
    assert error.code == "audio.no_samples"
    assert "zero length" in str(error)


@pytest.mark.parametrize("name", ["a.wav", "a.txt", "a.raw", "a.opus", "noname"])
def test_not_sound_at_all(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("This is a shopping list: apples, pears, plums.\n" * 40)
    error = error_of(tmp_path / name)
    assert error.code == "audio.unreadable"
    assert "ffmpeg" in str(error)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.98])
@pytest.mark.parametrize("kind", ["wav", "flac", "opus"])
def test_truncated(tmp_path: Path, kind: str, share: float) -> None:
    options = {"format": "OGG", "subtype": "OPUS"} if kind == "opus" else {}
    noise = np.random.default_rng(2).integers(-9_000, 9_000, 64_000).astype(np.int16)
    whole = tmp_path / f"whole.{kind}"
    soundfile.write(whole, noise, 16_000, **options)
    content = whole.read_bytes()
    cut = tmp_path / f"cut.{kind}"
    cut.write_bytes(content[: int(len(content) * share)])
    assert error_of(cut).code == "audio.truncated"


def test_a_wav_cut_inside_its_header(tmp_path: Path) -> None:
    write_wav(tmp_path / "whole.wav", SECOND)
    cut = tmp_path / "cut.wav"
    cut.write_bytes((tmp_path / "whole.wav").read_bytes()[:30])
    assert error_of(cut).code == "audio.truncated"


@pytest.mark.parametrize("size", [b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f"])
def test_a_wav_written_into_a_pipe_does_not_know_its_length(tmp_path: Path, size: bytes) -> None:
    write_wav(tmp_path / "a.wav", SECOND)
    content = bytearray((tmp_path / "a.wav").read_bytes())
    content[40:44] = size
    (tmp_path / "a.wav").write_bytes(content)
    assert np.array_equal(read_audio(tmp_path / "a.wav"), SECOND)


def test_a_file_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="cannot be written") as caught:
        write_wav(tmp_path / "no" / "folder.wav", SECOND)
    assert caught.value.code == "audio.unwritable"


def test_only_16_bit_mono_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="int16 mono"):
        write_wav(tmp_path / "a.wav", np.zeros(160, np.float32))
    with pytest.raises(ValueError, match="int16 mono"):
        write_wav(tmp_path / "a.wav", np.zeros((160, 2), np.int16))
