"""What can carry a ring's colours into the world, and the ring that paints them there."""

from __future__ import annotations

from typing import Protocol

from core.clock import Clock
from hal.glow import Glow
from hal.ports import Lights, Mood, Rgb, SpiBus
from hal.profile import LightsPlan
from hal.spi_lights import apa102, ws2812


class Lamp(Protocol):
    """Lights that can be set. What `paint` raises is an OSError."""

    count: int

    def paint(self, lights: Lights) -> None:
        """Show `count` lights, light 0 at the front, then clockwise."""

    def close(self) -> None:
        """Go dark and let go. Idempotent; never raises."""


class NoLamp:
    """A box without lights, or with lights that cannot be used."""

    def __init__(self, count: int = 1) -> None:
        self.count = count

    def paint(self, lights: Lights) -> None:
        return

    def close(self) -> None:
        return


class StripLamp:
    """A chain of APA102 or WS2812 on a bus.

    Args:
        plan: Kind, count, order, and where the chain begins.
        bus: Open; closed by this lamp.
    """

    def __init__(self, plan: LightsPlan, bus: SpiBus) -> None:
        self.count = plan.count
        self._plan = plan
        self._bus: SpiBus | None = bus
        step = 1 if plan.clockwise else -1
        # Place in the chain of each light of the ring, turned round: ring place by chain place.
        chain = [(plan.first + step * n) % plan.count for n in range(plan.count)]
        self._ring_place = sorted(range(plan.count), key=chain.__getitem__)
        self._last = b""

    def paint(self, lights: Lights) -> None:
        """What has not changed is not sent again."""
        if self._bus is None:
            return
        in_chain = [lights[place] for place in self._ring_place]
        if self._plan.kind == "apa102":
            data = apa102(in_chain, self._plan.order, self._plan.ceiling)
        else:
            data = ws2812(in_chain, self._plan.order)
        if data != self._last:
            self._bus.write(data)
            self._last = data

    def close(self) -> None:
        bus, self._bus = self._bus, None
        if bus is None:
            return
        try:
            dark = LightsPlan(kind=self._plan.kind, count=self.count)
            off = StripLamp(dark, bus)
            off.paint(_dark(self.count))
        except OSError:
            pass  # it is gone, and dark by that
        bus.close()


class PaintedRing:
    """Honours `LedRing` on a lamp.

    Args:
        clock: Runs the patterns.
        lamp: Where they are seen.
    """

    def __init__(self, clock: Clock, lamp: Lamp) -> None:
        self.count = lamp.count
        self.lamp = lamp
        self._glow = Glow(clock, self.count)

    def show(self, mood: Mood) -> None:
        self._glow.show(mood)

    def level(self, dbfs: float) -> None:
        self._glow.level(dbfs)

    def amount(self, share: float) -> None:
        self._glow.amount(share)

    def dim(self, share: float) -> None:
        self._glow.dim(share)

    def lights(self) -> Lights:
        """What the lights are meant to show now."""
        return self._glow.lights()

    def paint(self) -> None:
        """Bring the moment to the lamp; raises OSError where it cannot be reached."""
        self.lamp.paint(self.lights())


def _dark(count: int) -> Lights:
    return (Rgb(0.0, 0.0, 0.0),) * count
