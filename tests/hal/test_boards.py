"""One contract for every board: the simulated one, and real gpiozero devices on mock pins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

from core.clock import VirtualClock
from core.errors import HardwareError
from hal.factory import has_pins, make_board, make_board_or_stand_in
from hal.fakes import FakeChain
from hal.gpio import RETRY_S, TICK_S, GpioBoard
from hal.lamps import StripLamp
from hal.machine import is_raspberry_pi
from hal.ports import Board, Button, Mood, Rgb
from hal.profile import Contact, LightsPlan, Profile, load_profile, profile_of_pins
from hal.settings import BoardSettings
from hal.simulated import Shown, SimulatedBoard
from hal.spi import SpidevBus
from hal.spi_lights import apa102, ws2812

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
REST_S = 0.5
"""Longer than any contact takes to come to rest, and than two presses may be apart."""


@dataclass
class Bench:
    """A board under test and the hand that works it."""

    board: Board
    clock: VirtualClock
    do: Callable[[Button], None]
    look: Callable[[], None]
    """Let the board attend to its contacts and lights; real ones do it in a thread."""


def simulated(clock: VirtualClock, *, muted: bool) -> Bench:
    board = SimulatedBoard(clock, muted=muted)
    return Bench(board, clock, board.press, lambda: None)


def on_pins(clock: VirtualClock, *, muted: bool) -> Bench:
    factory = MockFactory(pin_class=MockPWMPin)
    talk, mute = factory.pin(17), factory.pin(27)
    board = GpioBoard(profile_of_pins(PINS), "mock", clock, factory=factory)
    if muted:
        mute.drive_low()

    def rest() -> None:
        clock.advance_to(clock.now_s() + REST_S)
        board.tick()

    def do(button: Button) -> None:
        if button is Button.TALK:
            talk.drive_low()
            board.tick()
            talk.drive_high()
        elif button is Button.MUTE_ON:
            mute.drive_low()
        else:
            mute.drive_high()
        board.tick()
        rest()

    return Bench(board, clock, do, board.tick)


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
    assert seen == []


def test_the_ring_shows_the_mood_until_the_next(make: Callable[..., Bench]):
    bench = make()
    ring = bench.board.ring
    ring.show(Mood.MUTED)
    bench.clock.advance_to(1.0)
    red = ring.lights()
    assert len(red) == ring.count
    bench.clock.advance_to(100.0)
    assert ring.lights() == red  # MUTED does not move
    ring.show(Mood.LISTENING)
    bench.clock.advance_to(101.0)
    assert ring.lights() != red


def test_listening_follows_the_voice_smoothly(make: Callable[..., Bench]):
    bench = make()
    ring = bench.board.ring
    ring.show(Mood.LISTENING)
    bench.clock.advance_to(1.0)
    quiet = ring.lights()[0].green
    ring.level(-10.0)
    assert ring.lights()[0].green == quiet  # no time has passed
    bench.clock.advance_to(1.1)
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
    ring.show(Mood.THINKING)
    bench.clock.advance_to(1.0)
    going = ring.lights()
    ring.show(Mood.THINKING)
    assert ring.lights() == going


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
    clock = VirtualClock()
    board = GpioBoard(profile_of_pins(PINS), "mock", clock, factory=factory)
    board.ring.show(Mood.MUTED)
    clock.advance_to(1.0)
    board.tick()
    (light,) = board.ring.lights()
    assert [pin.state for pin in pins] == [light.red, light.green, light.blue]
    assert pins[0].state > 0.3
    board.close()
    assert [pin.state for pin in pins] == [0, 0, 0]


def test_gpio_common_anode_is_driven_the_other_way_round():
    factory = MockFactory(pin_class=MockPWMPin)
    red = factory.pin(12)
    profile = profile_of_pins(BoardSettings(red_pin=12, light_active_high=False))
    clock = VirtualClock()
    with GpioBoard(profile, "mock", clock, factory=factory) as board:
        board.ring.show(Mood.MUTED)
        clock.advance_to(1.0)
        board.tick()
        assert red.state == pytest.approx(1 - board.ring.lights()[0].red)


def test_a_pin_wired_twice_is_refused():
    with pytest.raises(HardwareError, match="mute_pin and talk_pin are both pin 17"):
        make_board(BoardSettings(board="gpio", pin_factory="mock", talk_pin=17, mute_pin=17))


def test_pins_of_a_machine_that_has_none_are_a_named_trouble(tmp_path: Path):
    if is_raspberry_pi():
        pytest.skip("this machine has real pins")
    with make_board(BoardSettings(board="gpio", pin_factory="lgpio", talk_pin=17)) as board:
        (trouble,) = board.troubles
        assert trouble.part == "pins"
        assert "lgpio" in trouble.sentence
        assert "\n" not in trouble.sentence
        board.open(lambda button: None)  # and the voice goes on
    assert not is_raspberry_pi(tmp_path / "no-such-file")
    (tmp_path / "model").write_bytes(b"Raspberry Pi 5 Model B Rev 1.0\0")
    assert is_raspberry_pi(tmp_path / "model")


def test_the_factory_makes_what_the_configuration_says():
    with pytest.raises(HardwareError, match="has no pins"):
        make_board(BoardSettings(board="gpio"))
    with pytest.raises(HardwareError, match="no board is called lamp"):
        make_board(BoardSettings(board="lamp"))
    assert isinstance(make_board(BoardSettings()), SimulatedBoard)
    assert isinstance(make_board(BoardSettings(profile="simulated")), SimulatedBoard)
    with make_board(PINS, VirtualClock()) as board:
        assert isinstance(board, GpioBoard)
        assert board.name == "gpio (mock)"
        assert board.troubles == ()
    assert has_pins(BoardSettings(blue_pin=3))
    assert not has_pins(BoardSettings())


def test_a_board_that_does_not_exist_is_stood_in_for():
    board = make_board_or_stand_in(BoardSettings(profile="toaster"))
    assert [trouble.part for trouble in board.troubles] == ["profile"]
    assert "no board is called toaster" in board.troubles[0].sentence
    board.open(lambda button: None)
    board.close()


# ------------------------------------------------------------------ whole profiles


@dataclass
class Wired:
    """A board of a profile on mock pins and a chain that reads its wire."""

    board: GpioBoard
    clock: VirtualClock
    factory: MockFactory
    chain: FakeChain

    def pass_time(self, seconds: float) -> None:
        """In ticks, as the board's thread would."""
        for _ in range(round(seconds / TICK_S)):
            self.clock.advance_to(self.clock.now_s() + TICK_S)
            self.board.tick()


