"""Sound files: whatever a person has in, 16 kHz mono WAV out, one sentence for what is broken."""

from __future__ import annotations

import struct
import wave
from pathlib import Path

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Samples
from audio.resample import resample, to_int16
from core.errors import AudioError

UNKNOWN_SIZES = (0x7FFF_F000, 0x7FFF_FFFF)
"""Sizes (and all from 2 GiB on) that programs write into a pipe, not knowing the length yet."""


def read_audio(path: Path | str) -> Samples:
    """A whole recording as int16, 16 000 Hz, mono.

    WAV, FLAC, Ogg Opus and whatever else libsndfile reads, at any rate and with any number of
    channels; channels are averaged. A file that holds less than its header promises is refused
    rather than read in part: half an answer would be judged as a whole one.

    Raises:
        AudioError: Missing, empty, without a single sample, truncated, or not sound. The
            sentence names the file and the remedy.
    """
    path = Path(path)
    _refuse_what_is_no_file(path)
    _refuse_truncated(path)
    import soundfile

    try:
        sound, rate_hz = soundfile.read(str(path), dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, TypeError, ValueError) as error:
        # TypeError: soundfile takes a name ending in .raw for headerless sound.
        raise AudioError(
            f"{path} is not sound that can be read: give WAV, FLAC or Ogg Opus, or convert it "
            f"with: ffmpeg -i {path.name} {path.stem}.wav",
            code="audio.unreadable",
        ) from error
    if len(sound) == 0:
        raise AudioError(
            f"{path} has a valid header and no sound in it (zero length): record it again",
            code="audio.no_samples",
        )
    mono = sound[:, 0] if sound.shape[1] == 1 else sound.mean(axis=1, dtype=np.float32)
    return to_int16(resample(mono, rate_hz, SAMPLE_RATE_HZ))


def write_wav(path: Path | str, samples: Samples) -> None:
    """Write 16-bit mono WAV at 16 000 Hz.

    Args:
        path: Overwritten when it exists.
        samples: int16 mono, any length including 0.
    Raises:
        AudioError: The file cannot be written; the sentence says why.
    """
    if samples.dtype != np.int16 or samples.ndim != 1:
        raise ValueError(f"want int16 mono, got {samples.dtype} of shape {samples.shape}")
    try:
        # Opened here: a Wave_write that cannot open its file complains again when collected.
        with Path(path).open("wb") as raw, wave.open(raw, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE_HZ)
            file.writeframes(np.ascontiguousarray(samples, "<i2").tobytes())
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path | str, error: OSError) -> AudioError:
    """The sentence for a sound file that cannot be written."""
    return AudioError(
        f"{path} cannot be written ({error.strerror or error}): name a file in a folder that "
        "exists, that you may write to and that has room left",
        code="audio.unwritable",
    )


def _refuse_what_is_no_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise AudioError(
                f"{path} is a folder: name the sound files in it", code="audio.is_folder"
            )
        with path.open("rb") as file:
            first = file.read(1)
    except FileNotFoundError as error:
        raise AudioError(f"{path} does not exist: check the name", code="audio.missing") from error
    except OSError as error:
        raise AudioError(
            f"{path} cannot be opened ({error.strerror or error}): check that you may read it",
            code="audio.unreadable",
        ) from error
    if not first:
        raise AudioError(f"{path} is empty (0 bytes): copy or record it again", code="audio.empty")


def _refuse_truncated(path: Path) -> None:
    """libsndfile reads what is left of a cut file without a word, so look at the containers."""
    with path.open("rb") as file:
        magic = file.read(12)
        if magic[:4] == b"RIFF" and magic[8:12] == b"WAVE":
            missing = _missing_of_wav(path)
        elif magic[:4] == b"OggS":
            missing = _missing_of_ogg(path.read_bytes())
        elif magic[:4] == b"fLaC":
            missing = _missing_of_flac(path)
        else:
            return
    if missing:
        raise AudioError(
            f"{path} is truncated ({missing}): copy or record it again", code="audio.truncated"
        )


def _missing_of_wav(path: Path) -> str:
    size = path.stat().st_size
    with path.open("rb") as file:
        place = 12
        while True:
            file.seek(place)
            head = file.read(8)
            if len(head) < 8:
                return "it ends before its sound begins"
            name, length = struct.unpack("<4sI", head)
            if name == b"data":
                break
            place += 8 + length + length % 2
    there = size - place - 8
    if length in UNKNOWN_SIZES or length >= 0x8000_0000 or there >= length:
        return ""
    return f"its header promises {length} bytes of sound and {there} are there"


def _missing_of_ogg(content: bytes) -> str:
    """Walk the pages (RFC 3533, section 6): the last one has to be whole."""
    place = 0
    while place < len(content):
        header = content[place : place + 27]
        if header[:4] != b"OggS":
            return ""  # something after the stream, such as a tag: not ours to judge
        lengths = content[place + 27 : place + 27 + header[26]] if len(header) == 27 else b""
        end = place + 27 + len(lengths) + sum(lengths)
        if len(header) < 27 or len(lengths) < header[26] or end > len(content):
            return "its last page is cut off"
        place = end
    return ""


def _missing_of_flac(path: Path) -> str:
    """A cut FLAC file decodes to fewer samples than its first block promises."""
    import soundfile

    try:
        with soundfile.SoundFile(str(path)) as file:
            promised, got = file.frames, 0
            while True:
                try:
                    block = len(file.read(65536, dtype="int16"))
                except soundfile.SoundFileError:
                    block = 0
                if block == 0:
                    break
                got += block
    except soundfile.SoundFileError:
        return ""  # not sound at all: `read_audio` says so
    # A writer that did not know the length leaves it 0, which libsndfile gives as 2**63 - 1.
    if got >= promised or promised >= 2**62:
        return ""
    return f"its header promises {promised} samples and {got} are there"
