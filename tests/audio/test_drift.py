"""Two clocks are told from one, measured to a part in a million, and undone."""

from __future__ import annotations

import numpy as np
import pytest

from audio.drift import DelayLine, DriftMeter
from audio.echo_factory import make_canceller
from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ
from device.bench import acoustics, echo_signals

DELAY = 640


def measured_ppm(near: np.ndarray, far: np.ndarray) -> float:
    """What a meter makes of a recording whose far end was delayed by `DELAY`."""
    meter = DriftMeter()
    aligned = np.concatenate([np.zeros(DELAY), far])[: len(far)]
    for start in range(0, len(near) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        part = slice(start, start + FRAME_SAMPLES)
        meter.push(near[part].astype(np.float32), aligned[part].astype(np.float32), delay=DELAY)
    return 1e6 * meter.rate


def with_drift(far: np.ndarray, ppm: float) -> np.ndarray:
    """The microphone's side of an echo 4 ms behind the aligned far end, in a quiet room."""
    echo = echo_signals.echo_of(far, delay_samples=DELAY + 64)
    return acoustics.drifted(echo, ppm) + echo_signals.noise(len(far), seed=2)


@pytest.mark.parametrize("ppm", [-300.0, -50.0, 20.0, 150.0])
def test_drift_is_measured_within_five_seconds(ppm: float):
    # Where the microphone's clock is fast, the echo comes ever earlier in its samples.
    far = echo_signals.babble(5, seed=1)
    assert measured_ppm(with_drift(far, ppm), far) == pytest.approx(-ppm, abs=0.05 * abs(ppm) + 1)


def test_one_clock_is_taken_for_exactly_one():
    far = echo_signals.babble(8, seed=3)
    assert measured_ppm(with_drift(far, 0.0), far) == 0.0


def test_a_voice_as_loud_as_the_echo_does_not_mislead():
    far = echo_signals.babble(10, seed=1)
    voice = echo_signals.babble(10, seed=9)
    assert measured_ppm(with_drift(far, 100.0) + voice, far) == pytest.approx(-100.0, abs=5)
    assert measured_ppm(with_drift(far, 0.0) + voice, far) == 0.0


def test_unrelated_sound_and_silence_have_no_drift():
    far = echo_signals.babble(8, seed=1)
    assert measured_ppm(echo_signals.babble(8, seed=7), far) == 0.0
    assert measured_ppm(np.zeros(len(far)), far) == 0.0
    assert measured_ppm(echo_signals.babble(8, seed=7), np.zeros(len(far))) == 0.0


def test_the_rate_outlives_a_flush_but_not_a_reset():
    far = echo_signals.babble(5, seed=1)
    near = with_drift(far, 100.0)
    meter = DriftMeter()
    for start in range(0, len(near) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        part = slice(start, start + FRAME_SAMPLES)
        aligned = np.concatenate([np.zeros(DELAY), far])[part]
        meter.push(near[part].astype(np.float32), aligned.astype(np.float32), delay=DELAY)
    rate = meter.rate
    meter.flush()
    assert rate != 0.0
    assert meter.rate == rate
    meter.reset()
    assert meter.rate == 0.0


@pytest.mark.parametrize("rate", [0.0, 2e-4, -2e-4])
@pytest.mark.parametrize("hz", [300, 3000])
def test_a_sine_is_delayed_by_what_the_line_says(rate: float, hz: int):
    line = DelayLine(most=800, kept=0)
    line.move(300.37)
    sine = np.sin(2 * np.pi * hz * np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ).astype(np.float32)
    steps = np.arange(1, FRAME_SAMPLES + 1)
    for start in range(0, len(sine), FRAME_SAMPLES):
        line.push(sine[start : start + FRAME_SAMPLES])
        at = start + steps - 1 - (line.delay + rate * steps)
        heard = line.read(rate=rate)
        if start > 1000:
            expected = np.sin(2 * np.pi * hz * at / SAMPLE_RATE_HZ)
            assert np.abs(heard - expected).max() < 2e-3


def test_a_whole_delay_without_drift_passes_bit_for_bit():
    line = DelayLine(most=800, kept=0)
    line.move(160)
    far = echo_signals.babble(0.5, seed=1).astype(np.float32)
    for start in range(0, len(far), FRAME_SAMPLES):
        line.push(far[start : start + FRAME_SAMPLES])
        heard = line.read()
        if start > 0:
            assert np.array_equal(heard, far[start - FRAME_SAMPLES : start])


def test_a_line_stops_at_its_ends():
    line = DelayLine(most=800, kept=0)
    line.move(900.5)
    assert line.delay == 800
    line.move(-3)
    assert line.delay == 0


@pytest.mark.parametrize("ppm", [-200.0, 100.0])
def test_a_drifting_echo_is_cancelled_nearly_as_well_as_a_steady_one(ppm: float):
    far = echo_signals.babble(14, seed=1)
    erle = []
    for each in (0.0, ppm):
        near = echo_signals.int16(with_drift(far, each))
        out = echo_signals.through(
            make_canceller("kalman", tail_ms=200), near, echo_signals.int16(far)
        )
        erle.append(echo_signals.erle_db(near, out, from_s=9, to_s=14))
    assert erle[1] > min(erle[0] - 3, 33)
