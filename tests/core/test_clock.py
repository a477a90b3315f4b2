from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.clock import SystemClock, VirtualClock


def test_virtual_clock_moves_only_when_it_is_moved() -> None:
    start = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
    clock = VirtualClock(start)
    assert (clock.now_s(), clock.wall()) == (0.0, start)
    clock.advance_to(90.5)
    assert (clock.now_s(), clock.wall()) == (90.5, start + timedelta(seconds=90.5))


def test_virtual_clock_refuses_to_go_back() -> None:
    clock = VirtualClock()
    clock.advance_to(2.0)
    clock.advance_to(2.0)
    with pytest.raises(ValueError, match=r"back from 2\.0 s to 1\.9 s"):
        clock.advance_to(1.9)
    assert clock.now_s() == 2.0


def test_system_clock_never_goes_back_and_knows_its_zone() -> None:
    clock = SystemClock()
    first = clock.now_s()
    assert clock.now_s() >= first
    assert clock.wall().tzinfo is UTC
