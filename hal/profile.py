"""Boards as data: one TOML file each, checked against a schema, all mistakes told at once."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from core.errors import HardwareError
from hal.settings import NO_PIN, BoardSettings

SCHEMA = "schema.json"
LIGHT_KEYS = ("red_pin", "green_pin", "blue_pin")
PIN_KEYS = ("talk_pin", "mute_pin", *LIGHT_KEYS)
SPI_PINS = {0: (10, 11), 1: (20, 21)}
"""Data and clock of the buses that a Pi's header carries in their usual place."""
DEFAULT_CURVE_DB = (-36.0, -30.0, -25.0, -20.0, -16.0, -12.0, -9.0, -6.0, -4.0, -2.0, 0.0)
"""Steps that sound equally far apart: wide where it is quiet, narrow where it is loud."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A button or switch.

    Attributes:
        pin: BCM number.
        pull: ``up``, ``down`` or ``none``: the Pi's own resistor.
        closed_is: The level, ``low`` or ``high``, while pressed or muted.
        debounce_ms: How long a level has to last to count.
    """

    pin: int
    pull: str = "up"
    closed_is: str = "low"
    debounce_ms: int = 20


@dataclass(frozen=True, slots=True)
class LightsPlan:
    """The lights. `kind` is ``none``, ``pwm``, ``apa102``, ``ws2812`` or ``kernel``.

    Attributes:
        first: Place in the chain of the light that points to the child.
        clockwise: Whether the chain goes round clockwise, seen from above.
        power_pin: Has to be high for the lights to have current; -1 is none.
        ceiling: Of APA102: the common current, of 31.
        red: With ``kernel``: the LED's name below /sys/class/leds; likewise the others.
    """

    kind: str = "none"
    count: int = 1
    first: int = 0
    clockwise: bool = True
    order: str = "rgb"
    bus: int = 0
    device: int = 0
    speed_hz: int = 4_000_000
    ceiling: int = 31
    power_pin: int = NO_PIN
    red_pin: int = NO_PIN
    green_pin: int = NO_PIN
    blue_pin: int = NO_PIN
    active_high: bool = True
    red: str = ""
    green: str = ""
    blue: str = ""


@dataclass(frozen=True, slots=True)
class VolumePlan:
    """How loudness is set, and how loud this board's loudspeaker may become.

    Attributes:
        curve_db: Gain of each step, quietest first.
        limit_db: The board's own limit; parents may set a lower one.
    """

    up: Contact | None = None
    down: Contact | None = None
    encoder_a: Contact | None = None
    encoder_b: Contact | None = None
    curve_db: tuple[float, ...] = DEFAULT_CURVE_DB
    limit_db: float = 0.0


@dataclass(frozen=True, slots=True)
class SoundPlan:
    """The board's sound card, for ``[audio]``.

    Attributes:
        native_rates_hz: What its codec runs at without converting, best one first.
    """

    input_card: str = ""
    output_card: str = ""
    input_channel: int = 0
    native_rates_hz: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Signs:
    """What tells that this board is attached: names of ALSA cards, and the HAT's own product."""

    cards: tuple[str, ...] = ()
    hat: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """One board."""

    id: str
    title: str
    talk: Contact | None = None
    mute: Contact | None = None
    lights: LightsPlan = field(default_factory=LightsPlan)
    volume: VolumePlan = field(default_factory=VolumePlan)
    sound: SoundPlan = field(default_factory=SoundPlan)
    signs: Signs = field(default_factory=Signs)

    def pins(self) -> list[tuple[int, str]]:
        """Every pin that is used, with what uses it."""
        volume, lights = self.volume, self.lights
        contacts = {
            "talk": self.talk,
            "mute": self.mute,
            "volume up": volume.up,
            "volume down": volume.down,
            "volume encoder_a": volume.encoder_a,
            "volume encoder_b": volume.encoder_b,
        }
        used = [(contact.pin, name) for name, contact in contacts.items() if contact]
        for name in ("power_pin", "red_pin", "green_pin", "blue_pin"):
            pin = getattr(lights, name)
            if pin != NO_PIN:
                used.append((pin, f"lights {name}"))
        if lights.kind in ("apa102", "ws2812"):
            used += [(pin, f"lights SPI {lights.bus}") for pin in SPI_PINS.get(lights.bus, ())]
        return used


def known_profiles() -> dict[str, Profile]:
    """All packaged boards by id."""
    return {profile.id: profile for profile in map(_packaged, _files())}


