"""What the bench of the tutor makes of children, and whether a poor planner shows in it."""

from __future__ import annotations

import json
import math
from datetime import datetime

import pytest

from device.bench import tutor
from device.bench.tutor import Outcome, _student_t, figures, teach
from device.cli import main
from dialog.packs import starter_pack
from dialog.ports import Child
from dialog.teaching.course import Course
from dialog.teaching.planner import Planned, Why, plan_session

PACK = starter_pack()


def outcome(gained: float, *, sounds: float = 0.0, fails: int = 1) -> Outcome:
    return Outcome(10.0, 10.0 + gained, sounds, 160.0, 20, 0.5, fails)


def one_item_for_ever(
    child: Child, course: Course, *, now: datetime, minutes: float, seed: int
) -> tuple[Planned, ...]:
    """A planner that has one idea."""
    return tuple(Planned("greetings/hello", Why.NEW) for _ in range(40))


def test_children_are_compared_one_by_one() -> None:
    """Paired: children differ by far more than planners do."""
    ours = [
        outcome(gained + more)
        for gained, more in zip(range(0, 50, 10), (1, 2, 3, 4, 5), strict=True)
    ]
    fixed = [outcome(gained, fails=3) for gained in range(0, 50, 10)]
    found = {m.metric: m for m in figures({"planner": ours, "fixed_order": fixed}, 439)}
    assert found["tutor.planner.items_learnt"].value == pytest.approx(23.0)
    assert found["tutor.fixed_order.items_learnt"].value == pytest.approx(20.0)
    more = found["tutor.items_more_than.fixed_order"]
    assert more.n == 5
    assert more.value == pytest.approx(3.0)
    half = 2.776 * math.sqrt(2.5) / math.sqrt(5)
    low = found["tutor.items_more_than.fixed_order.low95"].value
    high = found["tutor.items_more_than.fixed_order.high95"].value
    assert low == pytest.approx(3.0 - half, abs=0.01)
    assert high == pytest.approx(3.0 + half, abs=0.01)
    assert found["tutor.fixed_order.fails_in_a_row.max"].value == 3.0


@pytest.mark.parametrize(("degrees", "table"), [(4, 2.776), (5, 2.571), (9, 2.262), (59, 2.001)])
def test_limits_are_those_of_students_table(degrees: int, table: float) -> None:
    assert _student_t(degrees) == pytest.approx(table, abs=0.002)


def test_a_child_learns_what_it_is_taught_and_a_poor_planner_shows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tutor, "PRACTICE_MIN", 40.0)
    taught, again = (teach(PACK, plan_session, 1) for _ in range(2))
    poor = teach(PACK, one_item_for_ever, 1)
    assert taught == again
    assert taught.minutes >= 40.0
    assert taught.fails_in_a_row <= 2
    assert taught.items_after - taught.items_before > 1.0
    assert poor.items_after - poor.items_before < (taught.items_after - taught.items_before) / 2


def test_the_command_prints_every_planner_with_counts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tutor, "PRACTICE_MIN", 16.0)
    monkeypatch.setattr(tutor, "SHORT_CHILDREN", 2)
    assert main(["bench", "tutor", "--json", "--seed", "5"]) == 0
    found = {m["metric"]: m for m in json.loads(capsys.readouterr().out)}
    assert found["tutor.pack.items"]["value"] == len(list(PACK.items()))
    for name in tutor.PLANNERS:
        assert found[f"tutor.{name}.items_learnt"]["n"] == 2
        assert found[f"tutor.{name}.minutes"]["value"] >= 16.0
        assert found[f"tutor.{name}.fails_in_a_row.max"]["value"] <= 2
    for name in ("fixed_order", "review_alone"):
        low, high = (
            found[f"tutor.items_more_than.{name}.{end}"]["value"] for end in ("low95", "high95")
        )
        assert low < found[f"tutor.items_more_than.{name}"]["value"] < high
