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
    FAULT = "fault"
    NO_CARD = "no_card"
    """The sound card is gone."""


class LedRing(Protocol):
    """A ring of lights."""

    count: int

    def show(self, mood: Mood) -> None:
        """Switch to a pattern; it runs until the next one."""

    def level(self, dbfs: float) -> None:
        """The voice's level, which the LISTENING pattern follows."""

    def lights(self) -> Lights:
        """What a person sees at this moment."""


class Button(Enum):
    """What a person did with the box."""

    TALK = "talk"
    MUTE_ON = "mute_on"
    MUTE_OFF = "mute_off"


ButtonSink = Callable[[Button], None]


class Board(Protocol):
    """The hardware of one box. `close` is idempotent; `open` raises HardwareError."""

    name: str

    @property
    def ring(self) -> LedRing:
        """The board's lights, the same ones for as long as the board lives."""

    def open(self, sink: ButtonSink) -> None:
        """Start reporting buttons to `sink`, called in the board's own thread."""

    def close(self) -> None:
        """Lights off, everything released."""
