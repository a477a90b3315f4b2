"""Messages of any content on every topic that the hub listens to: nothing ends it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from hypothesis import HealthCheck, given, settings
from paho.mqtt.enums import CallbackAPIVersion

from contract.topics import FROM_SPEAKER, Channel, topic
from device.store import Store
from device.sync.service import SyncService
from device.sync.settings import SyncSettings
from tests.any_message import payloads
from tests.platform_parts import Broker, attempts, broker, hub, until

EXAMPLES = 40
STRANGER, SPEAKER = "myna-stranger", "myna-speaker"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Broker]:
    with (
        broker(tmp_path / "broker") as made,
        hub(made.address, f"sqlite:///{tmp_path / 'hub.db'}"),
    ):
        yield made


def test_no_message_ends_the_hub(
    stage: Broker, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "stranger", protocol=mqtt.MQTTv5)
    client.connect("127.0.0.1", stage.port)
    client.loop_start()
    sent: list[Any] = []
    try:
        for channel in FROM_SPEAKER:
            _send_any(client, channel, sent)
        until(lambda: all(each.is_published() for each in sent), "the broker's word")
    finally:
        client.disconnect()
        client.loop_stop()
    with (
        Store(tmp_path) as store,
        SyncService(tmp_path, SyncSettings(address=stage.address, device=SPEAKER)) as service,
    ):
        store.remember(attempts(0, 5))
        until(lambda: service.health.waiting == 0, "an empty outbox")
    said = [each for each in caplog.records if each.name == "hub.worker"]
    refused = [
        each.getMessage().split(" count=")[0] for each in said if "refused" in each.getMessage()
    ]
    assert len(sent) >= 4 * EXAMPLES
    assert refused, "nothing was refused: the mutations are too tame"
    assert len(refused) == len(set(refused))  # one line for each kind
    assert [each.levelname for each in said if each.exc_info] == []


def _send_any(client: mqtt.Client, channel: Channel, sent: list[Any]) -> None:
    name = topic(STRANGER, channel)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(payloads(channel))
    def send(payload: bytes) -> None:
        sent.append(client.publish(name, payload, qos=1))

    send()
