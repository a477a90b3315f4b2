"""The board that a label names reaches the settings; a configuration that has decided stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import ConfigError
from device.board_of_bench import naming_board
from device.config import Settings, parse_settings

SHIPPED = (Path(__file__).parents[2] / "systemd/myna.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    [
        SHIPPED,
        "",
        '[audio]\nbackend = "room"',
        "[board]   # the box\ntalk_pin = 17\n[audio]\n",
    ],
)
def test_the_settings_then_name_it_and_nothing_else_changes(text: str) -> None:
    named = parse_settings(naming_board(text, "respeaker-2mic"))
    assert named.board.profile == "respeaker-2mic"
    before = parse_settings(text)
    assert before.board.profile == ""
    assert (named.audio, named.board.talk_pin) == (before.audio, before.board.talk_pin)


@pytest.mark.parametrize(
    "text", ['[board]\nprofile = "ring"\n', '[board]\nprofile = ""\n', "[board\nprofile ="]
)
def test_what_is_decided_or_broken_stays_as_it_is(text: str) -> None:
    assert naming_board(text, "respeaker-2mic") == text


def test_no_name_changes_nothing() -> None:
    assert naming_board(SHIPPED, "") == SHIPPED
    assert parse_settings(SHIPPED) == Settings()


def test_a_strange_name_stays_a_text() -> None:
    strange = 'a"\n[cloud]\nx = "'
    assert parse_settings(naming_board("", strange)).board.profile == strange
    with pytest.raises(ConfigError):
        parse_settings("[cloud]\nx = 1\n")
