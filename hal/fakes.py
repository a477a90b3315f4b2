"""Stands in for the wires in tests: an SPI device with a chain of lights on it that read the wire.

The chains are read as their data sheets say, clock by clock, so that wrong bytes show as wrong
colours and not as equal bytes.
"""

from __future__ import annotations

from hal.ports import Rgb

LATCH_S = 280e-6
"""A WS2812 takes over what it holds after this silence."""


class FakeChain:
    """Honours `hal.ports.SpiBus`.

    Args:
        kind: ``apa102`` or ``ws2812``.
        count: Lights on the chain.
        order: In which they take their colours.
        speed_hz: Of the bus; the WS2812's pulses are measured by it.

    Attributes:
        shown: What the lights show, each part 0..1, in the chain's order.
        writes: How often they were written to.
        unplugged: Set to let writing fail as a bus does that has gone.
    """

    def __init__(self, kind: str, count: int, order: str, speed_hz: int = 2_400_000) -> None:
        self._kind = kind
        self._order = order
        self._speed_hz = speed_hz
        self.shown = [Rgb(0.0, 0.0, 0.0)] * count
        self.writes = 0
        self.unplugged = False
        self.closed = False

    def write(self, data: bytes) -> None:
        if self.closed:
            raise ValueError("written to after close")
        if self.unplugged:
            raise OSError(5, "Input/output error")
        self.writes += 1
        if self._kind == "apa102":
            self._clock_apa102(data)
        else:
            self._pulse_ws2812(data)

    def close(self) -> None:
        self.closed = True

    def _clock_apa102(self, data: bytes) -> None:
        """Each light keeps the first 32 bits that reach it and hands on the rest, one half of a
        clock late: the last light sees its own only if enough clocks follow."""
        if data[:4] != bytes(4):
            return  # no start frame: the lights go on waiting for one
        bits_after_start = 8 * (len(data) - 4)
        for place in range(len(self.shown)):
            needed = 32 * (place + 1) + (place + 1) // 2
            if bits_after_start < needed:
                return
            head, *parts = data[4 + 4 * place : 8 + 4 * place]
            if head >> 5 != 0b111:
                return
            self.shown[place] = self._coloured(parts)

    def _pulse_ws2812(self, data: bytes) -> None:
        """Long pulses (0.58 to 1.6 µs) are ones, short ones (0.22 to 0.42 µs) zeros."""
        bits = "".join(f"{byte:08b}" for byte in data)
        silence = len(bits) - len(bits.rstrip("0"))
        if silence / self._speed_hz < LATCH_S:
            return  # never latched
        values = []
        for pulse in bits.strip("0").replace("0", " ").split():
            long_us = len(pulse) / self._speed_hz * 1e6
            if not (0.22 <= long_us <= 0.42 or 0.58 <= long_us <= 1.6):
                return
            values.append("1" if long_us >= 0.58 else "0")
        whole = "".join(values)
        for place in range(min(len(self.shown), len(whole) // 24)):
            part = whole[24 * place : 24 * place + 24]
            self.shown[place] = self._coloured([int(part[n : n + 8], 2) for n in (0, 8, 16)])

    def _coloured(self, parts: list[int]) -> Rgb:
        by_name = dict(zip(self._order, parts, strict=True))
        return Rgb(by_name["r"] / 255, by_name["g"] / 255, by_name["b"] / 255)
