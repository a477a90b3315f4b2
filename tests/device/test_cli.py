"""The command line's frame, the room and the benchmark: what they print and how they exit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from device.bench import loop
from device.bench.metric import Metric
from device.cli import COMMANDS, main
from device.cli.bench import BENCHMARKS, machine

SILENCE = Path(__file__).parents[1] / "room" / "silence.yaml"


def test_every_command_has_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0
        assert COMMANDS[command] in " ".join(capsys.readouterr().out.split())


def test_wrong_usage_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["sing"])
    assert ended.value.code == 2
    assert "invalid choice: 'sing'" in capsys.readouterr().err


def test_bad_configuration_exits_78(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "myna.toml"
    config.write_text('[audio]\nvolume_db = "loud"\n[turns]\nlimits_s = 3\n', encoding="utf-8")
    assert main(["run", "--config", str(config)]) == 78
    complaints = capsys.readouterr().err.splitlines()
    assert len(complaints) == 2
    assert "volume_db" in complaints[0]
    assert "limit_s" in complaints[1]  # what was meant


@pytest.mark.parametrize(
    "content",
    [None, "", "name: [", "name: x\nchild: []\n", "name: x\nchild:\n  - fly\nexpect: []\n"],
)
def test_a_scenario_that_cannot_be_held_is_one_sentence(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scenario.yaml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    assert main(["room", str(path)]) == 1
    error = capsys.readouterr().err
    assert str(path) in error
    assert "Traceback" not in error


def test_a_room_prints_its_record(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["room", str(SILENCE), "--json"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    record = json.loads(lines[0])
    assert record["name"] == "silence"
    assert record["passed"] is True
    assert {"who", "what", "start_s", "end_s"} <= set(record["turns"][0])
    assert record["metrics"]["ended_asleep"] is True


def test_a_benchmark_prints_a_list_of_figures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = [Metric("room.answer_gap.median", 412.0, "ms", "<= 500", 9)]
    monkeypatch.setattr(loop, "run", lambda **_: figures)
    assert main(["bench", "loop", "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == [
        {"metric": "room.answer_gap.median", "value": 412.0, "unit": "ms", "aim": "<= 500", "n": 9}
    ]
    assert printed.err.startswith("machine: ")


def test_every_benchmark_is_a_module() -> None:
    assert set(BENCHMARKS) >= {"echo", "loop", "answers", "tutor"}
    assert "cores" in machine()


def test_latencies_are_taken_over_all_records() -> None:
    records = [
        {"metrics": {"answer_gap_s": [0.4, 0.5], "missed_wakes": 1}},
        {"metrics": {"answer_gap_s": [0.6], "duck_s": [0.05]}},
    ]
    found = {metric.metric: metric for metric in loop.latencies(records)}
    assert found["room.answer_gap.median"].value == pytest.approx(500.0)
    assert found["room.answer_gap.median"].n == 3
    assert found["room.duck.median"].value == pytest.approx(50.0)
    assert found["room.interrupt_silent.median"].value is None
    assert found["room.missed_wakes"].value == 1.0
