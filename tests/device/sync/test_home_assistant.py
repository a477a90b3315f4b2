"""What Home Assistant is told, and what it makes of our states."""

from __future__ import annotations

import json

import jinja2

from device.sync.home_assistant import discovery


def test_home_assistant_reads_our_own_topics():
    message = discovery("myna-1a", "homeassistant", "0.1.0")
    config = json.loads(message.payload)
    assert (message.topic, message.retain) == ("homeassistant/device/myna-1a/config", True)
    assert config["state_topic"] == "myna/v1/myna-1a/state"
    assert set(config["components"]) == {"status", "muted", "volume", "minutes"}
    states = [
        ({"status": "online", "muted": False, "volume_percent": 40, "minutes_today": 3},
         {"status": "online", "muted": "False", "volume": "40", "minutes": "3"}),
        ({"status": "offline"}, {"status": "offline", "muted": "", "volume": "", "minutes": ""}),
    ]  # fmt: skip
    for state, shown in states:
        # As Home Assistant renders them; it warns of what is not defined, here it is a fault.
        rules = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=True)
        for name, part in config["components"].items():
            said = {"value_json": {**state, "contract": 1}}
            assert rules.from_string(part["value_template"]).render(said) == shown[name]
            if name != "status":
                there = rules.from_string(part["availability_template"]).render(said)
                assert (part["availability_topic"], there) == (
                    config["state_topic"],
                    state["status"],
                )
