"""Which board a configuration means."""

from __future__ import annotations

from core.clock import Clock
from core.errors import HardwareError
from hal.machine import is_raspberry_pi
from hal.ports import Board
from hal.settings import NO_PIN, BoardSettings
from hal.simulated import SimulatedBoard


def make_board(settings: BoardSettings, clock: Clock | None = None) -> Board:
    """Make the board; `open` it to use it, `close` it in the end.

    ``auto`` takes the pins on a Raspberry Pi that has any configured, and the simulated board
    elsewhere; the choice shows in the board's name.

    Raises:
        HardwareError: The board cannot be used; the message says what to do.
    """
    choice = settings.board
    if choice == "auto":
        choice = "gpio" if has_pins(settings) and is_raspberry_pi() else "simulated"
    if choice == "simulated":
        return SimulatedBoard(clock)
    if choice == "gpio":
        if not has_pins(settings):
            raise HardwareError('[board] board = "gpio" has no pins; set talk_pin and others')
        from hal.gpio import GpioBoard

        return GpioBoard(settings, clock)
    raise HardwareError(f"no board is called {choice}; use auto, simulated or gpio")


def has_pins(settings: BoardSettings) -> bool:
    """Whether any pin is configured."""
    pins = (settings.talk_pin, settings.mute_pin)
    lights = (settings.red_pin, settings.green_pin, settings.blue_pin)
    return any(pin != NO_PIN for pin in (*pins, *lights))
