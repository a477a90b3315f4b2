"""``myna transcribe`` and ``myna say`` as scripts call them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Self

import numpy as np
import pytest
import soundfile

from audio.ports import (
    FRAME_SAMPLES,
    SAMPLE_RATE_HZ,
    BackendCounters,
    PlaybackSource,
    ReadStatus,
    Samples,
)
from core.errors import AudioError, DeviceLost
from device.cli import main, say


@pytest.fixture(scope="module")
def cat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in which somebody says that it is a cat."""
    path = tmp_path_factory.mktemp("speech") / "cat.wav"
    assert main(["say", "It is a cat.", "--rate", "0.9", "--out", str(path)]) == 0
    return path


def lines(capsys: pytest.CaptureFixture[str]) -> tuple[list[dict[str, object]], str]:
    printed = capsys.readouterr()
    return [json.loads(line) for line in printed.out.splitlines()], printed.err


def test_say_writes_a_file_and_tells_about_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "hello.wav"
    command = [
        "say",
        "你好！",
        "--language",
        "zh",
        "--voice",
        "espeak",
        "--out",
        str(out),
        "--json",
    ]
    assert main(command) == 0
    told, _ = lines(capsys)
    sound, rate_hz = soundfile.read(out, dtype="int16")
    assert (rate_hz, sound.ndim) == (SAMPLE_RATE_HZ, 1)
    assert told == [
        {
            "voice": "espeak",
            "language": "zh",
            "seconds": round(sound.size / SAMPLE_RATE_HZ, 3),
            "out": str(out),
        }
    ]


def test_say_refuses_what_cannot_be_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["say", "…", "--out", str(tmp_path / "x.wav")]) == 1
    assert "nothing in the text" in capsys.readouterr().err
    with pytest.raises(SystemExit) as caught:
        main(["say", "hi", "--rate", "9"])
    assert caught.value.code == 2


class Card:
    """A card that plays into a list, or is not there."""

    name = "test card"

    def __init__(self, *, missing: bool = False, stalls: bool = False) -> None:
        self.counters = BackendCounters()
        self.played: list[Samples] = []
        self._missing, self._stalls = missing, stalls
        self._source: PlaybackSource | None = None

    def open(self, source: PlaybackSource) -> None:
        if self._missing:
            raise DeviceLost("no card")
        self._source = source

    def read(self, near: Samples, far: Samples, *, timeout_s: float) -> ReadStatus:
        assert self._source is not None
        assert near.size == far.size == FRAME_SAMPLES
        assert timeout_s > 0
        out = np.empty(FRAME_SAMPLES, np.int16)
        self._source.pull(out)
        self.played.append(out)
        return ReadStatus(ok=not self._stalls)

    def idle(self, seconds: float) -> None:
        raise AssertionError

    def close(self) -> None:
        self._source = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def test_say_plays_every_sample() -> None:
    card = Card()
    speech = np.arange(1, 1001, dtype=np.int16)
    say.play(card, speech)
    played = np.concatenate(card.played)
    assert np.array_equal(played[played != 0], speech)


def test_say_says_what_to_do_without_a_card() -> None:
    with pytest.raises(AudioError, match="no sound card to play through; connect one"):
        say.play(Card(missing=True), np.ones(100, np.int16))
    with pytest.raises(AudioError, match="stands still"):
        say.play(Card(stalls=True), np.ones(100, np.int16))


def test_transcribe_prints_a_line_per_file(cat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["transcribe", str(cat), "--json", "--recogniser", "pocketsphinx"]) == 0
    told, _ = lines(capsys)
    assert [list(line) for line in told] == [["file", "text", "matched", "confidence"]]
    assert told[0]["file"] == str(cat)
    assert told[0]["matched"] is None
    assert len(str(told[0]["text"]).split()) >= 2  # open speech: some words, not these


def test_transcribe_follows_a_manifest(cat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = cat.parent / "list.tsv"
    manifest.write_text(
        "path\tutterance\tcandidates\n"
        f"{cat.name}\tu1\tit's a dog| it's a cat |no\n"
        f"{cat}\tu2\tit is a big elephant|good morning\n"
        "missing.wav\tu3\tyes\n"
        f"{cat.name}\tu4\t\n"
    )
    command = ["transcribe", "--manifest", str(manifest), "--json"]
    assert main(command) == 1
    told, complaints = lines(capsys)
    assert [(line["utterance"], line["matched"]) for line in told] == [
        ("u1", 1),
        ("u2", None),
        ("u4", None),
    ]
    assert told[0]["text"] == "it is a cat"
    assert complaints.count("missing.wav") == 1


def test_transcribe_says_what_is_wrong_and_goes_on(
    cat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF and no more")
    empty = tmp_path / "empty.wav"
    empty.touch()
    command = ["transcribe", str(broken), str(empty), str(tmp_path), str(cat), "--json"]
    assert main(command) == 1
    told, complaints = lines(capsys)
    assert [line["file"] for line in told] == [str(cat)]
    assert len(complaints.splitlines()) == 3
    assert "Traceback" not in complaints


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"utterance\tfile\n1\tx\n", "has no column path, candidates"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"utterance,path,candidates\n1,x,\n", "has no column"),
    ],
)
def test_a_bad_manifest_is_one_sentence(
    content: bytes, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "bad.tsv"
    manifest.write_bytes(content)
    assert main(["transcribe", "--manifest", str(manifest)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert complaint in printed.err
    assert len(printed.err.splitlines()) == 1


def test_wrong_usage_exits_with_2(tmp_path: Path) -> None:
    for command in ([], ["x.wav", "--manifest", str(tmp_path)], ["x.wav", "--recogniser", "ears"]):
        with pytest.raises(SystemExit) as caught:
            main(["transcribe", *command])
        assert caught.value.code == 2
