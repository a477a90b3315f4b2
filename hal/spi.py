"""The SPI bus through spidev, which every kernel of a Pi carries."""

from __future__ import annotations

from core.errors import HardwareError


class SpidevBus:
    """Honours `hal.ports.SpiBus` over ``/dev/spidevB.D``.

    Raises:
        HardwareError: spidev is missing, the bus is off, or may not be used.
    """

    def __init__(self, bus: int, device: int, speed_hz: int) -> None:
        try:
            import spidev
        except ImportError as error:
            raise HardwareError(
                "the library spidev is not installed; install myna[gpio] or python3-spidev"
            ) from error
        path = f"/dev/spidev{bus}.{device}"
        self._spi = spidev.SpiDev()
        try:
            self._spi.open(bus, device)
            self._spi.max_speed_hz = speed_hz
            self._spi.mode = 0
        except FileNotFoundError as error:
            raise HardwareError(
                f"{path} is missing: write dtparam=spi=on into config.txt and start anew",
                code="hal.no_spi",
            ) from error
        except PermissionError as error:
            raise HardwareError(
                f"{path} may not be used: put the speaker's user into the group spi",
                code="hal.not_permitted",
            ) from error
        except OSError as error:
            raise HardwareError(f"{path} cannot be used ({error.strerror})") from error

    def write(self, data: bytes) -> None:
        self._spi.writebytes2(data)

    def close(self) -> None:
        self._spi.close()
