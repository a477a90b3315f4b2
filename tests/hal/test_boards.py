"""One contract for every board: the simulated one, and real gpiozero devices on mock pins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from core.clock import VirtualClock
from core.errors import HardwareError
from hal.factory import has_pins, make_board
from hal.gpio import GpioBoard
from hal.machine import is_raspberry_pi
from hal.ports import Board, Button, Mood
from hal.settings import BoardSettings
from hal.simulated import Shown, SimulatedBoard

PINS = BoardSettings(
    board="gpio",
    pin_factory="mock",
    talk_pin=17,
    mute_pin=27,
    red_pin=12,
    green_pin=13,
    blue_pin=19,
    debounce_ms=0,
)


@dataclass
class Bench:
    """A board under test and the hand that works it."""

    board: Board
    clock: VirtualClock
    do: Callable[[Button], None]


def simulated(clock: VirtualClock, *, muted: bool) -> Bench:
    board = SimulatedBoard(clock, muted=muted)
    return Bench(board, clock, board.press)


def on_pins(clock: VirtualClock, *, muted: bool) -> Bench:
    factory = MockFactory(pin_class=MockPWMPin)
    talk, mute = factory.pin(17), factory.pin(27)
    board = GpioBoard(PINS, clock, factory=factory)
    if muted:
        mute.drive_low()

    def do(button: Button) -> None:
        if button is Button.TALK:
            talk.drive_low()
            talk.drive_high()
        elif button is Button.MUTE_ON:
            mute.drive_low()
        else:
            mute.drive_high()

    return Bench(board, clock, do)


@pytest.fixture(params=[simulated, on_pins], ids=["simulated", "gpio"])
def make(request: pytest.FixtureRequest) -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make_bench(*, muted: bool = False) -> Bench:
        made.append(request.param(VirtualClock(), muted=muted))
        return made[-1]

    yield make_bench
    for bench in made:
        bench.board.close()


def test_buttons_are_reported_in_order(make: Callable[..., Bench]):
    bench, seen = make(), []
    bench.board.open(seen.append)
    presses = [Button.TALK, Button.MUTE_ON, Button.TALK, Button.MUTE_OFF, Button.TALK]
    for button in presses:
        bench.do(button)
    assert seen == presses


def test_a_switch_that_stands_there_already_says_nothing(make: Callable[..., Bench]):
    bench, seen = make(), []
    bench.board.open(seen.append)
    for button in (Button.MUTE_OFF, Button.MUTE_ON, Button.MUTE_ON, Button.MUTE_OFF):
        bench.do(button)
    assert seen == [Button.MUTE_ON, Button.MUTE_OFF]


def test_a_board_switched_on_while_muted_says_so(make: Callable[..., Bench]):
    bench, seen = make(muted=True), []
    bench.board.open(seen.append)
    assert seen == [Button.MUTE_ON]
    bench.do(Button.MUTE_OFF)
    assert seen == [Button.MUTE_ON, Button.MUTE_OFF]


def test_a_board_is_opened_once(make: Callable[..., Bench]):
    bench = make()
    bench.board.open(lambda button: None)
    with pytest.raises(HardwareError, match="open"):
        bench.board.open(lambda button: None)


def test_close_is_idempotent_and_ends_the_reports(make: Callable[..., Bench]):
    bench, seen = make(), []
    bench.board.open(seen.append)
    bench.board.close()
    bench.board.close()
    if isinstance(bench.board, SimulatedBoard):
        with pytest.raises(HardwareError, match="not open"):
            bench.do(Button.TALK)
    else:
        bench.do(Button.TALK)
    assert seen == []


def test_the_ring_shows_the_mood_until_the_next(make: Callable[..., Bench]):
    bench = make()
    ring = bench.board.ring
    ring.show(Mood.MUTED)
    red = ring.lights()
    assert len(red) == ring.count
    bench.clock.advance_to(100.0)
    assert ring.lights() == red  # MUTED does not move
    ring.show(Mood.LISTENING)
    assert ring.lights() != red


def test_listening_follows_the_voice_smoothly(make: Callable[..., Bench]):
    bench = make()
    ring = bench.board.ring
    ring.show(Mood.LISTENING)
    quiet = ring.lights()[0].green
    ring.level(-10.0)
    assert ring.lights()[0].green == quiet  # no time has passed
    bench.clock.advance_to(0.1)
    rising = ring.lights()[0].green
    bench.clock.advance_to(5.0)
    loud = ring.lights()[0].green
    assert quiet < rising < loud
    ring.level(-90.0)
    bench.clock.advance_to(10.0)
    assert ring.lights()[0].green == quiet


def test_showing_a_mood_again_does_not_start_it_again(make: Callable[..., Bench]):
    bench = make()
    ring = bench.board.ring
    ring.show(Mood.WAKING)
    bench.clock.advance_to(1.0)
    opened = ring.lights()
    ring.show(Mood.WAKING)
    assert ring.lights() == opened


def test_simulated_ring_remembers_when_it_showed_what():
    clock = VirtualClock()
    board = SimulatedBoard(clock)
    board.ring.show(Mood.WAKING)
    clock.advance_to(1.5)
    board.ring.show(Mood.LISTENING)
    board.ring.show(Mood.LISTENING)
    assert list(board.ring.shown) == [Shown(0.0, Mood.WAKING), Shown(1.5, Mood.LISTENING)]
    assert board.ring.moods == (Mood.WAKING, Mood.LISTENING)


def test_gpio_light_carries_the_pattern_to_the_pins_and_goes_dark():
    factory = MockFactory(pin_class=MockPWMPin)
    pins = [factory.pin(number) for number in (12, 13, 19)]
    board = GpioBoard(PINS, VirtualClock(), factory=factory)
    board.ring.show(Mood.MUTED)
    board.ring.paint()
    (light,) = board.ring.lights()
    assert [pin.state for pin in pins] == [light.red, light.green, light.blue]
    assert pins[0].state > 0.3
    board.close()
    assert [pin.state for pin in pins] == [0, 0, 0]


def test_gpio_common_anode_is_driven_the_other_way_round():
    factory = MockFactory(pin_class=MockPWMPin)
    red = factory.pin(12)
    settings = BoardSettings(red_pin=12, light_active_high=False)
    with GpioBoard(settings, VirtualClock(), factory=factory) as board:
        board.ring.show(Mood.MUTED)
        board.ring.paint()
        assert red.state == pytest.approx(1 - board.ring.lights()[0].red)


def test_a_pin_wired_twice_is_refused():
    with pytest.raises(HardwareError, match="mute_pin and talk_pin are both pin 17"):
        GpioBoard(BoardSettings(pin_factory="mock", talk_pin=17, mute_pin=17))


def test_pins_of_a_machine_that_has_none_are_one_sentence(tmp_path: Path):
    if is_raspberry_pi():
        pytest.skip("this machine has real pins")
    with pytest.raises(HardwareError) as caught:
        GpioBoard(BoardSettings(pin_factory="lgpio", talk_pin=17))
    assert "lgpio" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not is_raspberry_pi(tmp_path / "no-such-file")
    (tmp_path / "model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    assert is_raspberry_pi(tmp_path / "model")


def test_the_factory_makes_what_the_configuration_says():
    with pytest.raises(HardwareError, match="has no pins"):
        make_board(BoardSettings(board="gpio"))
    with pytest.raises(HardwareError, match="no board is called lamp"):
        make_board(BoardSettings(board="lamp"))
    assert isinstance(make_board(BoardSettings()), SimulatedBoard)
    board = make_board(PINS, VirtualClock())
    assert isinstance(board, GpioBoard)
    assert board.name == "gpio (mock)"
    board.close()
    assert has_pins(BoardSettings(blue_pin=3))
    assert not has_pins(BoardSettings())