@pytest.fixture
def wire() -> Iterator[Callable[[str], Wired]]:
    made: list[Wired] = []

    def make_wired(name: str) -> Wired:
        profile = load_profile(name)
        plan = profile.lights
        chain = FakeChain(plan.kind, plan.count, plan.order)
        clock, factory = VirtualClock(), MockFactory(pin_class=MockPWMPin)
        board = GpioBoard(profile, "mock", clock, factory=factory, open_bus=lambda *_: chain)
        made.append(Wired(board, clock, factory, chain))
        return made[-1]

    yield make_wired
    for wired in made:
        wired.board.close()


def rounded(lights: Iterable[Rgb]) -> list[tuple[int, int, int]]:
    return [(round(255 * c.red), round(255 * c.green), round(255 * c.blue)) for c in lights]


@pytest.mark.parametrize("name", ["respeaker-2mic", "respeaker-4mic", "ws2812-ring"])
@pytest.mark.parametrize("mood", Mood)
def test_a_strip_shows_what_the_pattern_says(wire: Callable[[str], Wired], name: str, mood: Mood):
    wired = wire(name)
    wired.board.ring.show(mood)
    wired.pass_time(1.0)
    assert rounded(wired.chain.shown) == rounded(wired.board.ring.lights())
    assert any(max(seen) > 0 for seen in rounded(wired.chain.shown))
    wired.board.close()
    assert set(rounded(wired.chain.shown)) == {(0, 0, 0)}


def test_what_has_not_changed_is_not_sent_again(wire: Callable[[str], Wired]):
    wired = wire("ws2812-ring")
    wired.board.ring.show(Mood.MUTED)
    wired.pass_time(1.0)
    writes = wired.chain.writes
    wired.pass_time(10.0)
    assert wired.chain.writes == writes


@pytest.mark.parametrize(("first", "clockwise"), [(0, True), (3, True), (0, False), (5, False)])
@pytest.mark.parametrize("kind", ["apa102", "ws2812"])
def test_a_chain_may_begin_anywhere_and_go_either_way(kind: str, first: int, clockwise: bool):
    chain = FakeChain(kind, 8, "grb")
    plan = LightsPlan(kind=kind, count=8, first=first, clockwise=clockwise, order="grb")
    lamp = StripLamp(plan, chain)
    lamp.paint(tuple(Rgb(place / 8, 0.0, 0.0) for place in range(8)))
    step = 1 if clockwise else -1
    for place in range(8):
        assert chain.shown[(first + step * place) % 8].red == pytest.approx(place / 8, abs=0.01)


def test_the_chain_reads_its_wire_and_not_our_mind():
    chain = FakeChain("apa102", 20, "bgr")
    whole = apa102((Rgb(1.0, 0.5, 0.0),) * 20, "bgr")
    chain.write(whole[:-5])  # too few clocks at the end
    assert chain.shown[-1] == Rgb(0.0, 0.0, 0.0)
    chain.write(whole)
    assert rounded(chain.shown) == [(255, 128, 0)] * 20
    ring = FakeChain("ws2812", 2, "grb", speed_hz=5_000_000)  # pulses come out half as long
    ring.write(ws2812((Rgb(1.0, 1.0, 1.0),) * 2, "grb"))
    assert set(rounded(ring.shown)) == {(0, 0, 0)}


