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
"""


@pytest.mark.parametrize(
    ("said", "used"),
    [
        (AudioSettings(), ("near", "far", 2)),
        (AudioSettings(input_card="mine"), ("mine", "far", 0)),
        (AudioSettings(output_card="mine"), ("near", "mine", 2)),
        (AudioSettings(input_channel=1), ("near", "far", 1)),
    ],
)
def test_what_the_configuration_leaves_open_is_the_board_s(
    tmp_path: Path, said: AudioSettings, used: tuple[str, str, int]
):
    profile = tmp_path / "box.toml"
    profile.write_text(PROFILE, encoding="utf-8")
    audio = audio_of(Settings(audio=said, board=BoardSettings(profile=str(profile))))
    assert (audio.input_card, audio.output_card, audio.input_channel) == used


@pytest.mark.parametrize("profile", ["", "simulated", "no-such-board"])
def test_without_a_board_s_card_nothing_changes(profile: str):
    settings = Settings(audio=AudioSettings(), board=BoardSettings(profile=profile))
    assert audio_of(settings) == settings.audio
