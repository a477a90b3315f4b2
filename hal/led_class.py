"""A light that the kernel drives: files below ``/sys/class/leds``, one per colour."""

from __future__ import annotations

from pathlib import Path

from core.errors import HardwareError
from hal.ports import Lights, Rgb

LEDS = Path("/sys/class/leds")


class KernelLight:
    """One light of up to three colours.

    Args:
        names: Of the red, green and blue LED below `folder`; empty where there is none.
        folder: Where the kernel shows its LEDs.

    Raises:
        HardwareError: A LED is missing or may not be written.
    """

    count = 1

    def __init__(self, names: tuple[str, str, str], folder: Path = LEDS) -> None:
        self._files: list[tuple[Path, int] | None] = []
        self._last: list[int | None] = [None] * len(names)
        for name in names:
            self._files.append(self._opened(folder / name) if name else None)

    @staticmethod
    def _opened(led: Path) -> tuple[Path, int]:
        try:
            full = int((led / "max_brightness").read_text(encoding="ascii"))
            (led / "brightness").write_text("0", encoding="ascii")
        except (OSError, ValueError) as error:
            raise HardwareError(
                f"the light {led} cannot be used; is its driver loaded, and may the speaker's user"
                " write it?"
            ) from error
        return led / "brightness", full

    def paint(self, lights: Lights) -> None:
        """Show the one light; what has not changed is not written."""
        (light,) = lights
        for place, part in enumerate((light.red, light.green, light.blue)):
            entry = self._files[place]
            if entry is None:
                continue
            file, full = entry
            value = round(part * full)
            if value != self._last[place]:
                file.write_text(str(value), encoding="ascii")
                self._last[place] = value

    def close(self) -> None:
        """Go dark."""
        dark = Rgb(0.0, 0.0, 0.0)
        try:
            self.paint((dark,))
        except OSError:
            return  # it is gone, and dark by that
