"""Colours as the bytes that light strips understand. Pure; the bus is in `hal.spi`.

APA102: 32 zero bits, per light 0b111 and five bits of brightness, then blue, green, red, and at the
end at least half a clock for every light (APA102 data sheet; Sanders, "Understanding the APA102
superled", 2014). WS2812: each bit is a pulse, long for 1 and short for 0 (WS2812B data sheet); at
2.4 MHz three bits of the bus make one: 110 or 100, and 300 µs of silence latch.
"""

from __future__ import annotations

from collections.abc import Sequence

from hal.ports import Rgb

WS2812_BUS_HZ = 2_400_000
WS2812_LATCH = bytes(WS2812_BUS_HZ * 300 // 1_000_000 // 8)
_EXPANDED = tuple(
    int("".join("110" if value >> bit & 1 else "100" for bit in range(7, -1, -1)), 2).to_bytes(3)
    for value in range(256)
)


def apa102(lights: Sequence[Rgb], order: str, ceiling: int = 31) -> bytes:
    """The bytes of a whole chain of APA102.

    Args:
        lights: In the chain's order, linear light 0..1.
        order: In which a light takes its colours, for example ``bgr``.
        ceiling: The common current, 1..31 of 31; fine steps remain when it is low.
    """
    head = 0b11100000 | ceiling
    body = bytearray(4)
    for light in lights:
        body.append(head)
        body += _in_order(light, order)
    body += bytes(4 + (len(lights) + 15) // 16)
    return bytes(body)


def ws2812(lights: Sequence[Rgb], order: str) -> bytes:
    """The bytes of a whole chain of WS2812 for a bus at `WS2812_BUS_HZ`; other values as above."""
    coloured = b"".join(_in_order(light, order) for light in lights)
    return WS2812_LATCH + b"".join(_EXPANDED[value] for value in coloured) + WS2812_LATCH


def _in_order(light: Rgb, order: str) -> bytes:
    parts = {"r": light.red, "g": light.green, "b": light.blue}
    return bytes(round(255 * min(1.0, max(0.0, parts[name]))) for name in order)
