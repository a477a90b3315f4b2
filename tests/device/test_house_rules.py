"""What parents decide, in the talk: goodbyes, breaks, bedtime, levels, and what they never cost."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from audio.virtual_room.scenario import load_scenario
from audio.virtual_room.voices import make_voice
from device import room_run
from device.announcements import Announcement, line
from device.app import Parts, Services, assemble, start_services
from device.config import Settings
from device.house_rules import BEDTIME_RATE, HouseRules, up_to
from device.lessons import Lessons, Rules
from device.store import Store
from device.trace import Entry, Recorder
from dialog.packs import starter_pack
from dialog.packs.model import Level
from dialog.ports import (
    Begin,
    DialogEvent,
    DialogState,
    Heard,
    HeardNothing,
    Recognition,
    Step,
    Then,
)
from dialog.settings import LessonSettings
from provisioning.parents.limits import Limits

HAPPY = Path(__file__).parents[1] / "room" / "happy-path.yaml"
NOON = datetime(2026, 1, 5, 12, 0).astimezone()
QUIET_NOW = Rules(quiet_from=time(0, 0), quiet_until=time(23, 59))


class Talk:
    """Lessons under house rules, stepped by hand."""

    def __init__(self, limits: Limits | None = None, now: datetime = NOON) -> None:
        self.store = Store(None)
        self.lessons = Lessons(starter_pack(), LessonSettings(), self.store, "en")
        self.rules = HouseRules(self.lessons)
        self.rules.limits = limits or Limits()
        self.now = now
        self.state: DialogState = self.rules.start(history=self.store.history(), seed=1)

    def step(self, event: DialogEvent, after: timedelta = timedelta(seconds=5)) -> Step:
        self.now += after
        step = self.rules.step(self.state, event, self.now)
        self.state = step.state
        return step

    def answer(self, step: Step, **after: float) -> Step:
        assert step.expect is not None
        right = Recognition(step.expect.answers[0], 0, 0.99, True)
        return self.step(Heard(right, 1.0), timedelta(**after))


@pytest.fixture
def talk() -> Iterator[Talk]:
    made = Talk()
    yield made
    made.store.close()


def said(step: Step) -> list[str]:
    return [each.text for each in step.lines]


def test_what_was_answered_counts_although_the_lesson_has_to_end(talk: Talk) -> None:
    first = talk.step(Begin())
    talk.lessons.parents = QUIET_NOW
    last = talk.answer(first, seconds=5)
    assert said(last) == [line(Announcement.QUIET_TIME, "en").text]
    assert (last.then, last.expect) == (Then.SLEEP, None)
    assert [each.verdict.value for each in last.attempts] == ["right"]
    assert last.learned is not None


def test_the_stricter_of_parents_and_platform_holds(talk: Talk) -> None:
    assert talk.lessons.refusal(NOON) is None
    talk.lessons.rules = QUIET_NOW
    assert talk.lessons.refusal(NOON) is Announcement.QUIET_TIME
    talk.lessons.rules, talk.lessons.parents = Rules(), QUIET_NOW
    assert talk.lessons.refusal(NOON) is Announcement.QUIET_TIME
    talk.lessons.parents = Rules()
    assert talk.lessons.must_end(NOON) is None


def test_a_break_is_suggested_once_for_each_span() -> None:
    talk = Talk(Limits(break_after_min=2))
    text = line(Announcement.BREAK, "en").text
    step = talk.step(Begin())
    heard = []
    for _ in range(6):
        step = talk.answer(step, minutes=0.9)
        heard.append(text in said(step))
    assert heard == [False, False, True, False, True, False]
    talk.store.close()


def test_before_bedtime_myna_is_slower_and_softer_and_says_so() -> None:
    limits = Limits(quiet_from="12:20", quiet_until="13:00", wind_down_min=30, loudest_percent=80)
    talk = Talk(limits)
    step = talk.step(Begin())
    assert said(step)[0] == line(Announcement.NEAR_BEDTIME, "en").text
    assert step.lines[0].rate == pytest.approx(BEDTIME_RATE)
    assert talk.rules.loudness(NOON) == pytest.approx(0.8 * 0.6)
    assert talk.rules.loudness(NOON - timedelta(hours=1)) == pytest.approx(0.8)
    unset = datetime(1970, 1, 1, 12, 0, tzinfo=UTC)
    assert not talk.rules.near_bedtime(unset)
    talk.store.close()


def test_bedtime_is_found_over_midnight() -> None:
    talk = Talk(Limits(quiet_from="00:10", quiet_until="06:00", wind_down_min=20))
    assert talk.rules.near_bedtime(NOON.replace(hour=23, minute=55))
    assert not talk.rules.near_bedtime(NOON.replace(hour=23, minute=45))
    talk.store.close()


def test_the_rate_and_the_language_hold_from_the_next_step_on(talk: Talk) -> None:
    talk.step(Begin())
    talk.rules.limits = Limits(rate_percent=60)
    before = talk.step(HeardNothing())
    assert min(each.rate for each in before.lines) <= 0.6
    talk.lessons.instruction = type(talk.lessons.instruction)("zh")
    after = talk.step(HeardNothing())
    assert any("\u4e00" <= letter <= "\u9fff" for text in said(after) for letter in text)


@pytest.mark.parametrize("level", ["", "pre-a1", "a1", "a2"])
def test_nothing_harder_than_parents_allow(level: str) -> None:
    pack = up_to(starter_pack(), level)
    order = list(Level)
    hardest = order.index(Level(level)) if level else len(order) - 1
    found = {order.index(each.level) for each in (*pack.items(), *pack.plays())}
    assert found
    assert max(found) <= hardest
    assert all(unit.items for unit in pack.units)


# --------------------------------------------------------------------- in the virtual room


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    with ExitStack() as stack:
        yield start_services(Settings(), stack)


def test_a_child_in_the_room_is_told_kindly_and_keeps_what_it_did(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Parts] = []

    def assemble_and_keep(*args: object, **options: object) -> Parts:
        kept.append(assemble(*args, **options))  # type: ignore[arg-type]
        return kept[0]

    class Parent:
        """Sets a quiet time the moment the child has got its first answer right."""

        def see(self, entry: Entry) -> None:
            if entry.kind == "attempt":
                kept[0].lessons.parents = QUIET_NOW

    monkeypatch.setattr(room_run, "assemble", assemble_and_keep)
    recorder = Recorder()
    scenario = dataclasses.replace(load_scenario(HAPPY), expect=())
    record = room_run.hold(
        scenario, Settings(), services, voice=make_voice(), watchers=[recorder, Parent()]
    )
    texts = [str(each.data["text"]) for each in recorder.entries if each.kind == "say"]
    assert texts[-1] == line(Announcement.QUIET_TIME, "en").text
    assert record["metrics"]["ended_asleep"] is True
    assert 1 <= record["metrics"]["items_right"] <= 2