def load_profile(wanted: str) -> Profile:
    """A board by its id, or from a file of one's own.

    Args:
        wanted: ``respeaker-2mic``, or a path that ends in ``.toml``.

    Raises:
        HardwareError: There is none, or it is wrong; every mistake is named.
    """
    if wanted.endswith(".toml"):
        path = Path(wanted)
        try:
            return parse_profile(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise HardwareError(
                f"the board profile {path} cannot be read; correct [board] profile",
                code="hal.no_profile",
            ) from error
    for file in _files():
        if file.name == f"{wanted}.toml":
            return _packaged(file)
    known = ", ".join(sorted(file.name.removesuffix(".toml") for file in _files()))
    raise HardwareError(
        f"no board is called {wanted}; [board] profile takes {known}, or a .toml file",
        code="hal.no_profile",
    )


def profile_of_pins(settings: BoardSettings) -> Profile:
    """The board that the single pins in ``[board]`` describe.

    Raises:
        HardwareError: A pin is wired twice.
    """
    wired = {name: getattr(settings, name) for name in PIN_KEYS}
    for name, pin in wired.items():
        for other, same in wired.items():
            if name < other and pin == same != NO_PIN:
                raise HardwareError(
                    f"[board] {name} and {other} are both pin {pin}; give each its own"
                )
    lit = {key: wired[key] for key in LIGHT_KEYS}
    kind = "pwm" if any(pin != NO_PIN for pin in lit.values()) else "none"
    return Profile(
        "gpio",
        "single pins",
        talk=_contact_of_pin(settings.talk_pin, settings),
        mute=_contact_of_pin(settings.mute_pin, settings),
        lights=LightsPlan(kind=kind, active_high=settings.light_active_high, **lit),
    )


def _contact_of_pin(pin: int, settings: BoardSettings) -> Contact | None:
    return None if pin == NO_PIN else Contact(pin, debounce_ms=settings.debounce_ms)


def parse_profile(text: str, name: str) -> Profile:
    """A profile out of the text of its file.

    Raises:
        HardwareError: With every mistake in one sentence each.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise HardwareError(f"{name}: is not TOML ({error})", code="hal.no_profile") from error
    problems = [*_against_schema(data)]
    if not problems:
        profile = _built(data)
        problems = [*_against_sense(profile)]
        if not problems:
            return profile
    raise HardwareError(
        "; ".join(f"{name}: {problem}" for problem in problems), code="hal.no_profile"
    )


def _against_schema(data: Mapping[str, Any]) -> Iterator[str]:
    import jsonschema

    schema = json.loads(_folder().joinpath(SCHEMA).read_text(encoding="utf-8"))
    checker = jsonschema.Draft202012Validator(schema)
    for error in sorted(checker.iter_errors(data), key=lambda error: list(error.absolute_path)):
        place = ".".join(str(step) for step in error.absolute_path)
        yield f"{place}: {error.message}" if place else error.message


def _against_sense(profile: Profile) -> Iterator[str]:
    users: dict[int, str] = {}
    for pin, name in profile.pins():
        if pin in users:
            yield f"{name} and {users[pin]} are both pin {pin}; give each its own"
        users[pin] = name
    lights, curve = profile.lights, profile.volume.curve_db
    if lights.first >= lights.count:
        yield f"lights.first is {lights.first}, of {lights.count} lights; count from 0"
    if lights.kind in ("pwm", "kernel") and lights.count != 1:
        yield f"lights of kind {lights.kind} are one light; leave count out"
    for contact in (profile.volume.encoder_a, profile.volume.encoder_b):
        if contact and (contact.pull, contact.closed_is) != ("up", "low"):
            yield "a volume encoder closes to ground and is pulled up; leave pull and closed_is out"
    if list(curve) != sorted(set(curve)):
        yield "volume.curve_db has to grow from step to step"


def _built(data: Mapping[str, Any]) -> Profile:
    volume = dict(data.get("volume", {}))
    contacts = ("up", "down", "encoder_a", "encoder_b")
    plan: dict[str, Any] = {k: Contact(**volume.pop(k)) for k in contacts if k in volume}
    if "curve_db" in volume:
        volume["curve_db"] = tuple(float(step) for step in volume["curve_db"])
    sound = dict(data.get("sound", {}))
    sound["native_rates_hz"] = tuple(sound.get("native_rates_hz", ()))
    signs = dict(data.get("signs", {}))
    signs["cards"] = tuple(signs.get("cards", ()))
    return Profile(
        id=data["id"],
        title=data["title"],
        talk=Contact(**data["talk"]) if "talk" in data else None,
        mute=Contact(**data["mute"]) if "mute" in data else None,
        lights=LightsPlan(**data.get("lights", {})),
        volume=VolumePlan(**plan, **volume),
        sound=SoundPlan(**sound),
        signs=Signs(**signs),
    )


def _packaged(file: Traversable) -> Profile:
    return parse_profile(file.read_text(encoding="utf-8"), file.name)


def _files() -> list[Traversable]:
    found = [entry for entry in _folder().iterdir() if entry.name.endswith(".toml")]
    return sorted(found, key=lambda entry: entry.name)


def _folder() -> Traversable:
    return resources.files("hal").joinpath("boards")
