"""`myna doctor --board`: a board found by its signs, and each part proved with a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from audio.ports import AudioBackend
from core.clock import VirtualClock
from core.errors import DeviceLost
from device.doctor import Finding, State
from device.doctor_board import hat_product, propose, prove
from hal.ports import Button
from hal.profile import Profile, known_profiles, load_profile
from hal.simulated import SimulatedBoard


def no_card() -> AudioBackend:
    raise DeviceLost("there is no sound card; connect one")


def proved(profile: Profile, *, presses: bool = True, sees: bool = True) -> dict[str, Finding]:
    board = SimulatedBoard(VirtualClock(), count=max(1, profile.lights.count))
    does = {
        "press the talk button once": (Button.VOLUME_UP, Button.TALK),
        "move the mute switch": (Button.MUTE_ON,),
        "make it louder by one step": (Button.VOLUME_UP,),
        "make it quieter by one step": (Button.VOLUME_DOWN,),
    }

    def tell(what: str) -> None:
        for button in does.get(what, ()) if presses else ():
            board.press(button)

    found = prove(board, profile, no_card, ask=lambda _: sees, tell=tell, within_s=0.01)
    return {each.name: each for each in found}


@pytest.mark.parametrize(
    ("cards", "hat", "ids"),
    [
        (["ArrayUAC10: USB Audio"], "", ["usb-array"]),
        (["SEEED2MICVOICEC"], "", ["respeaker-2mic"]),
        ([], "Voice Bonnet", ["aiy-voice-bonnet"]),
        (["ArrayUAC10"], "Voice Bonnet", ["aiy-voice-bonnet", "usb-array"]),
        (["HDA Intel PCH"], "", []),
    ],
)
def test_a_board_is_known_by_its_signs(cards: list[str], hat: str, ids: list[str]):
    assert [each.id for each in propose(known_profiles().values(), cards, hat)] == ids


def test_a_hat_says_what_it_is(tmp_path: Path):
    (tmp_path / "product").write_bytes(b"Voice Bonnet\0")
    assert hat_product(tmp_path / "product") == "Voice Bonnet"
    assert hat_product(tmp_path / "none") == ""


def test_every_part_that_the_profile_names_is_proved():
    found = proved(load_profile("ws2812-ring"))
    assert list(found) == ["talk", "mute", "volume_up", "volume_down", "lights", "sound"]
    states = [each.state for each in found.values()]
    assert states == [State.OK] * 5 + [State.FAILED]


def test_a_part_that_the_board_lacks_is_not_asked_for():
    assert list(proved(load_profile("respeaker-4mic"))) == ["lights", "sound"]


def test_a_dead_button_and_dark_lights_are_named_with_a_remedy():
    found = proved(load_profile("respeaker-2mic"), presses=False, sees=False)
    assert found["talk"].state is found["lights"].state is State.FAILED
    assert "[talk]" in found["talk"].remedy
    assert "[lights]" in found["lights"].remedy
