"""`myna bench soak`: what counts as growth, and a short life for real."""

from __future__ import annotations

import dataclasses

import pytest

from device.bench import soak
from device.bench.soak import HOUR_S, Look, figures

STEADY = Look(
    at_s=0.0,
    memory_mb=(150.0, 80.0, 45.0),
    threads=7,
    descriptors=33,
    attempts=10,
    practised_s=360.0,
    written_bytes=200_000,
)


def life(grow_mb: float = 0.0, threads: int = 0) -> dict[str, float]:
    """The figures of forty lessons in eight hours; memory and threads grow by so much in all."""
    looks = []
    for number in range(1, 41):
        memory = (150.0 + grow_mb * number / 40, 80.0, 45.0)
        looks.append(
            dataclasses.replace(
                STEADY,
                at_s=number * HOUR_S / 5,
                memory_mb=memory,
                threads=7 + threads * number // 40,
            )
        )
    return values(looks)


def values(looks: list[Look]) -> dict[str, float]:
    """Those figures that could be measured."""
    return {each.metric: each.value for each in figures(looks) if each.value is not None}


def test_a_steady_life_shows_no_growth() -> None:
    found = life()
    assert found["soak.life"] == 8.0
    for name in ("memory_growth.daemon", "thread_growth", "descriptor_growth"):
        assert found[f"soak.{name}"] == 0.0
    # 40 lessons of 6 minutes and 200 kB each.
    assert found["soak.practised"] == pytest.approx(4.0)
    assert found["soak.written_per_practised_hour"] == pytest.approx(2.0)


def test_a_leak_shows() -> None:
    assert life(grow_mb=10.0)["soak.memory_growth.daemon"] > 2.0
    assert life(threads=10)["soak.thread_growth"] >= 3


def test_a_life_of_one_lesson_says_nothing_of_growth() -> None:
    assert "soak.memory_growth.daemon" not in values([STEADY])


def test_what_no_disk_took_is_not_called_nothing() -> None:
    unknown = dataclasses.replace(STEADY, written_bytes=None)
    assert "soak.written_per_practised_hour" not in values([unknown, unknown])


@pytest.mark.slow
def test_a_short_life_for_real(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soak, "ALONE_S", 62.0)
    metrics = soak.run(long=False, seed=1, hours=0.001)
    found = {each.metric: each.value for each in metrics if each.value is not None}
    assert metrics[0].n == 1
    assert found["soak.questions"] >= 3
    assert 0 < found["soak.practised"] < found["soak.life"]
    assert found["soak.memory.daemon"] > 20
