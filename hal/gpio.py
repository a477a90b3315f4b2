"""A box on a Pi's header as its profile describes it: buttons, mute switch, volume, lights.

Every part is made on its own. One that cannot be used is a named trouble; the others work, and the
voice goes on.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Self

from core.clock import Clock, SystemClock
from core.errors import HardwareError
from core.worker import Worker
from hal.contacts import UNMUTE_SETTLE_S, Debounced, Stepper, TalkButton
from hal.lamps import Lamp, NoLamp, PaintedRing, StripLamp
from hal.led_class import KernelLight
from hal.pin_factory import make_pin_factory
from hal.ports import BoardTrouble, Button, ButtonSink, Lights, SpiBus
from hal.profile import Contact, LightsPlan, Profile
from hal.settings import NO_PIN
from hal.spi import SpidevBus
from hal.spi_lights import WS2812_BUS_HZ

TICK_S = 0.02
"""Lights and contacts are attended to 50 times a second."""
RETRY_S = 5.0
"""Lights that could not be reached are tried again so much later."""

OpenBus = Callable[[int, int, int], SpiBus]


class PwmLamp:
    """One light of up to three colours on pins; a pulse width is linear light: no gamma.

    Args:
        leds: One gpiozero PWMLED per colour, None where there is none.
    """

    count = 1

    def __init__(self, leds: tuple[Any, Any, Any]) -> None:
        self._leds = leds

    def paint(self, lights: Lights) -> None:
        (light,) = lights
        for led, part in zip(self._leds, (light.red, light.green, light.blue), strict=True):
            if led is not None:
                led.value = part

    def close(self) -> None:
        for led in self._leds:
            if led is not None:
                led.close()  # goes dark by it


class GpioBoard:
    """A board on pins through gpiozero, with the pin library chosen, never guessed.

    Args:
        profile: What is wired where.
        pin_factory: ``lgpio``, ``rpigpio`` or ``mock``.
        clock: Runs patterns and contacts.
        factory: A gpiozero pin factory to use in place of the one named; the board closes it.
        open_bus: Opens an SPI device by bus, device and Hz.
    """

    def __init__(
        self,
        profile: Profile,
        pin_factory: str,
        clock: Clock | None = None,
        *,
        factory: Any = None,  # noqa: ANN401 - gpiozero has no types
        open_bus: OpenBus = SpidevBus,
    ) -> None:
        self.name = f"{profile.id} ({pin_factory})"
        self._clock = clock or SystemClock()
        self._open_bus = open_bus
        self._lock = threading.Lock()  # guards _troubles
        self._troubles: dict[str, BoardTrouble] = {}
        self._devices: list[Any] = []
        self._turned: deque[Button] = deque(maxlen=64)
        self._attendant: Worker | None = None
        self._sink: ButtonSink | None = None
        self._closed = False
        self._factory = factory
        if factory is None and profile.pins():
            self._factory = self._try("pins", lambda: make_pin_factory(pin_factory))
        self._contacts = self._make_contacts(profile)
        self.ring = PaintedRing(self._clock, self._make_lamp(profile.lights))
        self._paint_again_s = 0.0

    @property
    def muted(self) -> bool:
        return "mute" in self._contacts and self._contacts["mute"].closed

    @property
    def troubles(self) -> tuple[BoardTrouble, ...]:
        with self._lock:
            return tuple(self._troubles.values())

    def open(self, sink: ButtonSink) -> None:
        if self._sink is not None or self._closed:
            raise HardwareError("this board is open or closed already; make a new one")
        self._sink = sink
        self.tick()  # a switch may have stood at muted since before the start
        self._attendant = Worker("hal-board", self._attend).start()

    def close(self) -> None:
        self._closed = True
        if self._attendant is not None:
            self._attendant.stop()
            self._attendant = None
        self.ring.lamp.close()
        for device in self._devices:
            device.close()
        self._devices.clear()
        factory, self._factory = self._factory, None
        if factory is not None:
            factory.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def tick(self) -> None:
        """Look at every contact and paint the lights, once. The board's thread does it."""
        now_s = self._clock.now_s()
        for name, contact in self._contacts.items():
            for event in contact.look(now_s):
                self._report(event)
            self._note(name, contact.complaint(now_s))
        while self._turned:
            self._report(self._turned.popleft())
        if now_s >= self._paint_again_s:
            self._paint(now_s)

    # ------------------------------------------------------------------ running

    def _attend(self, stopping: threading.Event) -> None:
        while not stopping.wait(TICK_S):
            self.tick()

    def _report(self, event: Button) -> None:
        if self._sink is not None:
            self._sink(event)

    def _paint(self, now_s: float) -> None:
        try:
            self.ring.paint()
        except OSError as error:
            self._paint_again_s = now_s + RETRY_S
            self._note("lights", f"the lights do not answer ({error.strerror}); check their wires")
            return
        if self._paint_again_s:
            self._paint_again_s = 0.0
            self._note("lights", "")

    def _note(self, part: str, sentence: str) -> None:
        with self._lock:
            if sentence:
                self._troubles[part] = BoardTrouble(part, sentence)
            else:
                self._troubles.pop(part, None)

    # ------------------------------------------------------------------- making

    def _try(self, part: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401
        """What `make` returns; None and a trouble noted when it cannot be made."""
        try:
            return make()
        except HardwareError as error:
            self._note(part, str(error))
        except Exception as error:  # a pin library raises whatever it likes
            what = f"{type(error).__name__}: {error}"
            self._note(
                part,
                f"the {part} pin cannot be used ({what}); check the profile, and that no other"
                " program holds it",
            )
        return None

    def _make_contacts(self, profile: Profile) -> dict[str, _Contact]:
        volume = profile.volume
        plans: list[tuple[str, Contact | None, _Meaning | None]] = [
            ("talk", profile.talk, TalkButton()),
            ("mute", profile.mute, None),
            ("volume_up", volume.up, Stepper(Button.VOLUME_UP)),
            ("volume_down", volume.down, Stepper(Button.VOLUME_DOWN)),
        ]
        made = {}
        for name, plan, meaning in plans:
            if plan is not None and (pin := self._try(name, partial(self._input, plan))):
                made[name] = _Contact(pin, plan, meaning)
        if volume.encoder_a and volume.encoder_b:
            self._try("volume", partial(self._encoder, volume.encoder_a, volume.encoder_b))
        return made

    def _input(self, plan: Contact) -> Any:  # noqa: ANN401
        import gpiozero

        if self._factory is None:
            return None
        pull_up = {"up": True, "down": False, "none": None}[plan.pull]
        high = plan.closed_is == "high"
        device = gpiozero.InputDevice(
            plan.pin,
            pull_up=pull_up,
            active_state=high if pull_up is None else None,
            pin_factory=self._factory,
        )
        self._devices.append(device)
        # With a pull resistor gpiozero takes the other level for active.
        return _Level(device, turned=pull_up is not None and high is pull_up)

    def _encoder(self, a: Contact, b: Contact) -> None:
        import gpiozero

        if self._factory is None:
            return
        encoder = gpiozero.RotaryEncoder(a.pin, b.pin, wrap=True, pin_factory=self._factory)
        self._devices.append(encoder)
        encoder.when_rotated_clockwise = lambda: self._turned.append(Button.VOLUME_UP)
        encoder.when_rotated_counter_clockwise = lambda: self._turned.append(Button.VOLUME_DOWN)

    def _make_lamp(self, plan: LightsPlan) -> Lamp:
        made: Lamp | None = self._try("lights", lambda: self._lamp(plan))
        return made if made is not None else NoLamp(plan.count)

    def _lamp(self, plan: LightsPlan) -> Lamp:
        if plan.kind == "kernel":
            return KernelLight((plan.red, plan.green, plan.blue))
        if plan.power_pin != NO_PIN:
            self._output(plan.power_pin)
        if plan.kind == "pwm":
            red, green, blue = (
                self._led(pin, plan) for pin in (plan.red_pin, plan.green_pin, plan.blue_pin)
            )
            return PwmLamp((red, green, blue))
        if plan.kind in ("apa102", "ws2812"):
            speed_hz = WS2812_BUS_HZ if plan.kind == "ws2812" else plan.speed_hz
            return StripLamp(plan, self._open_bus(plan.bus, plan.device, speed_hz))
        return NoLamp(plan.count)

    def _led(self, pin: int, plan: LightsPlan) -> Any:  # noqa: ANN401
        import gpiozero

        if pin == NO_PIN or self._factory is None:
            return None
        return gpiozero.PWMLED(pin, active_high=plan.active_high, pin_factory=self._factory)

    def _output(self, pin: int) -> None:
        import gpiozero

        if self._factory is not None:
            device = gpiozero.OutputDevice(pin, initial_value=True, pin_factory=self._factory)
            self._devices.append(device)


_Meaning = TalkButton | Stepper


class _Level:
    """Whether a contact is closed, out of whether gpiozero calls its pin active."""

    def __init__(self, device: Any, *, turned: bool) -> None:  # noqa: ANN401
        self._device = device
        self._turned = turned

    def __call__(self) -> bool:
        return bool(self._device.is_active) is not self._turned


class _Contact:
    """A wired contact, what it settles to, and what that means; a switch has no meaning but two."""

    def __init__(self, level: _Level, plan: Contact, meaning: _Meaning | None) -> None:
        self._level = level
        self._plan = plan
        self._meaning = meaning
        switch = meaning is None
        settle_s = max(plan.debounce_ms / 1000, UNMUTE_SETTLE_S if switch else 0.0)
        self._settled = Debounced(settle_s, close_at_once=switch)
        self._told = False

    @property
    def closed(self) -> bool:
        """Whether it is closed or has not yet settled to open."""
        return self._settled.closed or self._level()

    def look(self, now_s: float) -> list[Button]:
        """Take in the moment; returns what a person did."""
        closed = self._settled.look(self._level(), now_s)
        if self._meaning is not None:
            return self._meaning.look(closed, now_s)
        if closed is self._told:
            return []
        self._told = closed
        return [Button.MUTE_ON if closed else Button.MUTE_OFF]

    def complaint(self, now_s: float) -> str:
        """What is wrong with it, as a sentence; empty when nothing is."""
        pin = self._plan.pin
        if self._meaning is not None and self._meaning.stuck:
            return f"the button on pin {pin} is held down and ignored; free it, or check its wire"
        if self._settled.bouncing(now_s):
            return f"the contact on pin {pin} does not come to rest; check its wire and solder"
        return ""
