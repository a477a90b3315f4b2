"""What the hardware room promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Rgb:
    """A light's colour; each part 0..1, linear light."""

    red: float
    green: float
    blue: float


Lights = tuple[Rgb, ...]


class Mood(Enum):
    """What the ring of lights says. One pattern each; see `hal.patterns`."""

    ASLEEP = "asleep"
    WAKING = "waking"
    LISTENING = "listening"
    THINKING = "thinking"
    SPEAKING = "speaking"
    PAUSED = "paused"
    MUTED = "muted"
    """By a parent, from their page."""
    MUTED_BY_SWITCH = "muted_by_switch"
    PAIRING = "pairing"
    UPDATING = "updating"
    NO_NETWORK = "no_network"
    ANSWER_WAITING = "answer_waiting"
    """A teacher's answer has come."""
    VOLUME = "volume"
    UNSURE = "unsure"
    """What was said was heard with little confidence."""
    FAULT = "fault"
    NO_CARD = "no_card"
    """The sound card is gone."""
    NIGHT = "night"


class LedRing(Protocol):
    """A ring of lights."""

    count: int

    def show(self, mood: Mood) -> None:
        """Switch to a pattern; it runs until the next one."""

    def level(self, dbfs: float) -> None:
        """The voice's level, which the LISTENING pattern follows."""

    def amount(self, share: float) -> None:
        """How loud Myna is set, 0..1, which the VOLUME pattern shows."""

    def dim(self, share: float) -> None:
        """Scale everything shown, 0..1; 1 at the start. At night it is small."""

    def lights(self) -> Lights:
        """What a person sees at this moment."""


class Button(Enum):
    """What a person did with the box."""

    TALK = "talk"
    """Pressed, however it goes on: reported at once, so that it interrupts at once."""
    DOUBLE = "double"
    """Pressed a second time soon after; follows that press's TALK."""
    PAIR_OFFERED = "pair_offered"
    """Held for 3 s: letting go now pairs."""
    PAIR = "pair"
    RESET_IN_5 = "reset_in_5"
    """Held on: seconds until the reset. Letting go calls it off."""
    RESET_IN_4 = "reset_in_4"
    RESET_IN_3 = "reset_in_3"
    RESET_IN_2 = "reset_in_2"
    RESET_IN_1 = "reset_in_1"
    RESET_CALLED_OFF = "reset_called_off"
    RESET = "reset"
    VOLUME_UP = "volume_up"
    VOLUME_DOWN = "volume_down"
    MUTE_ON = "mute_on"
    MUTE_OFF = "mute_off"


ButtonSink = Callable[[Button], None]


@dataclass(frozen=True, slots=True)
class BoardTrouble:
    """A part of the board that does not work while the rest does.

    Attributes:
        part: ``lights``, ``talk``, ``mute``, ``volume``, ``profile``: stable, for scripts.
        sentence: What is wrong and what to do about it.
    """

    part: str
    sentence: str


class Board(Protocol):
    """The hardware of one box. `close` is idempotent; `open` raises HardwareError."""

    name: str

    @property
    def ring(self) -> LedRing:
        """The board's lights, the same ones for as long as the board lives."""

    @property
    def muted(self) -> bool:
        """Where the mute switch stands; known before `open`, False where there is none."""

    @property
    def troubles(self) -> tuple[BoardTrouble, ...]:
        """What does not work at the moment; empty when all is well."""

    def open(self, sink: ButtonSink) -> None:
        """Start reporting buttons to `sink`, called in the board's own thread."""

    def close(self) -> None:
        """Lights off, everything released."""


class SpiBus(Protocol):
    """One device of an SPI bus, open. What it raises on writing is an OSError."""

    def write(self, data: bytes) -> None:
        """Clock all bytes out; returns when they are."""

    def close(self) -> None:
        """Idempotent."""
