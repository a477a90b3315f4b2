"""The sound card that comes with the board, where the configuration names none."""

from __future__ import annotations

import dataclasses

from audio.settings import AudioSettings
from core.errors import HardwareError
from device.config import Settings
from hal.factory import profile_of


def audio_of(settings: Settings) -> AudioSettings:
    """``[audio]``; what it leaves open is taken from the ``[sound]`` of a named profile.

    The channel and the rates are the profile's only where its microphone is used, too. A profile
    that cannot be read changes nothing: the board itself says so.
    """
    audio = settings.audio
    if not settings.board.profile:
        return audio
    try:
        sound = profile_of(settings.board).sound
    except HardwareError:
        return audio
    if not audio.input_card and sound.input_card:
        audio = dataclasses.replace(
            audio,
            input_card=sound.input_card,
            input_channel=audio.input_channel or sound.input_channel,
            card_rates_hz=audio.card_rates_hz or sound.native_rates_hz,
        )
    if not audio.output_card:
        audio = dataclasses.replace(audio, output_card=sound.output_card)
    return audio
