"""The topics: ``myna/v1/{device}/{channel}``, made and taken apart in one place."""

from __future__ import annotations

import re
from enum import Enum

PREFIX = "myna/v1"
DEVICE_PATTERN = r"[a-z0-9][a-z0-9-]{2,62}"
_DEVICE = re.compile(DEVICE_PATTERN)


class Channel(Enum):
    """The last part of a topic; the value also names the schema of its messages."""

    STATE = "state"
    EVENTS = "events"
    REPORTED = "reported"
    REPLIES = "replies"
    DESIRED = "desired"
    COMMANDS = "commands"
    ACKS = "acks"


FROM_SPEAKER = (Channel.STATE, Channel.EVENTS, Channel.REPORTED, Channel.REPLIES)
TO_SPEAKER = (Channel.DESIRED, Channel.COMMANDS, Channel.ACKS)
RETAINED = frozenset((Channel.STATE, Channel.REPORTED, Channel.DESIRED))

EXPIRY_S = {Channel.ACKS: 3600, Channel.REPLIES: 7 * 24 * 3600}
"""MQTT message expiry in seconds. Commands expire at their own deadline; the rest does not."""
SESSION_EXPIRY_S = 7 * 24 * 3600
"""How long a broker keeps a speaker's session, in seconds."""
CONTENT_TYPE = "application/json"
PAYLOAD_LIMIT_BYTES = 256 * 1024
"""Larger messages are refused unread, by both sides."""


def topic(device: str, channel: Channel) -> str:
    """The topic of a channel of one speaker.

    Raises:
        ValueError: `device` is no device id.
    """
    if not is_device(device):
        raise ValueError(f"not a device id: {device[:70]!r}")
    return f"{PREFIX}/{device}/{channel.value}"


def every(channel: Channel, *, group: str = "") -> str:
    """The filter for a channel of all speakers, shared by `group` where one is named."""
    shared = f"$share/{group}/" if group else ""
    return f"{shared}{PREFIX}/+/{channel.value}"


def parse(name: str) -> tuple[str, Channel] | None:
    """Device and channel of a topic; None when it is none of ours."""
    parts = name.split("/")
    if len(parts) != 4 or parts[:2] != PREFIX.split("/") or not is_device(parts[2]):
        return None
    try:
        return parts[2], Channel(parts[3])
    except ValueError:
        return None


def is_device(text: str) -> bool:
    """Whether a text may name a speaker."""
    return _DEVICE.fullmatch(text) is not None
