"""The progress file stays small: old attempts go, what was learnt stays, room is given back."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.clock import VirtualClock
from device import store_keeping
from device.store import Store
from device.store_file import FILE_NAME
from device.store_keeping import KEPT_DAYS, keep_small
from dialog.ports import Attempt, Verdict

START = datetime(2026, 1, 5, 16, 0, tzinfo=UTC)
ANSWER = Attempt("starter", "dog", Verdict.RIGHT, 1, 0.9, 1.2, 0.3)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


def practise(store: Store, clock: VirtualClock, days: int, per_day: int = 3) -> None:
    for _ in range(days):
        answers = [
            dataclasses.replace(ANSWER, item=f"item-{number}" * 20) for number in range(per_day)
        ]
        store.remember(answers)
        clock.advance_to(clock.now_s() + timedelta(days=1).total_seconds())


def test_what_is_older_than_a_year_and_a_bit_goes(
    tmp_path: Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_keeping, "KEPT_ATTEMPTS", 10)
    with Store(tmp_path, clock) as store:
        practise(store, clock, KEPT_DAYS + 100)
        assert keep_small(store, clock.wall()) == 3 * 100
        assert len(store.attempts(10_000)) == 3 * KEPT_DAYS
        assert keep_small(store, clock.wall()) == 0


def test_a_child_s_last_attempts_stay_however_old(tmp_path: Path, clock: VirtualClock) -> None:
    with Store(tmp_path, clock) as store:
        practise(store, clock, 5)
        assert keep_small(store, START + timedelta(days=10 * KEPT_DAYS)) == 0
        assert len(store.attempts(100)) == 15


def test_a_clock_that_is_not_set_takes_nothing_away(
    tmp_path: Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_keeping, "KEPT_ATTEMPTS", 0)
    with Store(tmp_path, clock) as store:
        practise(store, clock, 5)
        assert keep_small(store, datetime(1970, 1, 1, tzinfo=UTC)) == 0


def test_the_room_is_given_back(
    tmp_path: Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_keeping, "KEPT_ATTEMPTS", 10)
    with Store(tmp_path, clock) as store:
        monkeypatch.setattr(store_keeping, "KEPT_DAYS", 10)
        practise(store, clock, 40, per_day=200)
        assert keep_small(store, clock.wall()) == 200 * 30
        with closing(sqlite3.connect(tmp_path / FILE_NAME)) as db:
            assert db.execute("PRAGMA freelist_count").fetchone() == (0,)
        assert (tmp_path / f"{FILE_NAME}-wal").stat().st_size == 0
        assert len(store.attempts(100_000)) == 200 * 10


def test_a_disk_that_refuses_holds_nobody_up(
    tmp_path: Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path, clock) as store:
        practise(store, clock, 1)
        with store.transaction() as db:
            db.execute(
                "CREATE TRIGGER no BEFORE DELETE ON attempts BEGIN SELECT RAISE(FAIL, ''); END"
            )
        monkeypatch.setattr(store_keeping, "KEPT_ATTEMPTS", 0)
        assert keep_small(store, START + timedelta(days=10 * KEPT_DAYS)) == 0
        assert len(store.attempts(10)) == 3
