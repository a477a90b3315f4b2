"""The benchmark of the wake phrase, on a few voices."""

from __future__ import annotations

import pytest

from device.bench import wake


def test_the_phrase_is_heard_and_what_is_nothing_like_it_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wake, "SCENES", (("quiet", None),))
    monkeypatch.setattr(wake, "SHORT_VOICES", 2)
    monkeypatch.setattr(wake, "NEAR_MISSES", ("good morning", "where is the cat"))
    found = {each.metric: each for each in wake.run(long=False, seed=1)}
    missed, near = found["wake.hello_myna.quiet"], found["wake.near_misses_accepted"]
    assert (missed.value, missed.n) == (0.0, 2)
    assert near.value == 0.0
    assert near.n > 0
