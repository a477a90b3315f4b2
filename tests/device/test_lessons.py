"""When lessons may begin, with which pack, and what is said before them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime, time

import pytest

from core.clock import VirtualClock
from device.announcements import Announcement
from device.lessons import Lessons, Rules
from device.store import Store
from device.sync import answers
from dialog.packs import starter_pack
from dialog.ports import (
    Begin,
    Heard,
    HeardNothing,
    Learned,
    Recognition,
    SessionEdge,
    Step,
    StepOn,
    Then,
)
from dialog.settings import LessonSettings
from tests.platform_parts import attempts

NOW = datetime(2026, 11, 23, 16, 0).astimezone()
QUESTION = "019ab1f2-3c4d-7e5f-8a9b-0c1d2e3f4a61"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW.astimezone(UTC))


@pytest.fixture
def store(clock: VirtualClock) -> Iterator[Store]:
    with Store(None, clock) as made:
        yield made


@pytest.fixture
def lessons(store: Store) -> Lessons:
    return Lessons(starter_pack(), LessonSettings(), store, "en")


def wake(lessons: Lessons, store: Store, now: datetime = NOW) -> Step:
    return lessons.step(lessons.start(history=store.history(), seed=1), Begin(), now)


@pytest.mark.parametrize(
    ("start", "end", "at", "quiet"),
    [
        ("20:00", "07:00", "19:59", False),
        ("20:00", "07:00", "20:00", True),
        ("20:00", "07:00", "03:00", True),
        ("20:00", "07:00", "07:00", False),
        ("12:00", "14:00", "13:59", True),
        ("12:00", "14:00", "14:00", False),
        ("00:00", "00:00", "00:00", False),
    ],
)
def test_quiet_time_may_span_midnight(start: str, end: str, at: str, quiet: bool) -> None:
    rules = Rules(quiet_from=time.fromisoformat(start), quiet_until=time.fromisoformat(end))
    assert rules.quiet(datetime.combine(NOW.date(), time.fromisoformat(at))) is quiet
    assert not rules.quiet(datetime(1970, 1, 1, 3, 0))  # noqa: DTZ001 - a clock never set


def test_in_the_quiet_time_myna_says_so_and_sleeps(lessons: Lessons, store: Store) -> None:
    lessons.rules = Rules(quiet_from=time(15), quiet_until=time(17))
    step = wake(lessons, store)
    assert [each.text for each in step.lines] == [Announcement.QUIET_TIME.value[0]]
    assert (step.then, step.learned) == (Then.SLEEP, None)
    lessons.rules = Rules()
    assert wake(lessons, store).then is Then.LISTEN


def test_the_day_s_minutes_end_with_the_day(
    lessons: Lessons, store: Store, clock: VirtualClock
) -> None:
    lessons.rules = Rules(minutes_per_day=10)
    store.remember((), Learned(session=SessionEdge.BEGUN))
    clock.advance_to(6.5 * 60)
    store.remember(attempts(0, 1))  # a lesson that was broken off counts up to its last answer
    assert lessons.refusal(clock.wall()) is None
    state = wake(lessons, store, clock.wall()).state
    assert state.data.tutor.settings.session_minutes == 3  # type: ignore[attr-defined]
    store.remember((), Learned(session=SessionEdge.BEGUN))
    clock.advance_to(9.5 * 60)
    store.remember((), Learned(session=SessionEdge.ENDED))
    step = wake(lessons, store, clock.wall())
    assert [each.text for each in step.lines] == [Announcement.ENOUGH_TODAY.value[0]]
    clock.advance_to(9 * 3600)
    assert lessons.refusal(clock.wall()) is None


def test_an_answer_is_said_once_and_again_when_nobody_heard_it(
    lessons: Lessons, store: Store
) -> None:
    with store.transaction() as db:
        answers.keep(db, {"question": QUESTION, "text": "Clouds are drops.", "language": "en"})
        answers.keep(db, {"question": "q", "child": "other", "text": "x", "language": "en"})
    assert wake(lessons, store).lines[1].text == "Clouds are drops."
    step = wake(lessons, store)  # the power was cut while she said it
    assert step.lines[1].text == "Clouds are drops."
    lessons.step(step.state, HeardNothing(), NOW)
    assert "Clouds are drops." not in [each.text for each in wake(lessons, store).lines]


def test_one_lesson_may_be_of_another_pack_or_unit(lessons: Lessons, store: Store) -> None:
    other = dataclasses.replace(starter_pack(), id="other")
    lessons.begin_with(other, "animals")
    step = wake(lessons, store)
    tutor = step.state.data.tutor  # type: ignore[attr-defined]
    assert (tutor.pack.id, [unit.id for unit in tutor.pack.units]) == ("other", ["animals"])
    tutor = wake(lessons, store).state.data.tutor  # type: ignore[attr-defined]
    assert tutor.pack.id == "starter"
    with pytest.raises(LookupError):
        lessons.begin_with(None, "no-such-unit")
    lessons.choose(other)
    assert lessons.pack == "other"


# ------------------------------------------------------------------------ several children


def practised(store: Store, clock: VirtualClock, nickname: str, minutes: float) -> None:
    """Let a child have practised for a while, up to now."""
    (child,) = (each.id for each in store.history().children if each.nickname == nickname)
    store.remember((), Learned(child=child, session=SessionEdge.BEGUN))
    clock.advance_to(clock.now_s() + minutes * 60)
    store.remember((), Learned(session=SessionEdge.ENDED))


def ids(store: Store) -> dict[str, str]:
    return {each.nickname: each.id for each in store.history().children}


def test_with_several_children_it_is_asked_who_is_there(lessons: Lessons, store: Store) -> None:
    store.know(["Lily", "Tom"], present="Tom")
    step = wake(lessons, store)
    assert step.expect is not None
    assert step.expect.by_button
    assert (step.then, step.learned) == (Then.LISTEN, None)
    step = lessons.step(step.state, StepOn(), NOW)
    assert "Lily" in step.lines[0].text
    step = lessons.step(step.state, HeardNothing(), NOW)
    assert step.learned is not None
    assert (step.learned.child, step.learned.session) == (ids(store)["Lily"], SessionEdge.BEGUN)
    assert "Lily" in step.lines[0].text
    assert step.expect is not None
    assert not step.expect.by_button


def test_one_child_is_not_asked_for_its_name(lessons: Lessons, store: Store) -> None:
    for family in ([], ["Lily"]):
        store.know(family)
        step = wake(lessons, store)
        assert step.learned is not None
        assert step.learned.session is SessionEdge.BEGUN


def test_one_child_s_minutes_are_not_the_other_s(
    lessons: Lessons, store: Store, clock: VirtualClock
) -> None:
    store.know(["Lily", "Tom"])
    lessons.parents = Rules(minutes_per_day=10)
    practised(store, clock, "Lily", 11.0)
    assert store.child == ids(store)["Lily"]
    assert lessons.refusal(clock.wall()) is None
    asked = wake(lessons, store, clock.wall())
    # While it is not known who is there, nobody's minutes end the talk.
    assert lessons.must_end(clock.wall(), asked.state) is None
    at_lily = lessons.step(asked.state, StepOn(), clock.wall())
    over = lessons.step(at_lily.state, HeardNothing(), clock.wall())
    assert [each.text for each in over.lines] == [Announcement.ENOUGH_TODAY.value[0]]
    assert (over.then, over.learned) == (Then.SLEEP, None)
    at_tom = lessons.step(at_lily.state, StepOn(), clock.wall())
    begun = lessons.step(at_tom.state, HeardNothing(), clock.wall())
    assert begun.learned is not None
    assert begun.learned.child == ids(store)["Tom"]
    assert lessons.must_end(clock.wall(), begun.state) is None
    # Who takes over in the middle brings its own minutes along.
    said = Recognition("i am lily", None, 0.9, complete=True)
    taken_over = lessons.step(begun.state, Heard(said, 1.0), clock.wall())
    assert lessons.must_end(clock.wall(), taken_over.state) is Announcement.ENOUGH_TODAY
    practised(store, clock, "Tom", 11.0)
    step = wake(lessons, store, clock.wall())
    assert [each.text for each in step.lines] == [Announcement.ENOUGH_TODAY.value[0]]


def test_an_answer_waits_for_the_child_who_asked(lessons: Lessons, store: Store) -> None:
    store.know(["Lily", "Tom"])
    with store.transaction() as db:
        answers.keep(
            db,
            {"question": QUESTION, "child": ids(store)["Tom"], "text": "Rain.", "language": "en"},
        )
    for presses, told in ((1, False), (2, True)):
        step = wake(lessons, store)
        for _ in range(presses):
            step = lessons.step(step.state, StepOn(), NOW)
        step = lessons.step(step.state, HeardNothing(), NOW)
        assert ("Rain." in [each.text for each in step.lines]) is told
