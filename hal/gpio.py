"""A box wired to a Pi's pins: talk button, mute switch, and one light of up to three colours."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Self

from core.clock import Clock, SystemClock
from core.errors import HardwareError
from core.worker import Worker
from hal.glow import Glow
from hal.machine import is_raspberry_pi
from hal.ports import Button, ButtonSink, Lights, Mood
from hal.settings import NO_PIN, BoardSettings

REFRESH_S = 0.04
"""A light is set 25 times a second: smooth to the eye and next to no work."""


class GpioRing:
    """A ring of one light: an RGB LED or one to three single ones.

    Args:
        clock: Runs the patterns.
        leds: One gpiozero PWMLED per colour, None where there is none.
    """

    def __init__(self, clock: Clock, leds: tuple[Any, Any, Any]) -> None:
        self.count = 1
        self._glow = Glow(clock, self.count)
        self._leds = leds

    def show(self, mood: Mood) -> None:
        self._glow.show(mood)

    def level(self, dbfs: float) -> None:
        self._glow.level(dbfs)

    def lights(self) -> Lights:
        """What the light is meant to show now."""
        return self._glow.lights()

    def paint(self) -> None:
        """Put the moment's colour on the pins. A pulse width is linear light: no gamma."""
        (light,) = self.lights()
        for led, part in zip(self._leds, (light.red, light.green, light.blue), strict=True):
            if led is not None:
                led.value = part


class GpioBoard:
    """A board on GPIO pins through gpiozero, with the pin library chosen, never guessed.

    Args:
        settings: Pins and pin library.
        clock: Runs the light's patterns.
        factory: A gpiozero pin factory to use in place of the one that `settings` names; the
            board closes it.

    Raises:
        HardwareError: The pin library is missing, there are no pins, or one is wired twice.
    """

    def __init__(
        self,
        settings: BoardSettings,
        clock: Clock | None = None,
        *,
        factory: Any = None,  # noqa: ANN401 - gpiozero has no types
    ) -> None:
        self.name = f"gpio ({settings.pin_factory})"
        _refuse_double_use(settings)
        self._factory = factory if factory is not None else _pin_factory(settings.pin_factory)
        self._devices: list[Any] = []
        self._painter: Worker | None = None
        self._sink: ButtonSink | None = None
        try:
            self._talk = self._contact(settings.talk_pin, settings)
            self._mute = self._contact(settings.mute_pin, settings)
            leds = (settings.red_pin, settings.green_pin, settings.blue_pin)
            red, green, blue = (self._led(pin, settings) for pin in leds)
        except Exception as error:  # a pin library raises whatever it likes
            self.close()
            raise HardwareError(
                f"the pins cannot be used ({type(error).__name__}: {error}); check [board] and"
                " that no other program holds them"
            ) from error
        self.ring = GpioRing(clock or SystemClock(), (red, green, blue))

    def open(self, sink: ButtonSink) -> None:
        if self._sink is not None or self._factory is None:
            raise HardwareError("this board is open or closed already; make a new one")
        self._sink = sink
        if self._talk is not None:
            self._talk.when_pressed = lambda: sink(Button.TALK)
        if self._mute is not None:
            if self._mute.is_pressed:  # the switch may have stood there since before the start
                sink(Button.MUTE_ON)
            self._mute.when_pressed = lambda: sink(Button.MUTE_ON)
            self._mute.when_released = lambda: sink(Button.MUTE_OFF)
        self._painter = Worker("hal-ring", self._paint_until).start()

    def close(self) -> None:
        if self._painter is not None:
            self._painter.stop()
            self._painter = None
        for device in self._devices:
            device.close()  # an LED goes dark by it
        self._devices.clear()
        factory, self._factory = self._factory, None
        if factory is not None:
            factory.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _paint_until(self, stopping: threading.Event) -> None:
        while not stopping.wait(REFRESH_S):
            self.ring.paint()

    def _contact(self, pin: int, settings: BoardSettings) -> Any:  # noqa: ANN401
        import gpiozero

        bounce_s = settings.debounce_ms / 1000 or None
        return self._made(
            pin, lambda: gpiozero.Button(pin, bounce_time=bounce_s, pin_factory=self._factory)
        )

    def _led(self, pin: int, settings: BoardSettings) -> Any:  # noqa: ANN401
        import gpiozero

        high = settings.light_active_high
        return self._made(
            pin, lambda: gpiozero.PWMLED(pin, active_high=high, pin_factory=self._factory)
        )

    def _made(self, pin: int, make: Callable[[], Any]) -> Any:  # noqa: ANN401
        if pin == NO_PIN:
            return None
        device = make()
        self._devices.append(device)
        return device


def _refuse_double_use(settings: BoardSettings) -> None:
    used: dict[int, str] = {}
    for key in ("talk_pin", "mute_pin", "red_pin", "green_pin", "blue_pin"):
        pin = getattr(settings, key)
        if pin != NO_PIN and pin in used:
            raise HardwareError(
                f"[board] {key} and {used[pin]} are both pin {pin}; give each its own"
            )
        used[pin] = key


def _pin_factory(name: str) -> Any:  # noqa: ANN401
    """The gpiozero pin factory of that name."""
    if name in ("lgpio", "rpigpio") and not is_raspberry_pi():
        # Asked first: lgpio starts a thread that never ends, only to find no pins.
        raise HardwareError(
            f"the pins cannot be opened through {name}, this is no Raspberry Pi;"
            ' set [board] board = "simulated"'
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
            f" python3-{'rpi.gpio' if name == 'rpigpio' else 'lgpio'}"
        ) from error
    except Exception as error:  # no chip, no rights: each library says it in its own way
        raise HardwareError(
            f"the pins cannot be opened through {name} ({type(error).__name__}: {error}); is the"
            " speaker's user in the group gpio?"
        ) from error
    raise HardwareError(f"no pin library is called {name}; use lgpio, rpigpio or mock")
