"""Board profiles: packaged ones are sound, mistakes are all told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import HardwareError
from hal.led_class import KernelLight
from hal.ports import Rgb
from hal.profile import Contact, known_profiles, load_profile, parse_profile

BOARDS = {
    "aiy-voice-bonnet",
    "generic-gpio",
    "respeaker-2mic",
    "respeaker-4mic",
    "simulated",
    "usb-array",
    "ws2812-ring",
}


def test_the_boards_we_know_are_sound():
    known = known_profiles()
    assert set(known) == BOARDS
    for profile in known.values():
        assert profile.title
        assert -60 <= profile.volume.limit_db <= 0


def test_no_two_boards_are_known_by_the_same_sign():
    signs = [sign for profile in known_profiles().values() for sign in profile.signs.cards]
    assert len(signs) == len(set(signs))


def test_every_board_is_described():
    page = (Path(__file__).parents[2] / "docs" / "boards.md").read_text(encoding="utf-8")
    for board in BOARDS:
        assert f"`{board}`" in page


def test_a_profile_of_ones_own(tmp_path: Path):
    file = tmp_path / "mine.toml"
    file.write_text(
        'id = "mine"\ntitle = "Mine"\n[talk]\npin = 4\npull = "down"\nclosed_is = "high"\n',
        encoding="utf-8",
    )
    assert load_profile(str(file)).talk == Contact(4, "down", "high", 20)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id = 3", "id: 3 is not of type 'string'"),
        ("id = ", "is not TOML"),
        ('title = "x"', "'id' is a required property"),
        ('id = "ab"\ntitle = "x"\n[talk]\npin = 28', "talk.pin: 28 is greater than the maximum"),
        ('id = "ab"\ntitle = "x"\n[talc]\npin = 2', "('talc' was unexpected)"),
        (
            'id = "ab"\ntitle = "x"\n[talk]\npin = 5\n[mute]\npin = 5',
            "mute and talk are both pin 5; give each its own",
        ),
        (
            'id = "ab"\ntitle = "x"\n[talk]\npin = 10\n[lights]\nkind = "apa102"\ncount = 3',
            "lights SPI 0 and talk are both pin 10",
        ),
        (
            'id = "ab"\ntitle = "x"\n[lights]\nkind = "ws2812"\ncount = 3\nfirst = 3',
            "lights.first is 3, of 3 lights",
        ),
        ('id = "ab"\ntitle = "x"\n[volume]\ncurve_db = [-3, -6]', "has to grow"),
        ('id = "ab"\ntitle = "x"\n[volume]\nup = { pin = 3 }', "'down' is a dependency of 'up'"),
        (
            'id = "ab"\ntitle = "x"\n[volume]\n'
            'encoder_a = { pin = 3, pull = "down" }\nencoder_b = { pin = 4 }',
            "encoder closes to ground",
        ),
    ],
)
def test_a_mistake_is_named(text: str, sentence: str):
    with pytest.raises(HardwareError) as caught:
        parse_profile(text, "mine.toml")
    assert sentence in str(caught.value)
    assert str(caught.value).startswith("mine.toml: ")
    assert caught.value.code == "hal.no_profile"


def test_all_mistakes_are_told_at_once():
    with pytest.raises(HardwareError) as caught:
        parse_profile('id = "A"\ntitle = ""\n[talk]\npin = 99', "f")
    assert str(caught.value).count("f: ") == 3


def test_a_profile_that_is_not_there_is_one_sentence(tmp_path: Path):
    with pytest.raises(HardwareError, match=r"no board is called toaster; .*respeaker-2mic"):
        load_profile("toaster")
    with pytest.raises(HardwareError, match="cannot be read"):
        load_profile(str(tmp_path / "none.toml"))


# -------------------------------------------------------------- the kernel's lights


def led(folder: Path, name: str, full: int) -> Path:
    (folder / name).mkdir()
    (folder / name / "max_brightness").write_text(f"{full}\n", encoding="ascii")
    (folder / name / "brightness").write_text("7\n", encoding="ascii")
    return folder / name / "brightness"


def test_a_light_of_the_kernel_s_is_set_in_its_own_steps(tmp_path: Path):
    red, blue = led(tmp_path, "x:red", 255), led(tmp_path, "x:blue", 192)
    lamp = KernelLight(("x:red", "", "x:blue"), tmp_path)
    assert (red.read_text(), blue.read_text()) == ("0", "0")
    lamp.paint((Rgb(0.5, 1.0, 0.25),))
    assert (red.read_text(), blue.read_text()) == ("128", "48")
    red.write_text("untouched", encoding="ascii")
    lamp.paint((Rgb(0.5, 0.0, 0.5),))
    assert (red.read_text(), blue.read_text()) == ("untouched", "96")
    lamp.close()
    assert blue.read_text() == "0"


def test_a_light_that_the_kernel_does_not_show_is_one_sentence(tmp_path: Path):
    with pytest.raises(HardwareError, match="is its driver loaded"):
        KernelLight(("x:red", "", ""), tmp_path)
