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
from dialog.ports import Begin, HeardNothing, Learned, SessionEdge, Step, Then
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
