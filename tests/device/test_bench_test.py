"""The bench test: good parts pass, and each bad one is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from audio.fakes import FakeBackend
from audio.ports import SAMPLE_RATE_HZ, Samples
from device.bench_test import (
    LISTEN_S,
    Bench,
    chirp,
    microphone,
    report,
    sound_loop,
    storage,
    temperature,
    try_box,
    verdict,
)
from device.cli import bench_test as command
from device.cli import main
from device.config import Settings
from device.doctor import Finding, State
from hal.ports import Button
from hal.simulated import SimulatedBoard
from provisioning.identity import FOLDER, TEST_WANTED_FILE


def heard(delay_ms: int, gain: float, noise: float = 30.0) -> Samples:
    """A microphone that hears the chirp late and softly, in noise."""
    samples = np.random.default_rng(7).normal(0, noise, int(LISTEN_S * SAMPLE_RATE_HZ))
    at = delay_ms * SAMPLE_RATE_HZ // 1000
    sound = chirp()
    samples[at : at + sound.size] += gain * sound
    return np.asarray(samples, np.int16)


def test_a_loudspeaker_is_heard_and_its_delay_known() -> None:
    finding = sound_loop(FakeBackend(heard(120, 0.05)))
    assert finding.state is State.OK
    assert "heard after 120 ms" in finding.sentence


def test_echo_and_clipping_are_measured() -> None:
    assert (
        "-26 dB of what was played, 0.0 % clipped"
        in sound_loop(FakeBackend(heard(120, 0.05, noise=1.0))).sentence
    )
    loud = np.clip(heard(120, 0.05).astype(np.int64) * 200, -32768, 32767).astype(np.int16)
    finding = sound_loop(FakeBackend(loud))
    assert finding.state is State.FAILED
    assert "gain down" in finding.remedy


@pytest.mark.parametrize("samples", [heard(120, 0.0), np.zeros(24_000, np.int16)])
def test_a_silent_loudspeaker_is_noticed(samples: Samples) -> None:
    with pytest.raises(Exception, match="does not hear the loudspeaker"):
        sound_loop(FakeBackend(samples))


@pytest.mark.parametrize(
    ("noise", "said"), [(0.0, "hears nothing at all"), (9000.0, "hums, or it is loud here")]
)
def test_a_dead_or_humming_microphone_is_noticed(noise: float, said: str) -> None:
    with pytest.raises(Exception, match=said):
        microphone(FakeBackend(heard(0, 0.0, noise)))


def test_a_quiet_room_is_right() -> None:
    assert microphone(FakeBackend(heard(0, 0.0))).state is State.OK


def test_temperature(tmp_path: Path) -> None:
    file = tmp_path / "temp"
    assert temperature(file).state is State.DEGRADED
    file.write_text("48312\n")
    assert temperature(file).sentence == "48 degrees Celsius"
    file.write_text("81000\n")
    assert temperature(file).state is State.FAILED


@pytest.mark.parametrize(("seconds", "state"), [(1.0, State.OK), (60.0, State.FAILED)])
def test_storage(tmp_path: Path, seconds: float, state: State) -> None:
    times = iter([0.0, seconds])
    assert storage(tmp_path, lambda: next(times)).state is state
    assert list(tmp_path.iterdir()) == []


def bench(tmp_path: Path, board: SimulatedBoard, *, press: bool) -> Bench:
    (tmp_path / "temp").write_text("50000\n")
    microphones = iter([heard(0, 0.0), heard(90, 0.05)])

    def wait(_seconds: float) -> None:
        if press:
            board.press(Button.TALK)

    return Bench(
        card=lambda: FakeBackend(next(microphones)),
        board=lambda: board,
        thermal=tmp_path / "temp",
        storage=tmp_path / "state",
        wait=wait,
    )


def test_a_good_box(tmp_path: Path) -> None:
    findings = try_box(bench(tmp_path, SimulatedBoard(), press=True), Settings())
    assert [each.name for each in findings] == [
        *("storage", "temperature", "microphone", "sound_loop", "hand")
    ]
    assert [each.sentence for each in findings if each.state is not State.OK] == []
    assert verdict(findings) == "This speaker is good."


def test_nobody_presses_the_button(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("device.bench_test.PRESS_WITHIN_S", 0.01)
    findings = try_box(bench(tmp_path, SimulatedBoard(), press=False), Settings())
    assert findings[-1].state is State.FAILED
    assert verdict(findings) == "This speaker is not good. Look at: hand."


def test_the_report_says_whose_it_is() -> None:
    findings = [Finding("storage", State.OK, "writes 20 MB/s")]
    value = json.loads(report(findings, serial="MY-0000-0000", when="2026-01-02T03:04:05+00:00"))
    assert value == {
        "serial": "MY-0000-0000",
        "tested_at": "2026-01-02T03:04:05+00:00",
        "good": True,
        "findings": {"storage": ["ok", "writes 20 MB/s"]},
    }


@pytest.mark.parametrize("state", [State.OK, State.FAILED])
def test_a_test_that_the_bench_asked_for_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: State
) -> None:
    said: list[str] = []
    findings = [Finding("storage", state, "writes 20 MB/s")]
    monkeypatch.setattr(command, "try_box", lambda *_: findings)
    monkeypatch.setattr(command, "_speak", lambda _settings, sentence: said.append(sentence))
    wanted = tmp_path / TEST_WANTED_FILE
    wanted.write_text("at the first start\n")
    words = ["bench-test", "--json", "--report", str(tmp_path), "--wanted", str(wanted)]
    assert main(words) == (0 if state is State.OK else 1)
    assert json.loads((tmp_path / "bench-test.json").read_text())["good"] is (state is State.OK)
    assert not wanted.exists()
    assert main(words) == 0  # a family's every start is none
    assert said == [verdict(findings)]


def test_the_unit_looks_for_what_flash_sh_leaves_on_the_card() -> None:
    unit = (Path(__file__).parents[2] / "systemd/myna-bench-test.service").read_text("utf-8")
    assert unit.count(f"/boot/myna/{FOLDER}/{TEST_WANTED_FILE}\n") == 2
