"""The short form of `bench hearing` against the figures that are kept, a part at a time.

What a frame costs is left out: that belongs to the machine, and ``make hearing`` looks at it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigError
from device.bench import hearing, regression

HELD = regression.read(Path(hearing.__file__).with_name("hearing_hold.json"))
NAMES = {
    "echo": ("hearing.kalman.",),
    "waking": ("hearing.wake.",),
    "noise": ("hearing.noise.", "hearing.gain."),
    "turns": ("hearing.turn.", "hearing.interrupt."),
}
"""How the figures of each part begin."""


@pytest.mark.slow
@pytest.mark.parametrize("part", NAMES)
def test_no_figure_is_worse_than_the_one_kept(part: str) -> None:
    """One that is no longer measured counts as worse."""
    held = {name: each for name, each in HELD.items() if name.startswith(NAMES[part])}
    assert held
    metrics = hearing.measure(long=False, seed=1, part=[part]).metrics
    assert regression.regressions(metrics, held) == []


def test_every_kept_figure_belongs_to_a_part() -> None:
    beginnings = (*(each for some in NAMES.values() for each in some), "hearing.cost.")
    assert [name for name in HELD if not name.startswith(beginnings)] == []
    assert set(NAMES) < set(hearing.PARTS)


def test_a_part_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="no part ears; there are echo, waking"):
        hearing.measure(long=False, seed=1, part=["ears"])
