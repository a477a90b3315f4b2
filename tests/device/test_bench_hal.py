"""`myna bench hal`: every figure is measured, with the observations behind it."""

from __future__ import annotations

from device.bench.hal import run
from hal.ports import Mood


def test_every_mood_is_behind_the_figures():
    figures = {each.metric: each for each in run(long=False, seed=1, corpus=None)}
    assert figures["hal.lights_core_mean"].n == len(Mood) * 100
    for each in figures.values():
        assert each.value is not None
        assert each.value > 0
