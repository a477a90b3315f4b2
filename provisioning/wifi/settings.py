"""The section ``[wifi]`` of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from core.bounds import Between, OneOf


@dataclass(frozen=True, slots=True, kw_only=True)
class WifiSettings:
    """``[wifi]``: how the speaker comes onto the home's network; for the service alone."""

    set_up: Annotated[str, OneOf("auto", "button", "never")] = "auto"
    """When it opens its set-up network: ``auto`` (at a start without any network, and by the
    button), ``button``, ``never`` (somebody else looks after the network)."""
    window_min: Annotated[int, Between(1, 60)] = 15
    """Minutes after which the set-up network closes by itself."""
    join_within_s: Annotated[float, Between(10, 300)] = 60.0
    """Longest time for joining a network, its address included."""
    portal_address: str = "10.42.0.1"
    """The speaker's own address in its set-up network; it is on the label and in the image."""
    portal_port: Annotated[int, Between(1, 65535)] = 80
    """Port of the set-up pages; phones look for them at 80."""
    bluetooth: bool = True
    """Whether the network can be given over Bluetooth as well (Improv), after the button."""
