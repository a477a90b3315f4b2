"""`myna doctor`: what each part's trouble looks like, and the exit code that follows."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from audio import echo_factory, live, loop
from audio.cards import Card
from audio.settings import AudioSettings, WakeSettings
from core.errors import DeviceLost, ModelError, SpeakerError, StoreError
from device import cli, doctor_checks, health, telemetry
from device.cli import doctor as doctor_command
from device.config import Settings
from device.doctor import Check, Finding, State, examine, tried
from device.health import Degraded, Health
from device.settings import DeviceSettings
from device.store import Store
from device.store_file import FILE_NAME
from dialog.settings import LessonSettings, RecognitionSettings
from hal.machine import is_raspberry_pi
from hal.settings import BoardSettings

CARD = Card("alsa:Box", "Box", 1, 2, 48_000, 0, is_default_input=True, is_default_output=True)
COUNTERS = {
    "frames": 60_000,
    "lost_frames": 0,
    "late_frames": 0,
    "overflow_frames": 0,
    "output_underflows": 0,
    "reopened": 2,
    "frame_ms_p50": 1.25,
    "frame_ms_p999": 4.5,
}


def check(name: str) -> Check:
    return next(each for each in doctor_checks.CHECKS if each.name == name)


def settings_in(folder: Path) -> Settings:
    return Settings(device=DeviceSettings(state_dir=str(folder)))


def has_cards(monkeypatch: pytest.MonkeyPatch, *cards: Card) -> None:
    monkeypatch.setattr(live, "list_cards", lambda _library: list(cards))


def find(name: str, settings: Settings | None = None) -> Finding:
    return tried(check(name), settings or Settings())


# ------------------------------------------------------------------ verdict


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (StoreError("the disk\nis full"), "the disk is full"),
        (ModuleNotFoundError("No module named 'vosk'", name="vosk"), "the Python package vosk"),
        (PermissionError(13, "Permission denied", "/x"), "/x: Permission denied"),
    ],
)
def test_an_error_becomes_a_finding_with_a_remedy(error: Exception, sentence: str):
    def fails(_settings: Settings) -> Finding:
        raise error

    found = tried(Check("part", fails, "do this"), Settings())
    assert (found.name, found.state, found.remedy) == ("part", State.FAILED, "do this")
    assert found.sentence.startswith(sentence)


def test_a_programmer_s_mistake_is_not_taken_for_a_broken_part():
    def fails(_settings: Settings) -> Finding:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tried(Check("part", fails, "do this"), Settings())


def test_a_broken_configuration_is_a_finding_and_the_rest_is_tried(tmp_path: Path):
    path = tmp_path / "myna.toml"
    path.write_text("[audio]\nvolume_db = 3\n[trns]\n")
    seen: list[Settings] = []

    def looks(settings: Settings) -> Finding:
        seen.append(settings)
        return Finding("part", State.OK, "fine")

    config, part = examine(path, (Check("part", looks, ""),))
    assert config.state is State.FAILED
    assert f"{path}:2: [audio] volume_db" in config.sentence
    assert f"{path}:3: there is no section [trns]; did you mean turns?" in config.sentence
    assert "defaults" in config.remedy
    assert (part.sentence, seen) == ("fine", [Settings()])


def test_a_good_configuration_reaches_the_checks(tmp_path: Path):
    path = tmp_path / "myna.toml"
    path.write_text("[audio]\nvolume_db = -3\n")
    found = list(examine(path, ()))
    assert found == [Finding("config", State.OK, f"{path} is good")]


def test_every_check_has_its_own_name_and_a_remedy():
    names = [each.name for each in doctor_checks.CHECKS]
    assert len(set(names)) == len(names)
    assert all(each.remedy for each in doctor_checks.CHECKS)


# -------------------------------------------------------------------- parts


@pytest.mark.parametrize(
    ("version", "state"),
    [((3, 11), State.OK), ((3, 13), State.OK), ((3, 14), State.DEGRADED)],
)
def test_python(monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], state: State):
    monkeypatch.setattr(sys, "version_info", (*version, 0))
    assert find("python").state is state


def test_without_a_card_the_speaker_is_degraded_and_nothing_is_opened(
    monkeypatch: pytest.MonkeyPatch,
):
    has_cards(monkeypatch)
    found = find("sound_cards")
    assert found.state is State.DEGRADED
    assert "virtual room" in found.sentence
    assert "connect a sound card" in found.remedy
    assert find("sound_flows").state is State.DEGRADED


def test_a_configured_card_that_is_missing_has_failed(monkeypatch: pytest.MonkeyPatch):
    has_cards(monkeypatch, CARD)
    assert find("sound_cards").sentence == "microphone alsa:Box, loudspeaker alsa:Box"
    missing = Settings(audio=AudioSettings(input_card="alsa:Other"))
    found = find("sound_cards", missing)
    assert found.state is State.FAILED
    assert "alsa:Other" in found.sentence


def test_the_room_needs_no_card(monkeypatch: pytest.MonkeyPatch):
    has_cards(monkeypatch)
    room = Settings(audio=AudioSettings(backend="room"))
    assert find("sound_cards", room).state is State.OK
    assert find("sound_flows", room).state is State.OK


class _Backend:
    """A card that delivers some frames and then none, or cannot be opened."""

    name = "box"

    def __init__(self, frames: int, error: SpeakerError | None = None) -> None:
        self._left, self._error, self.closed = frames, error, False

    def open(self, _source: object) -> None:
        if self._error:
            raise self._error

    def read(self, *_buffers: object, timeout_s: float) -> object:
        self._left -= 1
        return type("Status", (), {"ok": self._left >= 0})()

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("backend", "state", "sentence"),
    [
        (_Backend(20), State.OK, "box delivers and takes frames"),
        (_Backend(7), State.FAILED, "box delivered 7 of 20 frames"),
        (_Backend(0, DeviceLost("the card went away")), State.FAILED, "the card went away"),
    ],
)
def test_a_card_is_opened_read_and_let_go(
    monkeypatch: pytest.MonkeyPatch, backend: _Backend, state: State, sentence: str
):
    has_cards(monkeypatch, CARD)
    monkeypatch.setattr(live, "make_live_backend", lambda _settings: backend)
    found = find("sound_flows")
    assert (found.state, found.sentence) == (state, sentence)
    assert backend.closed


@pytest.mark.parametrize(
    ("granted", "state"), [("fifo 40", State.OK), ("normal (not permitted)", State.DEGRADED)]
)
def test_real_time_priority(monkeypatch: pytest.MonkeyPatch, granted: str, state: State):
    monkeypatch.setattr(loop, "request_realtime", lambda: granted)
    found = find("real_time")
    assert found.state is state
    assert granted in found.sentence


def test_asking_for_real_time_leaves_this_thread_as_it_was():
    before = os.sched_getscheduler(0)
    find("real_time")
    assert os.sched_getscheduler(0) == before


def test_a_missing_library_fails_only_where_it_is_configured(monkeypatch: pytest.MonkeyPatch):
    make = echo_factory.make_canceller

    def without_speex(name: str, *, tail_ms: int) -> object:
        if name == "speex":
            raise ModelError("libspeexdsp is missing")
        return make(name, tail_ms=tail_ms)

    monkeypatch.setattr(echo_factory, "make_canceller", without_speex)
    found = find("echo_canceller")
    assert (found.state, found.sentence) == (State.OK, "kalman runs; not installed: speex")
    found = find("echo_canceller", Settings(audio=AudioSettings(canceller="speex")))
    assert (found.state, found.sentence) == (State.FAILED, "libspeexdsp is missing")


def test_the_models_that_come_along_are_tried_for_real():
    for name in ("wake_word", "recogniser", "voice", "lessons"):
        assert find(name).state is State.OK, find(name)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("wake_word", Settings(wake=WakeSettings(phrase="hi"))),
        (
            "recogniser",
            Settings(recognition=RecognitionSettings(engine="vosk", vosk_model="/no/such/model")),
        ),
        ("lessons", Settings(lessons=LessonSettings(pack="nowhere"))),
        ("board", Settings(board=BoardSettings(board="gpio"))),
    ],
)
def test_a_part_that_is_not_there_has_failed_in_one_sentence(name: str, settings: Settings):
    found = find(name, settings)
    assert found.state is State.FAILED
    assert found.remedy
    assert "\n" not in found.sentence


# -------------------------------------------------------------------- store


def test_a_store_that_is_not_there_yet_is_good_and_stays_so(tmp_path: Path):
    found = find("store", settings_in(tmp_path / "a" / "b"))
    assert (found.state, found.remedy) == (State.OK, "")
    assert list(tmp_path.iterdir()) == []


def test_a_whole_a_damaged_and_a_rescued_store(tmp_path: Path):
    Store(tmp_path).close()
    settings = settings_in(tmp_path)
    assert find("store", settings).state is State.OK
    broken = b"not a database " * 500
    (tmp_path / FILE_NAME).write_bytes(broken)
    found = find("store", settings)
    assert found.state is State.FAILED
    assert (tmp_path / FILE_NAME).read_bytes() == broken  # the doctor looks, it does not cut
    Store(tmp_path).close()
    found = find("store", settings)
    assert found.state is State.DEGRADED
    assert "progress.db.damaged-1" in found.remedy


def test_a_folder_that_takes_no_file_has_failed():
    found = find("store", settings_in(Path("/proc/sys/myna")))
    assert found.state is State.FAILED
    assert "state_dir" in found.remedy


@pytest.mark.parametrize(
    ("free_mb", "state"), [(10, State.FAILED), (100, State.DEGRADED), (5000, State.OK)]
)
def test_disk_space(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free_mb: int, state: State):
    usage = type("Usage", (), {"free": free_mb * 1_000_000})()
    monkeypatch.setattr(doctor_checks.shutil, "disk_usage", lambda _folder: usage)
    found = find("disk_space", settings_in(tmp_path))
    assert found.state is state
    assert f"{free_mb} MB free" in found.sentence


# ----------------------------------------------------------------- last run


@pytest.mark.parametrize(
    ("change", "state", "part"),
    [
        ({}, State.OK, "60000 frames of 10 ms, 1.25 ms each (p99.9 4.5 ms), card found again 2"),
        ({"lost_frames": 3, "late_frames": 1}, State.DEGRADED, "; 3 lost frames, 1 late frames"),
        ({"frame_ms_p999": 12.0}, State.DEGRADED, "frames took longer than they last"),
        ({"frames": None}, State.DEGRADED, "cannot be understood"),
        ({"clipped_frames": 59}, State.OK, "60000 frames"),
        ({"clipped_frames": 61}, State.DEGRADED, "the microphone was overdriven in 61 frames"),
        ({"dead_frames": 3_001}, State.DEGRADED, "gave nothing at all in 3001 frames"),
    ],
)
def test_the_counters_of_the_last_run(
    tmp_path: Path, change: dict[str, object], state: State, part: str
):
    telemetry.write(tmp_path, COUNTERS | change)
    found = find("last_run", settings_in(tmp_path))
    assert found.state is state
    assert part in found.sentence


def test_no_run_yet_and_half_a_file(tmp_path: Path):
    assert find("last_run", settings_in(tmp_path)).state is State.OK
    (tmp_path / telemetry.FILE_NAME).write_text('{"frames": 1')
    assert find("last_run", settings_in(tmp_path)).state is State.DEGRADED


# ------------------------------------------------------------- command line


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([State.OK, State.OK], 0),
        ([State.OK, State.DEGRADED], 0),
        ([State.OK, State.DEGRADED, State.FAILED], 1),
    ],
)
def test_the_exit_code_and_the_lines(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    states: list[State],
    code: int,
):
    found = [
        Finding(f"part{n}", state, "so it is", "" if state is State.OK else "do this")
        for n, state in enumerate(states)
    ]
    monkeypatch.setattr(doctor_command, "examine", lambda _config: iter(found))
    assert cli.main(["doctor", "--json"]) == code
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert records == [
        {"name": f.name, "state": f.state.value, "sentence": f.sentence, "remedy": f.remedy}
        for f in found
    ]
    assert cli.main(["doctor"]) == code
    text = capsys.readouterr().out
    assert text.count("do: do this") == sum(state is not State.OK for state in states)
    assert text.splitlines()[-1] == ", ".join(
        f"{states.count(state)} {state.value}" for state in State
    )


def test_a_missing_configuration_file_is_a_finding(tmp_path: Path):
    (found,) = examine(tmp_path / "none.toml", ())
    assert found.state is State.FAILED
    assert "cannot be read" in found.sentence


def test_a_board_whose_parts_do_not_work_has_failed() -> None:
    if is_raspberry_pi():
        pytest.skip("this machine has real pins")
    (check,) = (check for check in doctor_checks.CHECKS if check.name == "board")
    finding = tried(check, Settings(board=BoardSettings(profile="generic-gpio")))
    assert finding.state is State.FAILED
    assert "lgpio" in finding.sentence
    assert finding.remedy


# ------------------------------------------------------------------ running


def test_what_the_daemon_names_is_told(tmp_path: Path):
    health.write(tmp_path, Health((Degraded("board.lights", "check the lights' wires"),)))
    found = find("running", settings_in(tmp_path))
    assert (found.state, found.sentence) == (
        State.DEGRADED,
        "board.lights: check the lights' wires",
    )
    health.write(tmp_path, Health())
    assert find("running", settings_in(tmp_path)).state is State.OK


@pytest.mark.parametrize("torn", ["", "[1", "7"])
def test_a_torn_word_of_the_daemon_is_told(tmp_path: Path, torn: str):
    (tmp_path / health.FILE_NAME).write_text(torn, encoding="utf-8")
    assert find("running", settings_in(tmp_path)).state is State.DEGRADED
