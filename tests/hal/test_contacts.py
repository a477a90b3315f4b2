"""Contacts over time, hand by hand: bouncing, double, held, stuck."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hal.contacts import STUCK_S, UNMUTE_SETTLE_S, Debounced, Stepper, TalkButton
from hal.ports import Button

TICK_S = 0.02
COUNTDOWN = [
    Button.RESET_IN_5,
    Button.RESET_IN_4,
    Button.RESET_IN_3,
    Button.RESET_IN_2,
    Button.RESET_IN_1,
]


def held_for(button: TalkButton | Stepper, held_s: float, start_s: float = 0.0) -> list[Button]:
    """What comes of a press of this length, the release included."""
    ticks = round(held_s / TICK_S)
    events = [e for n in range(ticks) for e in button.look(True, start_s + n * TICK_S)]
    return events + button.look(False, start_s + held_s)


def test_a_press_is_told_at_once_and_once():
    assert held_for(TalkButton(), 0.1) == [Button.TALK]
    assert held_for(TalkButton(), 2.9) == [Button.TALK]


def test_a_second_press_soon_after_is_a_double_one():
    button = TalkButton()
    assert held_for(button, 0.1, 0.0) == [Button.TALK]
    assert held_for(button, 0.1, 0.3) == [Button.DOUBLE]
    assert held_for(button, 0.1, 0.6) == [Button.TALK]
    assert held_for(button, 0.1, 1.2) == [Button.TALK]


def test_held_three_seconds_and_let_go_pairs():
    assert held_for(TalkButton(), 3.5) == [Button.TALK, Button.PAIR_OFFERED, Button.PAIR]


def test_a_reset_is_counted_down_and_may_be_called_off():
    called_off = held_for(TalkButton(), 8.5)
    assert called_off == [
        Button.TALK,
        Button.PAIR_OFFERED,
        *COUNTDOWN[:4],
        Button.RESET_CALLED_OFF,
    ]


def test_held_ten_seconds_resets():
    events = held_for(TalkButton(), 10.5)
    assert events == [Button.TALK, Button.PAIR_OFFERED, *COUNTDOWN, Button.RESET]


def test_the_countdown_is_a_second_a_number():
    button = TalkButton()
    at_s = {}
    for n in range(600):
        for event in button.look(True, n * TICK_S):
            at_s[event] = round(n * TICK_S, 6)
    assert [at_s[event] for event in COUNTDOWN] == [5.0, 6.0, 7.0, 8.0, 9.0]
    assert at_s[Button.RESET] == 10.0


def test_a_button_held_for_an_hour_is_stuck_and_resets_once():
    button = TalkButton()
    events = [e for n in range(7200) for e in button.look(True, n * 0.5)]
    assert events.count(Button.RESET) == 1
    assert button.stuck
    assert button.look(False, 3600.0) == []
    assert not button.stuck
    assert button.look(True, 3700.0) == [Button.TALK]


@given(st.lists(st.tuples(st.booleans(), st.floats(0.001, 4.0)), max_size=60))
def test_whatever_a_hand_does_a_reset_takes_ten_seconds(moves: list[tuple[bool, float]]):
    button = TalkButton()
    now_s, pressed_s = 0.0, None
    for closed, pause_s in moves:
        now_s += pause_s
        if not closed:
            pressed_s = None
        elif pressed_s is None:
            pressed_s = now_s
        if Button.RESET in button.look(closed, now_s):
            assert pressed_s is not None
            assert now_s - pressed_s >= 10.0


def test_a_volume_button_repeats_while_held_and_not_for_ever():
    up = Button.VOLUME_UP
    assert held_for(Stepper(up), 0.1) == [up]
    assert held_for(Stepper(up), 1.0) == [up] * 4
    button = Stepper(up)
    events = [e for n in range(30_000) for e in button.look(True, n * TICK_S)]
    assert button.stuck
    assert len(events) <= 1 + STUCK_S / Stepper.NEXT_S


def test_a_change_counts_once_it_has_lasted():
    contact = Debounced(0.02)
    levels = [(0.0, True), (0.005, False), (0.01, True), (0.025, True), (0.031, True)]
    assert [contact.look(level, at_s) for at_s, level in levels] == [False] * 4 + [True]


def test_a_mute_switch_shuts_with_the_first_sign_and_opens_only_at_rest():
    switch = Debounced(UNMUTE_SETTLE_S, close_at_once=True)
    assert switch.look(True, 0.0) is True
    # It bounces for a whole second: all that time it counts as shut.
    shut = [switch.look(n % 2 == 0, n * 0.01) for n in range(1, 101)]
    assert all(shut)
    assert switch.bouncing(1.01)
    assert switch.look(False, 1.02) is True
    assert switch.look(False, 1.02 + UNMUTE_SETTLE_S) is False
    assert not switch.bouncing(1.5)


@given(st.lists(st.tuples(st.booleans(), st.floats(0.001, 0.2)), min_size=1, max_size=80))
def test_a_switch_at_rest_counts_as_it_stands(moves: list[tuple[bool, float]]):
    switch = Debounced(UNMUTE_SETTLE_S, close_at_once=True)
    now_s = 0.0
    for closed, pause_s in moves:
        now_s += pause_s
        counted = switch.look(closed, now_s)
        assert counted or not closed  # closed is never taken for open
    last = moves[-1][0]
    assert switch.look(last, now_s + UNMUTE_SETTLE_S + 0.001) is last
