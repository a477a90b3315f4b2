"""What the gate on the level saves and loses, as it is measured."""

from __future__ import annotations

import pytest

from device.bench import hearing_gate


def test_nothing_is_computed_on_silence_and_a_phrase_is_heard_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hearing_gate, "SCENES", (("quiet", None),))
    monkeypatch.setattr(hearing_gate, "_QUIET_S", 3.0)
    found = {each.metric: each for each in hearing_gate.run(says=1, seed=1).metrics}
    assert {name.removeprefix("hearing.gate."): (m.value, m.n) for name, m in found.items()} == {
        "heard": (1.0, 1),
        "heard_without_it": (1.0, 1),
        "lost_by_it": (0.0, 1),
        "computed.silence": (0.0, 1),
        "computed.quiet_room": (0.0, 1),
        "computed.sayings": (found["hearing.gate.computed.sayings"].value, 1),
    }
    assert 20.0 < (found["hearing.gate.computed.sayings"].value or 0.0) < 95.0
