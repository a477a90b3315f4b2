"""A box without hardware: buttons are pressed by a program, lights are looked at by one."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Self

from core.clock import Clock, SystemClock
from core.errors import HardwareError
from hal.glow import Glow
from hal.patterns import RING_COUNT
from hal.ports import BoardTrouble, Button, ButtonSink, Lights, Mood

REMEMBERED = 10_000
"""Changes of mood kept; a daemon that runs for weeks must not grow."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A mood that a ring changed to, and when by the ring's clock."""

    at_s: float
    mood: Mood


class SimulatedRing:
    """A ring of lights that remembers what it showed.

    Attributes:
        shown: Every change of mood, oldest first.
    """

    def __init__(self, clock: Clock, count: int = RING_COUNT) -> None:
        self.count = count
        self._clock = clock
        self._glow = Glow(clock, count)
        self.shown: deque[Shown] = deque(maxlen=REMEMBERED)

    @property
    def mood(self) -> Mood:
        """The mood shown now; ASLEEP before the first."""
        return self._glow.mood

    def show(self, mood: Mood) -> None:
        if self._glow.show(mood) or not self.shown:
            self.shown.append(Shown(self._clock.now_s(), mood))

    def level(self, dbfs: float) -> None:
        self._glow.level(dbfs)

    def amount(self, share: float) -> None:
        self._glow.amount(share)

    def dim(self, share: float) -> None:
        self._glow.dim(share)

    def lights(self) -> Lights:
        """What a person would see now."""
        return self._glow.lights()

    @property
    def moods(self) -> tuple[Mood, ...]:
        """The moods shown, oldest first."""
        return tuple(entry.mood for entry in self.shown)


class SimulatedBoard:
    """A board whose buttons are pressed with `press`.

    Args:
        clock: Runs the patterns; the virtual room passes its own.
        count: Lights in the ring.
        muted: Where the mute switch stands at the start. Like a real switch, a board that is
            opened muted says so at once.
        troubles: What does not work: a board that could not be used is stood in for by this one,
            so that the voice goes on.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        count: int = RING_COUNT,
        muted: bool = False,
        troubles: tuple[BoardTrouble, ...] = (),
    ) -> None:
        self.name = "simulated"
        self.troubles = troubles
        self.ring = SimulatedRing(clock or SystemClock(), count)
        self._muted = muted
        self._sink: ButtonSink | None = None

    @property
    def muted(self) -> bool:
        return self._muted

    def open(self, sink: ButtonSink) -> None:
        if self._sink is not None:
            raise HardwareError("the simulated board is open already; close it first")
        self._sink = sink
        if self._muted:
            sink(Button.MUTE_ON)

    def press(self, button: Button) -> None:
        """Do what a person would; the sink is called before this returns, in this thread.

        A mute switch that stands there already does not report again.

        Raises:
            HardwareError: The board is not open.
        """
        if self._sink is None:
            raise HardwareError("a button was pressed on a board that is not open; open it first")
        if button in (Button.MUTE_ON, Button.MUTE_OFF):
            wanted = button is Button.MUTE_ON
            if wanted == self._muted:
                return
            self._muted = wanted
        self._sink(button)

    def close(self) -> None:
        self._sink = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
