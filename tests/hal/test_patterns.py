"""The lights as pure functions: soft, never flashing, and told apart without seeing colour."""

from __future__ import annotations

import itertools
import math

import pytest

from hal import patterns
from hal.ports import Lights, Mood, Rgb

STEP_S = 0.01
SPAN_S = 24.0  # a whole number of every pattern's periods, or many of them
TIMES_S = [n * STEP_S for n in range(int(SPAN_S / STEP_S))]


def shouting(t_s: float) -> float:
    """The worst voice: silence and shouting in turn, every 30 ms."""
    return patterns.LOUD_DBFS if int(t_s / 0.03) % 2 else patterns.QUIET_DBFS


def frames(mood: Mood, count: int = patterns.RING_COUNT) -> list[Lights]:
    loudness = 0.0
    shown = []
    for t_s in TIMES_S:
        loudness = patterns.followed(loudness, patterns.loudness(shouting(t_s)), STEP_S)
        shown.append(patterns.lights(mood, t_s, loudness, count))
    return shown


def flashes(luminances: list[float]) -> list[int]:
    """Frames at which a rise of a tenth or more has been followed by a fall of a tenth or more."""
    found: list[int] = []
    low = high = luminances[0]
    risen = False
    for index, value in enumerate(luminances):
        low, high = min(low, value), max(high, value)
        if not risen and value - low >= 0.1:
            risen, high = True, value
        elif risen and high - value >= 0.1:
            risen, low = False, value
            found.append(index)
    return found


def most_in_a_second(events: list[int]) -> int:
    per_s = round(1 / STEP_S)
    return max((sum(e <= other < e + per_s for other in events) for e in events), default=0)


def test_the_flash_counter_counts():
    # 5 Hz between dark and full: five pairs of opposing changes in a second.
    blinking = [0.5 - 0.5 * math.cos(2 * math.pi * 5 * t) for t in TIMES_S[:300]]
    assert most_in_a_second(flashes(blinking)) == 5
    assert flashes([0.3] * 500) == []
    small = [0.5 + 0.049 * math.cos(2 * math.pi * 5 * t) for t in TIMES_S[:300]]
    assert flashes(small) == []


@pytest.mark.parametrize("mood", Mood)
@pytest.mark.parametrize("count", [1, 12, 16])
def test_light_is_soft(mood: Mood, count: int):
    for shown in frames(mood, count)[::7]:
        assert len(shown) == count
        for light in shown:
            for part in (light.red, light.green, light.blue):
                assert 0.0 <= part <= patterns.BRIGHTEST


@pytest.mark.parametrize("mood", Mood)
def test_nothing_flashes_more_than_three_times_a_second(mood: Mood):
    shown = frames(mood)
    for place in range(patterns.RING_COUNT):
        one = [patterns.relative_luminance(ring[place]) for ring in shown]
        assert most_in_a_second(flashes(one)) <= patterns.FLASHES_PER_S
    whole = [sum(map(patterns.relative_luminance, ring)) / len(ring) for ring in shown]
    assert most_in_a_second(flashes(whole)) <= patterns.FLASHES_PER_S


@pytest.mark.parametrize("mood", [mood for mood in Mood if mood is not Mood.ASLEEP])
@pytest.mark.parametrize("count", [1, 12])
def test_every_mood_but_sleep_can_be_seen(mood: Mood, count: int):
    brightest = max(max(map(_brightness, ring)) for ring in frames(mood, count))
    assert brightest >= 0.2


def test_asleep_is_a_night_light():
    assert all(_brightness(light) <= 0.06 for ring in frames(Mood.ASLEEP) for light in ring)
    assert any(_brightness(light) > 0.01 for ring in frames(Mood.ASLEEP) for light in ring)


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(Mood, 2)))
def test_moods_differ_in_motion_without_colour(one: Mood, other: Mood):
    """Best fit of one over the other, at any shift in time, still leaves a plain difference."""
    fields = [_grey_field(mood) for mood in (one, other)]
    assert _smallest_difference(*fields) > 0.1


def test_the_measure_of_difference_finds_a_shifted_copy():
    field = _grey_field(Mood.SPEAKING)
    assert _smallest_difference(field, field[5:] + field[:5]) < 0.01


def test_only_listening_follows_the_voice():
    for mood in Mood:
        quiet, loud = (patterns.lights(mood, 1.0, level) for level in (0.0, 1.0))
        assert (quiet != loud) == (mood is Mood.LISTENING)


def test_loudness_follows_no_faster_than_it_may():
    assert patterns.followed(0.0, 1.0, 0.1) == pytest.approx(0.18)
    assert patterns.followed(0.5, 0.45, 0.1) == 0.45
    assert patterns.followed(1.0, 0.0, 10.0) == 0.0
    assert patterns.followed(0.3, 1.0, -1.0) == 0.3


@pytest.mark.parametrize(
    ("dbfs", "expected"),
    [(-math.inf, 0.0), (-50.0, 0.0), (-32.5, 0.5), (-15.0, 1.0), (0.0, 1.0), (math.nan, 0.0)],
)
def test_loudness_of_a_level(dbfs: float, expected: float):
    assert patterns.loudness(dbfs) == expected


@pytest.mark.parametrize(
    ("t_s", "loudness", "count"), [(-0.1, 0, 12), (math.nan, 0, 12), (0, 1.1, 12), (0, 0, 0)]
)
def test_senseless_arguments_are_refused(t_s: float, loudness: float, count: int):
    with pytest.raises(ValueError, match="no ring of"):
        patterns.lights(Mood.ASLEEP, t_s, loudness, count)


def test_every_mood_says_what_it_does():
    sentences = [patterns.meaning(mood) for mood in Mood]
    assert all(sentences)
    assert len(set(sentences)) == len(Mood)


def _brightness(light: Rgb) -> float:
    return max(light.red, light.green, light.blue)


def _grey_field(mood: Mood) -> list[list[float]]:
    """Brightness per 0.1 s and light over 8 s after the start, the brightest being 1."""
    rings = [patterns.lights(mood, 1.0 + n * 0.1, 0.0) for n in range(80)]
    field = [[_brightness(light) for light in ring] for ring in rings]
    peak = max(map(max, field))
    return [[value / peak for value in ring] for ring in field]


def _smallest_difference(one: list[list[float]], other: list[list[float]]) -> float:
    """The mean difference of two fields at the shift in time (up to 4 s) that fits best."""
    window = 40
    return min(
        sum(
            abs(a - b)
            for left, right in zip(one[:window], other[shift : shift + window], strict=True)
            for a, b in zip(left, right, strict=True)
        )
        / (window * len(one[0]))
        for shift in range(40)
    )
