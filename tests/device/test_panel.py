"""The front of the box: muting, volume, pairing, reset, night."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import VirtualClock
from core.errors import StoreError
from device.announcements import Announcement, line
from device.mute import Mute
from device.panel import NightLight, Panel, is_night
from device.volume import Volume
from dialog.ports import Language, Line
from hal.layers import LayeredRing
from hal.ports import Button, Mood
from hal.profile import DEFAULT_CURVE_DB
from hal.simulated import SimulatedRing


class Gain:
    """What is as loud as it is told."""

    volume_db = 0.0


class Front:
    """A panel and everything that it works."""

    def __init__(
        self, *, by_switch: bool = False, folder: Path | None = None, able: bool = True
    ) -> None:
        self.clock = VirtualClock()
        self.ring = SimulatedRing(self.clock)
        self.gain = Gain()
        self.did: list[object] = []
        self.layers = LayeredRing(self.ring, self.clock)
        self.panel = Panel(
            ring=self.layers,
            volume=Volume(self.gain, DEFAULT_CURVE_DB, limit_db=0.0, start_db=-9.0),
            mute=Mute(by_switch, folder),
            press=lambda: self.did.append("press"),
            mute_conversation=self.did.append,
            say=self.say,
            language="en",
            pair=(lambda: self.did.append("pair")) if able else None,
            reset=(lambda: self.did.append("reset")) if able else None,
        )

    def say(self, lines: tuple[Line, ...], _tag: int) -> None:
        self.did.append(lines[0].text)

    def press(self, *buttons: Button) -> list[object]:
        self.did.clear()
        for button in buttons:
            self.panel.pressed(button)
        return self.did


def text(announcement: Announcement) -> str:
    return line(announcement, "en").text


def test_the_switch_mutes_is_shown_and_unmuting_says_so():
    front = Front()
    assert front.press(Button.MUTE_ON) == [True]
    assert front.ring.mood is Mood.MUTED_BY_SWITCH
    assert front.press(Button.MUTE_OFF) == [False, text(Announcement.UNMUTED)]
    assert front.ring.mood is Mood.ASLEEP


def test_a_box_switched_on_muted_is_muted_before_anything_else():
    front = Front(by_switch=True)
    front.panel.start()
    assert front.did == [True]
    assert front.ring.mood is Mood.MUTED_BY_SWITCH
    assert front.press(Button.MUTE_ON) == []  # the board says so again when it is opened


def test_muting_by_parents_survives_a_restart_and_looks_different(tmp_path: Path):
    front = Front(folder=tmp_path)
    front.panel.start()
    assert front.did == []
    front.panel.mute_by_parents(True)
    assert front.did == [True]
    assert front.ring.mood is not Mood.MUTED_BY_SWITCH

    again = Front(folder=tmp_path)
    again.panel.start()
    assert again.did == [True]
    again.panel.mute_by_parents(False)
    assert again.did == [True, False, text(Announcement.UNMUTED)]
    assert Mute(False, tmp_path).muted is False


def test_the_switch_wins_over_the_parents_page(tmp_path: Path):
    front = Front(folder=tmp_path)
    assert front.press(Button.MUTE_ON) == [True]
    front.panel.mute_by_parents(True)
    front.panel.mute_by_parents(False)
    assert front.did == [True]
    front.panel.mute_by_parents(True)
    assert front.press(Button.MUTE_OFF) == []  # the parents' wish holds
    assert front.ring.mood is not Mood.MUTED_BY_SWITCH


def test_a_wish_that_cannot_be_kept_holds_and_says_so(tmp_path: Path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder", encoding="ascii")
    front = Front(folder=blocked)
    front.did.clear()
    with pytest.raises(StoreError, match="a restart forgets"):
        front.panel.mute_by_parents(True)
    assert Mute(False, blocked).muted is True  # what cannot be read is taken for muted


@given(st.lists(st.tuples(st.sampled_from(["switch", "page"]), st.booleans()), max_size=30))
def test_the_conversation_is_muted_exactly_while_anybody_wants_it(moves: list[tuple[str, bool]]):
    front = Front()
    wanted = {"switch": False, "page": False}
    muted = False
    for who, on in moves:
        front.did.clear()
        wanted[who] = on
        if who == "page":
            front.panel.mute_by_parents(on)
        else:
            front.panel.pressed(Button.MUTE_ON if on else Button.MUTE_OFF)
        told = [each for each in front.did if isinstance(each, bool)]
        assert told == ([] if any(wanted.values()) is muted else [not muted])
        muted = any(wanted.values())


def test_talk_and_double_are_pressed_through():
    assert Front().press(Button.TALK, Button.DOUBLE) == ["press", "press"]


def test_holding_pairs():
    front = Front()
    assert front.press(Button.PAIR_OFFERED) == [text(Announcement.PAIR_OFFERED)]
    assert front.ring.mood is Mood.PAIRING
    assert front.press(Button.PAIR) == ["pair"]


def test_a_reset_is_counted_down_aloud():
    front = Front()
    counted = [b for b in Button if b.value.startswith("reset_in")]
    said = front.press(*counted, Button.RESET)
    assert said == [*(text(Announcement[b.name]) for b in counted), "reset"]
    assert front.press(Button.RESET_CALLED_OFF) == [text(Announcement.RESET_CALLED_OFF)]


def test_what_the_box_cannot_do_is_not_offered():
    front = Front(able=False)
    assert front.press(*(b for b in Button if b.value.startswith(("pair", "reset")))) == []
    assert front.ring.mood is Mood.ASLEEP


def test_every_announcement_is_in_both_languages():
    for announcement in Announcement:
        assert line(announcement, "en").language is Language.ENGLISH
        assert line(announcement, "zh").language is Language.CHINESE
        assert line(announcement, "en").text.isascii()
        assert not line(announcement, "zh").text.isascii()


# --------------------------------------------------------------------- volume


def test_volume_buttons_step_and_show():
    front = Front()
    front.press(Button.VOLUME_UP)
    assert front.gain.volume_db == -6.0
    assert front.ring.mood is Mood.VOLUME
    front.press(Button.VOLUME_DOWN, Button.VOLUME_DOWN)
    assert front.gain.volume_db == -12.0
    front.clock.advance_to(2.0)
    front.layers.level(-60.0)
    assert front.ring.mood is Mood.ASLEEP


@given(st.lists(st.integers(-3, 3), max_size=40), st.floats(-60, 0))
def test_it_is_never_louder_than_allowed(moves: list[int], limit_db: float):
    gain = Gain()
    volume = Volume(gain, DEFAULT_CURVE_DB, limit_db=limit_db, start_db=0.0)
    for steps in moves:
        volume.change(steps)
        assert gain.volume_db <= max(limit_db, DEFAULT_CURVE_DB[0])
        assert 0.0 <= volume.share <= 1.0


def test_a_lower_limit_holds_at_once():
    gain = Gain()
    volume = Volume(gain, (-30.0, -20.0, -10.0, 0.0), limit_db=0.0, start_db=0.0)
    volume.allow(-15.0)
    assert gain.volume_db == -20.0
    assert volume.share == 1.0
    assert volume.change(1) is False
    gain.volume_db = -28.0  # asked for aloud meanwhile
    assert volume.change(1) is True
    assert gain.volume_db == -20.0


# ---------------------------------------------------------------------- night


@pytest.mark.parametrize(
    ("hour", "hours", "night"),
    [
        (20, (20, 7), True),
        (3, (20, 7), True),
        (7, (20, 7), False),
        (19, (20, 7), False),
        (13, (12, 14), True),
        (14, (12, 14), False),
        (3, (5, 5), False),
    ],
)
def test_the_hours_of_the_night(hour: int, hours: tuple[int, int], night: bool):
    assert is_night(datetime(2026, 5, 1, hour, tzinfo=UTC), hours) is night
    assert is_night(datetime(1970, 1, 1, hour, tzinfo=UTC), hours) is False


def test_a_clock_that_jumps_takes_the_lights_with_it():
    clock = VirtualClock(datetime(1970, 1, 1, 0, 0, tzinfo=UTC))
    ring = SimulatedRing(clock)
    layers = LayeredRing(ring, clock)
    now = datetime(1970, 1, 1, tzinfo=UTC).astimezone()

    class Wall:
        def now_s(self) -> float:
            return 0.0

        def wall(self) -> datetime:
            return now

    light = NightLight(layers, Wall(), share=0.1, hours=(20, 7))
    light.look()
    assert ring.mood is Mood.ASLEEP
    for now, mood in (  # noqa: B007 - Wall reads it
        (datetime(2026, 5, 1, 23).astimezone(), Mood.NIGHT),
        (datetime(2026, 5, 1, 12).astimezone(), Mood.ASLEEP),
        (datetime(2026, 5, 1, 23).astimezone(), Mood.NIGHT),
        (datetime(1970, 1, 1, 23).astimezone(), Mood.ASLEEP),
    ):
        light.look()
        assert ring.mood is mood
