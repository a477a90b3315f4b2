"""The gpiozero pin factory that the configuration names; never another one."""

from __future__ import annotations

from typing import Any

from core.errors import HardwareError
from hal.machine import is_raspberry_pi


def make_pin_factory(name: str) -> Any:  # noqa: ANN401 - gpiozero has no types
    """The pin factory of that name.

    Raises:
        HardwareError: It is not installed, or there are no pins that it can use.
    """
    if name in ("lgpio", "rpigpio") and not is_raspberry_pi():
        # Asked first: lgpio starts a thread that never ends, only to find no pins.
        raise HardwareError(
            f"the pins cannot be opened through {name}, this is no Raspberry Pi;"
            ' set [board] board = "simulated"',
            code="hal.no_pins",
        )
    try:
        if name == "mock":
            from gpiozero.pins.mock import MockFactory, MockPWMPin

            return MockFactory(pin_class=MockPWMPin)
        if name == "lgpio":
            from gpiozero.pins.lgpio import LGPIOFactory

            return LGPIOFactory()
        if name == "rpigpio":
            from gpiozero.pins.rpigpio import RPiGPIOFactory

            return RPiGPIOFactory()
    except ImportError as error:
        raise HardwareError(
            f"the pin library {name} is not installed; install myna[gpio], or Debian's"
            f" python3-{'rpi.gpio' if name == 'rpigpio' else 'lgpio'}",
            code="hal.no_pins",
        ) from error
    except Exception as error:  # no chip, no rights: each library says it in its own way
        raise HardwareError(
            f"the pins cannot be opened through {name} ({type(error).__name__}: {error}); is the"
            " speaker's user in the group gpio?",
            code="hal.no_pins",
        ) from error
    raise HardwareError(f"no pin library is called {name}; use lgpio, rpigpio or mock")
