"""The lights as pure functions: soft, never flashing, and told apart without seeing colour."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from hal import patterns
from hal.ports import Lights, Mood, Rgb

# Machado, Oliveira and Fernandes 2009, table 1 at severity 1.0, on linear sRGB; the first row of
# eyes sees all.
DICHROMATS = {
    "trichromat": np.eye(3),
    "protanope": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranope": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanope": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
SRGB_TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)
PLAINLY_DIFFERENT = 20.0
"""CIE76; about 2.3 is just noticeable, side by side and for surfaces. Lights are seen apart."""

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
        loudness = patterns.followed(mood, loudness, patterns.loudness(shouting(t_s)), STEP_S)
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


AT_NIGHT = (Mood.ASLEEP, Mood.NIGHT)


@pytest.mark.parametrize("mood", [mood for mood in Mood if mood not in AT_NIGHT])
@pytest.mark.parametrize("count", [1, 12])
def test_every_mood_but_sleep_can_be_seen(mood: Mood, count: int):
    brightest = max(max(map(_brightness, ring)) for ring in frames(mood, count))
    assert brightest >= 0.2


@pytest.mark.parametrize("mood", AT_NIGHT)
def test_asleep_is_a_night_light(mood: Mood):
    assert all(_brightness(light) <= 0.06 for ring in frames(mood) for light in ring)
    assert any(_brightness(light) > 0.01 for ring in frames(mood) for light in ring)


PAIRS = list(itertools.combinations(Mood, 2))


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_moods_differ_in_motion_without_colour(one: Mood, other: Mood):
    """Best fit of one over the other, at any shift in time, still leaves a plain difference."""
    assert _smallest_difference(_grey_field(one), _grey_field(other)) > 0.1


def test_the_measure_of_difference_finds_a_shifted_copy():
    field = _grey_field(Mood.SPEAKING)
    assert _smallest_difference(field, np.concatenate([field[5:], field[:5]])) < 0.01


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_few_lights_are_told_apart_by_any_eyes(one: Mood, other: Mood, count: int):
    """By their motion, or else by their colour as these eyes see it."""
    if _smallest_difference(_seen_field(one, count), _seen_field(other, count)) > 0.06:
        return
    for eyes in DICHROMATS:
        assert colour_difference(one, other, eyes) > PLAINLY_DIFFERENT, eyes


def test_colour_difference_is_cielab_s():
    # Sharma, Wu and Dalal 2005 give no CIE76 values; white to black is 100 by definition.
    white, black = Rgb(1, 1, 1), Rgb(0, 0, 0)
    assert _delta_e(white, black, "trichromat") == pytest.approx(100.0, abs=0.1)
    # Machado 2009: reds and greens of equal lightness fall together for a deuteranope.
    red, green = Rgb(0.5, 0.0, 0.0), Rgb(0.0, 0.17, 0.0)
    assert _delta_e(red, green, "deuteranope") < 0.35 * _delta_e(red, green, "trichromat")


@pytest.mark.parametrize("count", [1, 12])
def test_only_listening_and_volume_follow_an_amount(count: int):
    for mood in Mood:
        quiet, loud = (patterns.lights(mood, 1.0, level, count) for level in (0.0, 1.0))
        assert (quiet != loud) == (mood in {Mood.LISTENING, Mood.VOLUME})


def test_blending_and_dimming_are_linear():
    one, other = (Rgb(0.0, 0.2, 0.4),), (Rgb(0.4, 0.2, 0.0),)
    assert patterns.blended(one, other, 0.25) == (Rgb(0.1, 0.2, pytest.approx(0.3)),)
    assert patterns.blended(one, other, 0.0) == one
    assert patterns.blended(one, other, 1.0) == other
    assert patterns.dimmed(other, 0.5) == (Rgb(0.2, 0.1, 0.0),)
    assert patterns.dimmed(other, 1.0) == other


def test_loudness_follows_no_faster_than_it_may():
    voice, volume = Mood.LISTENING, Mood.VOLUME
    assert patterns.followed(voice, 0.0, 1.0, 0.1) == pytest.approx(0.18)
    assert patterns.followed(volume, 0.0, 1.0, 0.1) == pytest.approx(0.05)
    assert patterns.followed(voice, 0.5, 0.45, 0.1) == 0.45
    assert patterns.followed(voice, 1.0, 0.0, 10.0) == 0.0
    assert patterns.followed(voice, 0.3, 1.0, -1.0) == 0.3


@pytest.mark.parametrize(
    ("dbfs", "expected"),
    [(-math.inf, 0.0), (-50.0, 0.0), (-32.5, 0.5), (-15.0, 1.0), (0.0, 1.0), (math.nan, 0.0)],
)
def test_loudness_of_a_level(dbfs: float, expected: float):
    assert patterns.loudness(dbfs) == expected


@pytest.mark.parametrize(
    ("t_s", "amount", "count"), [(-0.1, 0, 12), (math.nan, 0, 12), (0, 1.1, 12), (0, 0, 0)]
)
def test_senseless_arguments_are_refused(t_s: float, amount: float, count: int):
    with pytest.raises(ValueError, match="no ring of"):
        patterns.lights(Mood.ASLEEP, t_s, amount, count)


def test_every_mood_says_what_it_does():
    sentences = [patterns.meaning(mood) for mood in Mood]
    assert all(sentences)
    assert len(set(sentences)) == len(Mood)


def _brightness(light: Rgb) -> float:
    return max(light.red, light.green, light.blue)


Field = NDArray[np.float64]  # brightness, shape (moments of 0.1 s, lights)


def _grey_field(mood: Mood) -> Field:
    """12 s of a ring from 1 s after the start on, the brightest being 1."""
    field = _field(mood, patterns.RING_COUNT, _brightness)
    return np.asarray(field / field.max())


def _seen_field(mood: Mood, count: int) -> Field:
    """12 s of a few lights: what the eye takes for its brightness, 1 being all that it gives."""
    return _field(
        mood,
        count,
        lambda light: (patterns.relative_luminance(light) / patterns.BRIGHTEST) ** (1 / 2.4),
    )


def _field(mood: Mood, count: int, measure: Callable[[Rgb], float]) -> Field:
    amount = 0.5 if mood is Mood.VOLUME else 0.0
    rings = [patterns.lights(mood, 1.0 + n * 0.1, amount, count) for n in range(120)]
    return np.array([[measure(light) for light in ring] for ring in rings])


def _smallest_difference(one: Field, other: Field) -> float:
    """The mean difference of two fields at the shift in time (up to 6 s) that fits best."""
    window = 60
    return min(
        float(np.abs(a[:window] - b[shift : shift + window]).mean())
        for a, b in ((one, other), (other, one))
        for shift in range(window)
    )


def colour_difference(one: Mood, other: Mood, eyes: str) -> float:
    """CIE76 difference of two moods' colours at full brightness, as these eyes see them."""
    return _delta_e(patterns.colour(one), patterns.colour(other), eyes)


def _delta_e(one: Rgb, other: Rgb, eyes: str) -> float:
    seen = [DICHROMATS[eyes] @ np.array([c.red, c.green, c.blue]) for c in (one, other)]
    return float(np.linalg.norm(_lab(seen[0]) - _lab(seen[1])))


def _lab(linear: Field) -> Field:
    """CIELAB (D65) of linear sRGB, IEC 61966-2-1 and CIE 15."""
    xyz = SRGB_TO_XYZ @ np.clip(linear, 0.0, 1.0) / (SRGB_TO_XYZ @ np.ones(3))
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])
