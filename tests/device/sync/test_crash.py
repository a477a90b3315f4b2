"""Speaker, broker and hub are killed and the network is cut: nothing is lost, nothing doubled."""

from __future__ import annotations

from pathlib import Path

from tests.device.sync.crash import BROKER_EVERY, crash


def test_what_the_hub_has_is_what_the_child_achieved(tmp_path: Path):
    result = crash(tmp_path, BROKER_EVERY, seed=7)
    assert result.good, result
    assert result.kills["speaker"] == BROKER_EVERY
    assert result.kills["broker"] == result.kills["hub"] == 1
