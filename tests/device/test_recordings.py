"""Recordings of answers: only with consent, only the last practice, gone with either."""

from __future__ import annotations

import dataclasses
import stat
import wave
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from audio.virtual_room.scenario import load_scenario
from audio.virtual_room.voices import make_voice
from core.loudness import SPEECH_LUFS, measure
from device import recordings as module
from device import room_run
from device.app import start_services
from device.config import Settings
from device.recordings import FOLDER, Recordings, file_name, key
from device.runtime import Runtime
from dialog.ports import Attempt, Learned, SessionEdge, Verdict

HAPPY = Path(__file__).parents[1] / "room" / "happy-path.yaml"
FIRST = Attempt("starter", "greetings/hello", Verdict.RIGHT, 1, 0.9, 1.2)
SECOND = dataclasses.replace(FIRST, item="greetings/bye")
BEGUN = Learned(session=SessionEdge.BEGUN)
SOUND = np.arange(-800, 800, dtype=np.int16)


class Wish:
    def __init__(self) -> None:
        self.allowed = True

    def __call__(self) -> bool:
        return self.allowed


@pytest.fixture
def wish() -> Wish:
    return Wish()


@pytest.fixture
def kept(tmp_path: Path, wish: Wish) -> Iterator[Recordings]:
    with Recordings(tmp_path, wish) as made:
        yield made


def names(folder: Path, child: str = "lily") -> list[str]:
    return sorted(path.name for path in (folder / FOLDER / child).glob("*"))


def test_a_lesson_in_the_room_is_kept_answer_by_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Recorded(Runtime):
        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)  # type: ignore[arg-type]
            self.recordings = kept

    monkeypatch.setattr("device.app.Runtime", Recorded)
    with ExitStack() as stack, Recordings(tmp_path, lambda: True) as kept:
        services = start_services(Settings(), stack)
        scenario = load_scenario(HAPPY)
        record = room_run.hold(scenario, Settings(), services, voice=make_voice())
    sounds = list((tmp_path / FOLDER).glob("*/*.wav"))
    assert len(sounds) >= record["metrics"]["items_right"] >= 3
    for path in sounds:
        with wave.open(str(path)) as sound:
            assert sound.getnframes() > 0.2 * sound.getframerate()


def test_an_answer_is_kept_as_it_was_heard_and_as_loud_as_myna(
    kept: Recordings, tmp_path: Path
) -> None:
    softly = np.random.default_rng(1).normal(0.0, 300.0, 16000).astype(np.int16)
    kept.keep("lily", [FIRST], BEGUN, softly)
    kept.__exit__()
    path = tmp_path / FOLDER / "lily" / file_name(FIRST)
    with wave.open(str(path)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16000, 1, 2)
        heard = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
    assert np.corrcoef(heard, softly)[0, 1] > 0.9999
    loud = measure(heard.astype(np.float32) / 32768.0, 16000).lufs
    assert loud == pytest.approx(SPEECH_LUFS, abs=0.2)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_is_written_without_consent(kept: Recordings, tmp_path: Path, wish: Wish) -> None:
    wish.allowed = False
    kept.keep("lily", [FIRST], BEGUN, SOUND)
    kept.__exit__()
    assert not (tmp_path / FOLDER).exists()


def test_the_next_practice_takes_the_place_of_the_last(kept: Recordings, tmp_path: Path) -> None:
    kept.keep("lily", [FIRST], BEGUN, SOUND)
    kept.keep("tom", [FIRST], BEGUN, SOUND)
    kept.keep("lily", [SECOND], BEGUN, SOUND)
    kept.__exit__()
    assert names(tmp_path) == [file_name(SECOND)]
    assert names(tmp_path, "tom") == [file_name(FIRST)]


def test_a_child_or_all_are_forgotten(kept: Recordings, tmp_path: Path) -> None:
    for child in ("lily", "tom"):
        kept.keep(child, [FIRST], None, SOUND)
    kept.forget("lily")
    assert (names(tmp_path), names(tmp_path, "tom")) == ([], [file_name(FIRST)])
    kept.forget()
    assert not (tmp_path / FOLDER).exists()


def test_a_long_practice_does_not_fill_the_disk(
    kept: Recordings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    kept.keep("lily", [FIRST], None, SOUND)
    kept.keep("lily", [SECOND], None, SOUND)
    kept.__exit__()
    assert names(tmp_path) == [file_name(FIRST)]


@pytest.mark.parametrize("item", ["../../etc/passwd", "a b", "..", "词/语", "x" * 40])
def test_a_name_never_leads_elsewhere(item: str) -> None:
    assert "/" not in key("starter", item, 1)
    assert "." not in key("starter", item, 1)


def test_names_of_different_answers_differ() -> None:
    assert key("a", "b", 1) != key("a", "b", 2)
    assert key("a", "b", 1) != key("a b", "", 1)
