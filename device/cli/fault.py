"""``myna fault``: what is left when the speaker cannot be started: lights and one sentence.

systemd starts it when `myna run` has failed too often. Each part is tried by itself, so that a
broken voice leaves the lights and a broken board the voice.
"""

from __future__ import annotations

import argparse
import logging
import signal
import threading

import numpy as np

from core.errors import ConfigError, SpeakerError
from device import journal
from device.announcements import Announcement, line
from device.app import make_card
from device.cli.options import add_config
from device.config import Settings, load_settings
from device.notify import ServiceManager
from hal.factory import make_board_or_stand_in
from hal.ports import Mood

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_config(parser)
    parser.add_argument("--once", action="store_true", help="end after the sentence")


def run(args: argparse.Namespace) -> int:
    """Show the fault until told to stop; 1 when nobody could see or hear it."""
    journal.configure()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    settings = settings_or_defaults(args)
    manager = ServiceManager()
    board = make_board_or_stand_in(settings.board)
    try:
        board.open(lambda _button: None)
        board.ring.show(Mood.FAULT)
        manager.ready()
        manager.status("the speaker could not be started; see journalctl -u myna")
        # A card is opened both ways, and a muted microphone is not opened, not even for this.
        said = not board.muted and say(settings)
        if not args.once:
            stopping.wait()
    finally:
        board.close()
    return 0 if said or not board.troubles else 1


def settings_or_defaults(args: argparse.Namespace) -> Settings:
    """The configuration, or what can be had without: it may be what is wrong."""
    try:
        return load_settings(args.config)
    except ConfigError as error:
        log.error("the configuration is wrong: problems=%d", len(error.problems))
        return Settings()


def say(settings: Settings) -> bool:
    """Say the sentence aloud once; returns whether that worked."""
    from device.cli.say import play
    from dialog.factory import build_voice
    from provisioning.models import speech_models

    sentence = line(Announcement.FAULT, settings.device.language)
    try:
        voice = build_voice(settings.voice, speech_models())
        try:
            play(make_card(settings), np.concatenate(list(voice.speak(sentence))))
        finally:
            voice.close()
    except (SpeakerError, ImportError, OSError) as error:
        log.error("the fault could not be said: error=%s", type(error).__name__)
        return False
    return True
