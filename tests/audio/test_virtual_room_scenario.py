"""Scenario files: what is read, and that every mistake is told with its line and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from audio.virtual_room.scenario import (
    PACKAGED_LESSON,
    CardAway,
    find_scenarios,
    load_scenario,
)
from audio.virtual_room.steps import Answer, Burst, Interrupt, Repeat, Say, Wait, Wake
from core.errors import ConfigError

FOLDER = Path(__file__).parent.parent / "room"
LEAST = "name: a\nchild: [wake]\nexpect: [wakes == 1]\n"


def problems_of(path: Path, text: str) -> list[str]:
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_scenario(path)
    return [problem.removeprefix(f"{path}:") for problem in caught.value.problems]


@pytest.mark.parametrize("path", [*sorted(FOLDER.glob("*.yaml")), PACKAGED_LESSON], ids=str)
def test_shipped_scenarios_are_good_and_named_after_their_file(path: Path) -> None:
    scenario = load_scenario(path)
    assert scenario.name == path.stem
    assert scenario.about
    assert scenario.expect


def test_there_are_at_least_twelve_with_names_and_seeds_of_their_own() -> None:
    scenarios = [load_scenario(path) for path in find_scenarios([FOLDER])]
    assert len(scenarios) >= 12
    assert len({s.name for s in scenarios}) == len(scenarios)
    assert len({s.seed for s in scenarios}) == len(scenarios)


def test_steps_in_short_and_long_form(tmp_path: Path) -> None:
    path = tmp_path / "steps.yaml"
    path.write_text(
        """
name: steps
child:
  - wait: 2
  - wake
  - answer: {text: "{right}", pause_s: 0.8}
  - interrupt: 0.4
  - cough: 1
  - second_child: hello
  - repeat: {most: 3, steps: [door, {say: "{wrong}"}]}
card:
  - {lost_s: 3, back_s: 5}
room: {clip_at: none}
expect:
  - answer_gap_s.p95 <= 0.9
"""
    )
    scenario = load_scenario(path)
    assert scenario.child == (
        Wait(2),
        Wake(3),
        Answer(Say("{right}", 0.8)),
        Interrupt(0.4, Say("{right}")),
        Burst("cough", 1, 3),
        Say("hello", second=True),
        Repeat((Burst("door", None, 3), Say("{wrong}")), "asleep", 3),
    )
    assert scenario.card == (CardAway(3, 5),)
    assert scenario.room.clip_at is None


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    found = problems_of(
        tmp_path / "bad.yaml",
        """nmae: a
seed: -1
room:
  rt60: 0.3
  distance_m: far
child:
  - wiat: 1
  - say: "{rihgt}"
  - interrupt
card:
  - {lost_s: 5, back_s: 4}
expect:
  - itemsright >= 3
  - answer_gap_s <= 1
  - wakes
""",
    )
    assert found == [
        "1: name is missing; add it",
        "2: seed must be a whole number from 0 to 2147483647, not -1",
        "5: room.distance_m must be a number from 0.3 to 2.5, not 'far'",
        "4: room.rt60 is not known; did you mean rt60_s?",
        "7: child[1] 'wiat' is no step; did you mean wait?",
        "8: child[2].say.text may hold the placeholders {right} and {wrong} only",
        "9: child[3].interrupt.after_s is missing; add it",
        "11: card[1].back_s must be later than lost_s",
        "13: expect[1] 'itemsright' is no figure of a record; did you mean items_right?",
        "14: expect[2] answer_gap_s is a list: compare answer_gap_s.median "
        "(or p95, max, min, count)",
        "15: expect[3] must be a comparison such as `items_right >= 3`, not 'wakes'",
        "1: nmae is not known; did you mean name?",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("room: [1]\n", "room must hold `key: value` pairs"),
        ("noise: {fan_db: .nan}\n", "noise.fan_db must be a number from -60 to 20, not nan"),
        ("limit_s: true\n", "limit_s must be a number from 1 to 3600, not True"),
        ("card: {lost_s: 1}\n", "card must be a list (lines that begin with `- `)"),
        ("lesson_items: 0\n", "lesson_items must be a whole number from 1 to 200, not 0"),
    ],
)
def test_wrong_values(tmp_path: Path, change: str, said: str) -> None:
    (problem,) = problems_of(tmp_path / "bad.yaml", LEAST + change)
    assert problem.startswith(f"4: {said}")


def test_broken_yaml_and_missing_files_name_the_file(tmp_path: Path) -> None:
    assert problems_of(tmp_path / "a.yaml", "name: [")[0].startswith("1: is no YAML; check")
    with pytest.raises(ConfigError, match=r"gone\.yaml: cannot be read \(No such file"):
        load_scenario(tmp_path / "gone.yaml")
    with pytest.raises(ConfigError, match="does not exist; name a scenario file"):
        find_scenarios([tmp_path / "gone"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"holds no \*\.yaml"):
        find_scenarios([tmp_path / "empty"])