def test_lights_that_stop_answering_are_a_trouble_until_they_are_back(
    wire: Callable[[str], Wired],
):
    wired = wire("respeaker-4mic")
    wired.board.ring.show(Mood.THINKING)
    wired.chain.unplugged = True
    wired.pass_time(0.5)
    assert [trouble.part for trouble in wired.board.troubles] == ["lights"]
    wired.chain.unplugged = False
    wired.pass_time(RETRY_S + 1)
    assert wired.board.troubles == ()
    assert rounded(wired.chain.shown) == rounded(wired.board.ring.lights())


def test_missing_spi_leaves_the_button_working():
    def no_bus(bus: int, device: int, speed_hz: int) -> FakeChain:
        raise HardwareError(f"/dev/spidev{bus}.{device} is missing: write dtparam=spi=on")

    factory, seen = MockFactory(pin_class=MockPWMPin), []
    profile = load_profile("respeaker-2mic")
    with GpioBoard(profile, "mock", VirtualClock(), factory=factory, open_bus=no_bus) as board:
        assert [trouble.part for trouble in board.troubles] == ["lights"]
        assert board.ring.count == 3
        board.open(seen.append)
        factory.pin(17).drive_low()
        for _ in range(3):
            board._clock.advance_to(board._clock.now_s() + TICK_S)
            board.tick()
    assert seen == [Button.TALK]


def test_a_bus_that_the_kernel_does_not_show_is_one_sentence():
    with pytest.raises(HardwareError) as caught:
        SpidevBus(6, 2, 1_000_000)
    assert "\n" not in str(caught.value)


def test_a_pin_that_somebody_holds_costs_that_part_only():
    factory = MockFactory(pin_class=MockPWMPin)
    other = gpiozero.InputDevice(17, pull_up=True, pin_factory=factory)
    with GpioBoard(profile_of_pins(PINS), "mock", VirtualClock(), factory=factory) as board:
        (trouble,) = board.troubles
        assert trouble.part == "talk"
        assert "no other program" in trouble.sentence
        other.close()


def test_a_mute_switch_that_bounces_for_a_second_is_shut_all_the_while(
    wire: Callable[[str], Wired],
):
    wired, seen = wire("generic-gpio"), []
    wired.board._sink = seen.append
    mute = wired.factory.pin(27)
    for n in range(60):
        mute.drive_low() if n % 2 == 0 else mute.drive_high()
        wired.pass_time(TICK_S)
        assert wired.board.muted
    assert seen == [Button.MUTE_ON]
    assert [trouble.part for trouble in wired.board.troubles] == ["mute"]
    wired.pass_time(1.0)
    assert seen == [Button.MUTE_ON, Button.MUTE_OFF]
    assert wired.board.troubles == ()


def test_a_jammed_button_is_named(wire: Callable[[str], Wired]):
    wired = wire("ws2812-ring")
    wired.factory.pin(17).drive_low()
    wired.pass_time(31.0)
    assert [trouble.part for trouble in wired.board.troubles] == ["talk"]
    assert "pin 17" in wired.board.troubles[0].sentence
    wired.factory.pin(17).drive_high()
    wired.pass_time(0.1)
    assert wired.board.troubles == ()


def test_turning_the_knob_steps_the_volume(wire: Callable[[str], Wired]):
    wired, seen = wire("ws2812-ring"), []
    wired.board._sink = seen.append
    a, b = wired.factory.pin(5), wired.factory.pin(6)

    def click(first: object, second: object) -> None:
        for pin, low in ((first, True), (second, True), (first, False), (second, False)):
            pin.drive_low() if low else pin.drive_high()

    click(a, b)
    click(a, b)
    click(b, a)
    wired.pass_time(TICK_S)
    assert sorted(each.value for each in seen) == ["volume_down", "volume_up", "volume_up"] or (
        sorted(each.value for each in seen) == ["volume_down", "volume_down", "volume_up"]
    )


@pytest.mark.parametrize("pull", ["up", "down", "none"])
@pytest.mark.parametrize("closed_is", ["low", "high"])
def test_every_way_to_wire_a_contact(pull: str, closed_is: str):
    factory, clock = MockFactory(pin_class=MockPWMPin), VirtualClock()
    profile = Profile("x", "x", mute=Contact(4, pull=pull, closed_is=closed_is))
    with GpioBoard(profile, "mock", clock, factory=factory) as board:
        pin = factory.pin(4)
        opened, closed = pin.drive_high, pin.drive_low
        if closed_is == "high":
            opened, closed = closed, opened
        opened()
        assert board.muted is False
        closed()
        assert board.muted is True
