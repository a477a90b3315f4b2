"""A whole session, logged as loudly as can be: nothing said, no name and no secret in it."""

from __future__ import annotations

import dataclasses
import logging
import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from audio.virtual_room.scenario import load_scenario
from audio.virtual_room.voices import make_voice
from device import journal
from device.app import start_services
from device.config import Settings
from device.room_run import hold
from device.trace import Recorder
from provisioning.identity import new_identity

ROOM = Path(__file__).parents[1] / "room" / "happy-path.yaml"
NICKNAME = "Zebedee"
SHORTEST = 2
"""Words in a row of what was said; a single one (``again``) may be a word of the log's own."""


def texts(recorder: Recorder) -> set[str]:
    """All that either side said, or was expected to say, in plain words."""
    found = set()
    for entry in recorder.entries:
        for value in entry.data.values():
            for text in value if isinstance(value, tuple) else (value,):
                if isinstance(text, str) and len(text.split()) >= SHORTEST:
                    found.add(plain(text))
    return found


def plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.casefold()))


@pytest.mark.slow
def test_a_session_leaves_nothing_private_in_the_log(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    journal.configure()
    settings = Settings()
    settings = dataclasses.replace(
        settings, lessons=dataclasses.replace(settings.lessons, children=(NICKNAME,))
    )
    recorder = Recorder()
    with ExitStack() as stack:
        services = start_services(settings, stack)
        hold(load_scenario(ROOM), settings, services, voice=make_voice(), watchers=[recorder])
    out, err = capfd.readouterr()
    logged = caplog.text + out + err
    said = texts(recorder)
    assert len(said) > 5, "nobody said anything: this proves nothing"
    assert "worker ready" in logged, "nothing was logged: this proves nothing"
    words = plain(logged)
    leaked = [text for text in said if f" {text} " in f" {words} "]
    assert leaked == []
    assert NICKNAME.casefold() not in logged.casefold()


def test_secrets_do_not_show_themselves() -> None:
    identity = new_identity()
    assert identity.setup_password not in repr(identity)
    assert identity.setup_password not in f"{identity}"
