"""Home Assistant's MQTT discovery: one device with a few sensors, read from our own topics."""

from __future__ import annotations

from typing import Any

from contract.messages import encode
from contract.topics import Channel, topic
from device.sync.ports import Message


def discovery(device: str, prefix: str, firmware: str) -> Message:
    """The retained message that makes the speaker appear in Home Assistant."""
    name = f"myna_{device.replace('-', '_')}"

    def sensor(platform: str, key: str, label: str, **more: str) -> dict[str, Any]:
        return {
            "platform": platform,
            "unique_id": f"{name}_{key}",
            "name": label,
            "value_template": f"{{{{ value_json.{key} }}}}",
            **more,
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
                "binary_sensor", "muted", "Microphone off", payload_on="True", payload_off="False"
            ),
            "volume": sensor("sensor", "volume_percent", "Volume", unit_of_measurement="%"),
            "minutes": sensor(
                "sensor", "minutes_today", "Practised today", unit_of_measurement="min"
            ),
        },
    }
    return Message(topic=f"{prefix}/device/{device}/config", payload=encode(config), retain=True)
