"""The benchmark of the line: everything it promises is measured, on a fleet of a few."""

from __future__ import annotations

from pathlib import Path

import pytest

from device.bench import sync
from device.bench.platform_parts import Platform


def test_a_small_fleet_is_measured_whole(tmp_path: Path) -> None:
    found = {each.metric: each for each in sync.fleet(tmp_path, 12, 1.0, seed=1)}
    assert set(found) == {
        "fleet.first_connect_s",
        "fleet.broker_kb_per_connection",
        "fleet.day_events_per_s",
        "fleet.day_latency_ms_p50",
        "fleet.day_latency_ms_p99",
        "fleet.day_latency_ms_max",
        "fleet.bytes_per_attempt",
        "fleet.day_broker_ms_per_event",
        "fleet.day_workers_ms_per_event",
        "fleet.flat_out_events_per_s",
        "fleet.flat_out_latency_ms_p99",
        "fleet.flat_out_broker_ms_per_event",
        "fleet.flat_out_workers_ms_per_event",
        "fleet.workers_memory_mb",
        "fleet.reconnect_all_s",
    }
    assert 800 < (found["fleet.bytes_per_attempt"].value or 0.0) < 1200
    assert found["fleet.flat_out_events_per_s"].n % sync.FLAT_OUT_EVENTS == 0


def test_a_real_speaker_empties_its_outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "WARM_UP_FRAMES", 5)
    monkeypatch.setattr(sync, "QUIET_FRAMES", 20)
    found = {each.metric: each for each in sync.one_speaker(tmp_path, 300)}
    assert found["sync.drain_events_per_s"].n == 300
    assert all(each.value is not None for each in found.values())
    assert 300 < (found["sync.file_bytes_per_event"].value or 0.0) < 5000


def test_a_platform_that_was_closed_leaves_no_process(tmp_path: Path) -> None:
    with Platform(tmp_path, workers=2) as platform:
        broker, workers = platform.used()
        assert broker.memory_mb > 0.0
        assert workers.memory_mb > 0.0
    assert platform.broker is None
    assert platform.workers == []
