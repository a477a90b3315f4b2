"""What a ring shows over time: fades, dwelling, dimming, and several parts wanting the lights."""

from __future__ import annotations

import itertools

import pytest

from core.clock import VirtualClock
from hal import patterns
from hal.glow import DWELL_S, Glow
from hal.layers import AT_REST, ORDER, LayeredRing
from hal.ports import Lights, Mood
from hal.simulated import SimulatedRing
from tests.hal.test_patterns import flashes, most_in_a_second


def test_a_mood_fades_in():
    clock = VirtualClock()
    glow = Glow(clock, 12)
    clock.advance_to(1.0)
    before = glow.lights()
    glow.show(Mood.LISTENING)
    assert glow.lights() == before
    clock.advance_to(1.0 + patterns.FADE_S / 2)
    half = glow.lights()[6].green
    clock.advance_to(1.25)
    assert 0 < half < glow.lights()[6].green
    assert glow.lights() == patterns.lights(Mood.LISTENING, 0.25, 0.0)


def test_moods_that_change_faster_than_eyes_do_not_flash():
    """Bright and dark moods in turn, ten times a second for 10 s."""
    clock = VirtualClock()
    glow = Glow(clock, 12)
    shown: list[Lights] = []
    for n in range(1000):
        clock.advance_to(n * 0.01)
        if n % 5 == 0:
            glow.show(Mood.LISTENING if n % 10 else Mood.ASLEEP)
        shown.append(glow.lights())
    for place in range(12):
        one = [patterns.relative_luminance(ring[place]) for ring in shown]
        assert most_in_a_second(flashes(one)) <= patterns.FLASHES_PER_S


def test_the_mood_asked_for_last_is_what_remains():
    clock = VirtualClock()
    glow = Glow(clock, 12)
    for mood in (Mood.WAKING, Mood.SPEAKING, Mood.LISTENING):
        glow.show(mood)
    assert glow.mood is Mood.LISTENING
    clock.advance_to(DWELL_S)
    glow.lights()
    clock.advance_to(DWELL_S + 0.25)
    assert glow.lights() == patterns.lights(Mood.LISTENING, 0.25, 0.0)


def test_the_volume_bar_moves_to_where_it_is_set():
    clock = VirtualClock()
    glow = Glow(clock, 12)
    glow.amount(1.0)
    glow.show(Mood.VOLUME)
    clock.advance_to(1.0)
    assert glow.lights() == patterns.lights(Mood.VOLUME, 1.0, 1.0)
    glow.amount(0.5)
    clock.advance_to(1.5)
    assert glow.lights() == patterns.lights(Mood.VOLUME, 1.5, 0.75)
    clock.advance_to(3.0)
    assert glow.lights() == patterns.lights(Mood.VOLUME, 3.0, 0.5)


def test_dimming_scales_everything():
    clock = VirtualClock()
    glow = Glow(clock, 12)
    glow.show(Mood.MUTED)
    clock.advance_to(1.0)
    full = glow.lights()
    glow.dim(0.1)
    assert glow.lights() == patterns.dimmed(full, 0.1)


# --------------------------------------------------------------------- layers


def layered() -> tuple[VirtualClock, SimulatedRing, LayeredRing]:
    clock = VirtualClock()
    ring = SimulatedRing(clock)
    return clock, ring, LayeredRing(ring, clock)


def test_a_notice_lies_over_the_mood_and_leaves_it_again():
    _clock, ring, layers = layered()
    layers.show(Mood.LISTENING)
    layers.put_up(Mood.PAIRING)
    layers.show(Mood.SPEAKING)
    assert ring.mood is Mood.PAIRING
    layers.take_down(Mood.PAIRING)
    assert ring.mood is Mood.SPEAKING
    assert ring.moods == (Mood.LISTENING, Mood.PAIRING, Mood.SPEAKING)


def test_a_notice_for_a_time_ends_by_itself():
    clock, ring, layers = layered()
    layers.put_up(Mood.VOLUME, for_s=1.5)
    clock.advance_to(1.4)
    layers.level(-60.0)
    assert ring.mood is Mood.VOLUME
    clock.advance_to(1.5)
    layers.level(-60.0)
    assert ring.mood is Mood.ASLEEP
    assert layers.notices == frozenset()


def test_the_most_important_notice_is_seen():
    _clock, ring, layers = layered()
    for notice in reversed(ORDER):
        layers.put_up(notice)
        assert ring.mood is notice
    for gone, next_one in itertools.pairwise(ORDER):
        layers.take_down(gone)
        assert ring.mood is next_one


@pytest.mark.parametrize("notice", AT_REST)
def test_some_notices_wait_until_myna_rests(notice: Mood):
    _clock, ring, layers = layered()
    layers.put_up(notice)
    assert ring.mood is notice
    layers.show(Mood.LISTENING)
    assert ring.mood is Mood.LISTENING
    layers.show(Mood.ASLEEP)
    assert ring.mood is notice


def test_a_mood_of_the_conversation_is_no_notice():
    _clock, _ring, layers = layered()
    with pytest.raises(ValueError, match="listening is no notice"):
        layers.put_up(Mood.LISTENING)
