"""Home Assistant's MQTT discovery: one device with a few sensors, read from our own topics."""

from __future__ import annotations

from typing import Any

from contract.messages import encode
from contract.topics import Channel, topic
from device.sync.ports import Message


def discovery(device: str, prefix: str, firmware: str) -> Message:
    """The retained message that makes the speaker appear in Home Assistant.

    A goodbye and a will say nothing but that the speaker is away: what is missing in them is left
    empty, which Home Assistant takes for no news, and the sensors are shown as not available.
    """
    name = f"myna_{device.replace('-', '_')}"

    def sensor(platform: str, key: str, label: str, **more: str) -> dict[str, Any]:
        return {
            "platform": platform,
            "unique_id": f"{name}_{key}",
            "name": label,
            "value_template": f"{{{{ value_json.{key} | default('') }}}}",
            **more,
        }

    while_there = {
        "availability_topic": topic(device, Channel.STATE),
        "availability_template": "{{ value_json.status }}",
    }
    config = {
        "device": {
            "identifiers": [name],
            "name": "Myna",
            "manufacturer": "Myna",
            "model": "Practice speaker",
            "sw_version": firmware,
        },
        "origin": {"name": "myna", "sw_version": firmware},
        "state_topic": topic(device, Channel.STATE),
        "qos": 1,
        "components": {
            "status": sensor(
                "binary_sensor",
                "status",
                "Connected",
                device_class="connectivity",
                payload_on="online",
                payload_off="offline",
            ),
            "muted": sensor(
                *("binary_sensor", "muted", "Microphone off"),
                payload_on="True",
                payload_off="False",
                **while_there,
            ),
            "volume": sensor(
                "sensor", "volume_percent", "Volume", unit_of_measurement="%", **while_there
            ),
            "minutes": sensor(
                *("sensor", "minutes_today", "Practised today"),
                unit_of_measurement="min",
                **while_there,
            ),
        },
    }
    return Message(topic=f"{prefix}/device/{device}/config", payload=encode(config), retain=True)
