"""Every scenario of this folder, held in the virtual room with all real stages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from audio.virtual_room.scenario import PACKAGED_LESSON, load_scenario
from audio.virtual_room.voices import make_voice
from device.app import Services, start_services
from device.config import Settings
from device.room_run import hold

SCENARIOS = [
    pytest.param(path, id=path.stem)
    for path in [*sorted(Path(__file__).parent.glob("*.yaml")), PACKAGED_LESSON]
]


@pytest.fixture
def services() -> Iterator[Services]:
    """Fresh processes for every scenario: espeak-ng's breath noise depends on what it said."""
    with ExitStack() as stack:
        yield start_services(Settings(), stack)


def test_there_are_at_least_twelve() -> None:
    assert len(SCENARIOS) > 12


@pytest.mark.slow
@pytest.mark.parametrize("path", SCENARIOS)
def test_scenario_passes(path: Path, services: Services) -> None:
    record = hold(load_scenario(path), Settings(), services, voice=make_voice())
    failed = [check for check in record["checks"] if not check["ok"]]
    assert failed == []
    assert record["passed"] is True


@pytest.mark.slow
def test_a_scenario_repeats_bit_for_bit() -> None:
    scenario = load_scenario(Path(__file__).parent / "interrupt-early.yaml")
    records = []
    for _ in range(2):
        with ExitStack() as stack:
            services = start_services(Settings(), stack)
            records.append(hold(scenario, Settings(), services, voice=make_voice()))
    assert records[0] == records[1]
