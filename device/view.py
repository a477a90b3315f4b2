"""What a person at the terminal sees: the lights, both sides of the talk, each turn's clock."""

from __future__ import annotations

import sys
from typing import TextIO

from device.trace import Entry
from hal.ports import LedRing
from hal.terminal import render, supports_colour

WHO_WIDTH = 7


class TerminalView:
    """Prints a conversation as it happens. Only ever to the person who started it.

    Args:
        ring: The lights to draw beside each state.
        stream: Where to; stdout by default.
    """

    def __init__(self, ring: LedRing | None, stream: TextIO | None = None) -> None:
        self._ring = ring
        self._stream = stream or sys.stdout
        self._colour = supports_colour(self._stream)
        self._speech_end_s: float | None = None

    def see(self, entry: Entry) -> None:
        """Print an entry, if it is one worth a line."""
        data = entry.data
        match entry.kind:
            case "state":
                self._line(entry.at_s, "lights", f"{self._lights()} {data['name']}")
            case "woken":
                self._line(entry.at_s, "child", f"“{data['phrase']}” ({data['score']:.2f})")
            case "say":
                self._line(entry.at_s, "myna", str(data["text"]))
            case "heard":
                self._line(entry.at_s, "child", self._heard(data))
            case "speech_ended":
                self._speech_end_s = float(str(data["speech_end_s"]))
            case "play_started":
                self._gap(entry.at_s)
            case "interrupted":
                self._line(entry.at_s, "child", "(interrupts)")
            case "attempt":
                self._line(entry.at_s, "note", f"{data['item']}: {data['verdict']}")
            case "card_lost":
                self._line(entry.at_s, "note", "the sound card is gone; looking for it")
            case "card_back":
                self._line(entry.at_s, "note", "the sound card is back")
            case "failed":
                self._line(entry.at_s, "note", f"trouble: {data['trouble']}")
            case _:
                pass

    def _gap(self, at_s: float) -> None:
        if self._speech_end_s is None:
            return
        gap_ms = 1000 * (at_s - self._speech_end_s)
        self._speech_end_s = None
        self._line(at_s, "clock", f"answered {gap_ms:.0f} ms after the child's last sound")

    @staticmethod
    def _heard(data: object) -> str:
        if not isinstance(data, dict):
            return ""
        if not data["text"]:
            return "(a sound without words)"
        mark = "right" if data["right"] else "other"
        return f"{data['text']} ({mark}, {data['confidence']:.2f})"

    def _lights(self) -> str:
        return "" if self._ring is None else render(self._ring.lights(), colour=self._colour)

    def _line(self, at_s: float, who: str, what: str) -> None:
        minutes, seconds = divmod(at_s, 60)
        clock = f"{int(minutes):02d}:{seconds:05.2f}"
        print(f"{clock}  {who:<{WHO_WIDTH}}  {what}", file=self._stream, flush=True)
