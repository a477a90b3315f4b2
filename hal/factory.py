"""Which board a configuration means."""

from __future__ import annotations

from core.clock import Clock
from core.errors import HardwareError
from hal.machine import is_raspberry_pi
from hal.ports import Board, BoardTrouble
from hal.profile import Profile, VolumePlan, load_profile, profile_of_pins
from hal.settings import NO_PIN, BoardSettings
from hal.simulated import SimulatedBoard

SIMULATED = "simulated"


def make_board(settings: BoardSettings, clock: Clock | None = None) -> Board:
    """Make the board; `open` it to use it, `close` it in the end.

    ``auto`` takes the profile where one is named, the pins on a Raspberry Pi that has any
    configured, and the simulated board elsewhere; the choice shows in the board's name. A part of
    the board that cannot be used is among its `troubles`.

    Raises:
        HardwareError: There is no such board; the message says what to do.
    """
    choice = settings.board
    if choice == "auto":
        wired = settings.profile or (has_pins(settings) and is_raspberry_pi())
        choice = "gpio" if wired else SIMULATED
    if choice == SIMULATED:
        return SimulatedBoard(clock)
    if choice == "gpio":
        profile = profile_of(settings)
        if profile.id == SIMULATED:
            return SimulatedBoard(clock)
        from hal.gpio import GpioBoard

        return GpioBoard(profile, settings.pin_factory, clock)
    raise HardwareError(f"no board is called {choice}; use auto, simulated or gpio")


def make_board_or_stand_in(settings: BoardSettings, clock: Clock | None = None) -> Board:
    """The board, or in place of one that there is none of a simulated one that says so."""
    try:
        return make_board(settings, clock)
    except HardwareError as error:
        return SimulatedBoard(clock, troubles=(BoardTrouble("profile", str(error)),))


def volume_plan(settings: BoardSettings) -> VolumePlan:
    """How loud the board may be, and in which steps; the plain ones where there is no profile."""
    try:
        return profile_of(settings).volume
    except HardwareError:
        return VolumePlan()


def profile_of(settings: BoardSettings) -> Profile:
    """The profile that the settings name, or the one that their pins make.

    Raises:
        HardwareError: There is no such profile, no pins, or one is wired twice.
    """
    if settings.profile:
        return load_profile(settings.profile)
    if not has_pins(settings):
        raise HardwareError(
            '[board] board = "gpio" has no pins; name a profile, or set talk_pin and others'
        )
    return profile_of_pins(settings)


def has_pins(settings: BoardSettings) -> bool:
    """Whether any pin is configured."""
    pins = (settings.talk_pin, settings.mute_pin)
    lights = (settings.red_pin, settings.green_pin, settings.blue_pin)
    return any(pin != NO_PIN for pin in (*pins, *lights))
