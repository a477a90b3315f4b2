"""The hardware room's section of the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from core.bounds import Between, OneOf

NO_PIN = -1
LAST_PIN = 27  # the Pi's header carries BCM 0 to 27


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardSettings:
    """``[board]``: the box's buttons, switch and lights. Pins are BCM numbers, -1 is none."""

    board: Annotated[str, OneOf("auto", "simulated", "gpio")] = "auto"
    """``auto`` (``gpio`` where a profile is named, or on a Raspberry Pi with pins set; else
    ``simulated``), ``simulated``, ``gpio``."""
    profile: str = ""
    """The board: the id of a packaged profile (``respeaker-2mic``), or the path of a ``.toml``
    file; the pins below are for a box that no profile describes."""
    pin_factory: Annotated[str, OneOf("lgpio", "rpigpio", "mock")] = "lgpio"
    """The library that drives the pins: ``lgpio`` (every Pi, the only one for a Pi 5),
    ``rpigpio`` (up to Pi 4), ``mock`` (no pins at all, for tests)."""
    talk_pin: Annotated[int, Between(NO_PIN, LAST_PIN)] = NO_PIN
    """Talk button, to ground; the Pi's own pull-up is used."""
    mute_pin: Annotated[int, Between(NO_PIN, LAST_PIN)] = NO_PIN
    """Mute switch, to ground when muted."""
    red_pin: Annotated[int, Between(NO_PIN, LAST_PIN)] = NO_PIN
    """Red part of the light, or a red LED alone."""
    green_pin: Annotated[int, Between(NO_PIN, LAST_PIN)] = NO_PIN
    """Green part of the light, or a green LED alone."""
    blue_pin: Annotated[int, Between(NO_PIN, LAST_PIN)] = NO_PIN
    """Blue part of the light, or a blue LED alone."""
    light_active_high: bool = True
    """Whether a high pin lights the LED; false for a common anode."""
    night_light: Annotated[float, Between(0.01, 1)] = 0.15
    """How much of their light the lights give at night."""
    night_from_hour: Annotated[int, Between(0, 23)] = 20
    """From this hour it is night, once the clock is known to be set."""
    night_to_hour: Annotated[int, Between(0, 23)] = 7
    """Until this hour; the same as above is never."""
    debounce_ms: Annotated[int, Between(0, 200)] = 20
    """A contact that changes again within this time counts once."""
