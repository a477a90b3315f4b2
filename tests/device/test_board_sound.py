"""A board's own card is used unless the configuration names another."""

from __future__ import annotations

from pathlib import Path

import pytest

from audio.settings import AudioSettings
from device.board_sound import audio_of
from device.config import Settings
from hal.settings import BoardSettings

PROFILE = """
id = "box"
title = "Box"
[sound]
input_card = "near"
output_card = "far"
input_channel = 2
native_rates_hz = [48000, 16000]
"""


@pytest.mark.parametrize(
    ("said", "used"),
    [
        (AudioSettings(), ("near", "far", 2, (48_000, 16_000))),
        (AudioSettings(input_card="mine"), ("mine", "far", 0, ())),
        (AudioSettings(output_card="mine"), ("near", "mine", 2, (48_000, 16_000))),
        (AudioSettings(input_channel=1), ("near", "far", 1, (48_000, 16_000))),
        (AudioSettings(card_rates_hz=(44_100,)), ("near", "far", 2, (44_100,))),
    ],
)
def test_what_the_configuration_leaves_open_is_the_board_s(
    tmp_path: Path, said: AudioSettings, used: tuple[str, str, int, tuple[int, ...]]
):
    profile = tmp_path / "box.toml"
    profile.write_text(PROFILE, encoding="utf-8")
    audio = audio_of(Settings(audio=said, board=BoardSettings(profile=str(profile))))
    found = (audio.input_card, audio.output_card, audio.input_channel, audio.card_rates_hz)
    assert found == used


@pytest.mark.parametrize("profile", ["", "simulated", "no-such-board"])
def test_without_a_board_s_card_nothing_changes(profile: str):
    settings = Settings(audio=AudioSettings(), board=BoardSettings(profile=profile))
    assert audio_of(settings) == settings.audio
