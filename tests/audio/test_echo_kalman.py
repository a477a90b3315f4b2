"""The aligned Kalman canceller: echo out, voice untouched, nothing breaks it."""

from __future__ import annotations

import numpy as np
import pytest

from audio.echo import AlignedCanceller
from audio.echo_kalman import KalmanCanceller
from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ
from device.bench import echo_signals
from device.bench.intelligibility import level_change_db, si_sdr_db


def canceller() -> AlignedCanceller:
    return AlignedCanceller(KalmanCanceller(tail_ms=200))


@pytest.mark.parametrize("delay_ms", [10, 40, 250, 480])
def test_echo_is_taken_out_at_any_delay(delay_ms: int):
    far = echo_signals.babble(6, seed=1)
    echo = echo_signals.echo_of(far, delay_samples=delay_ms * 16, clip=0.25)
    near = echo_signals.int16(echo + echo_signals.noise(len(far), seed=2))
    out = echo_signals.through(canceller(), near, echo_signals.int16(far))
    assert echo_signals.erle_db(near, out, from_s=4, to_s=6) > 20


def test_the_bent_references_model_a_soft_loudspeaker():
    far = echo_signals.babble(8, seed=1)
    near = echo_signals.int16(echo_signals.echo_of(far, clip=0.25))
    linear = KalmanCanceller(tail_ms=200)
    linear._start_variance[linear.partitions :] = 0.0
    linear.reset()
    erle = []
    for each in (KalmanCanceller(tail_ms=200), linear):
        out = echo_signals.through(each, near, echo_signals.int16(far))
        erle.append(echo_signals.erle_db(near, out, from_s=5, to_s=8))
    assert erle[0] > erle[1] + 3


def test_a_voice_over_the_echo_keeps_its_level_and_comes_out_clean():
    far = echo_signals.babble(10, seed=1)
    voice = np.zeros(len(far))
    start = 5 * SAMPLE_RATE_HZ
    voice[start:] = echo_signals.babble(5, seed=9) * 10 ** (-10 / 20)
    near = echo_signals.int16(echo_signals.echo_of(far, delay_samples=640, clip=0.25) + voice)
    out = echo_signals.through(canceller(), near, echo_signals.int16(far)) / 32768
    assert abs(level_change_db(voice[start:], out[start:])) < 0.5
    before = si_sdr_db(voice[start:], near[start:] / 32768)
    assert si_sdr_db(voice[start:], out[start:]) > before + 15


def test_a_moved_delay_is_followed_and_the_room_is_not_learned_anew():
    far = echo_signals.babble(12, seed=3)
    half = 7 * SAMPLE_RATE_HZ
    early = echo_signals.echo_of(far, delay_samples=640)
    late = echo_signals.echo_of(far, delay_samples=4160)
    near = echo_signals.int16(np.concatenate([early[:half], late[half:]]))
    subject = canceller()
    out = echo_signals.through(subject, near, echo_signals.int16(far))
    direct = int(np.argmax(np.abs(echo_signals.response())))
    assert subject.delay_ms == pytest.approx((4160 + direct) / 16, abs=0.2)
    assert echo_signals.erle_db(near, out, from_s=8.5, to_s=11.5) > 20


def test_near_end_alone_passes_unchanged_to_the_last_bit():
    near = echo_signals.int16(echo_signals.babble(2, seed=5))
    out = echo_signals.through(canceller(), near, np.zeros_like(near))
    assert np.array_equal(out, near)


@pytest.mark.parametrize("case", ["silence", "full-scale", "dc", "far-saturated"])
def test_extreme_input_never_diverges(case: str):
    rng = np.random.default_rng(0)
    length = 4 * SAMPLE_RATE_HZ
    far = echo_signals.int16(echo_signals.babble(4, seed=6))
    near = {
        "silence": np.zeros(length, np.int16),
        "full-scale": rng.integers(-32768, 32768, length).astype(np.int16),
        "dc": np.full(length, 20000, np.int16),
        "far-saturated": np.roll(far, 300),
    }[case]
    if case == "far-saturated":
        far = np.where(far >= 0, 32767, -32768).astype(np.int16)
    subject = canceller()
    out = echo_signals.through(subject, near, far)
    loudest = float(np.mean(np.square(near.astype(float))))
    assert float(np.mean(np.square(out[length // 2 :].astype(float)))) <= 1.3 * loudest + 1
    assert not np.isnan(subject.residual_echo_dbfs)
    # It still works afterwards.
    far = echo_signals.babble(8, seed=8)
    near = echo_signals.int16(echo_signals.echo_of(far, delay_samples=640))
    out = echo_signals.through(subject, near, echo_signals.int16(far))
    assert echo_signals.erle_db(near, out, from_s=6, to_s=8) > 12


def test_drifting_clocks_do_not_make_it_diverge():
    from device.bench import acoustics

    far = echo_signals.babble(12, seed=3)
    for ppm in (-100, 100):
        echo = acoustics.drifted(echo_signals.echo_of(far), ppm)
        near = echo_signals.int16(np.concatenate([np.zeros(800), echo])[: len(far)])
        out = echo_signals.through(canceller(), near, echo_signals.int16(far))
        assert echo_signals.erle_db(near, out, from_s=8, to_s=12) > 5


def test_the_residual_estimate_is_true_to_a_few_decibels():
    far = echo_signals.babble(8, seed=1)
    near = echo_signals.int16(echo_signals.echo_of(far, delay_samples=640, clip=0.25))
    heard = echo_signals.int16(far)
    subject, frame = canceller(), np.zeros(FRAME_SAMPLES, np.int16)
    said, true, before, echo = [], [], [], []
    for start in range(0, len(near) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        part = slice(start, start + FRAME_SAMPLES)
        subject.process(near[part], heard[part], frame)
        if start > 4 * SAMPLE_RATE_HZ:
            said.append(10 ** (subject.residual_echo_dbfs / 10))
            true.append(np.mean(np.square(frame / 32768)))
            before.append(10 ** (subject.echo_dbfs / 10))
            echo.append(np.mean(np.square(near[part] / 32768)))
    assert abs(10 * np.log10(np.mean(said) / np.mean(true))) < 10
    assert abs(10 * np.log10(np.mean(before) / np.mean(echo))) < 0.5


def test_the_same_input_gives_the_same_bits_after_a_reset():
    far = echo_signals.babble(2, seed=1)
    near = echo_signals.int16(echo_signals.echo_of(far, delay_samples=640))
    subject = canceller()
    first = echo_signals.through(subject, near, echo_signals.int16(far))
    subject.reset()
    assert subject.delay_ms is None
    assert np.array_equal(echo_signals.through(subject, near, echo_signals.int16(far)), first)


def test_reset_that_keeps_the_filter_goes_on_cancelling_at_once():
    far = echo_signals.babble(8, seed=1)
    near = echo_signals.int16(echo_signals.echo_of(far, delay_samples=640))
    heard = echo_signals.int16(far)
    half = 5 * SAMPLE_RATE_HZ
    erle = []
    for keep_filter in (True, False):
        subject = canceller()
        echo_signals.through(subject, near[:half], heard[:half])
        subject.reset(keep_filter=keep_filter)
        out = echo_signals.through(subject, near[half:], heard[half:])
        # The reference's past is gone too: delay and tail take 0.25 s to fill again, in which
        # what the filter knows already works on what is there.
        early = echo_signals.erle_db(near[half:], out, from_s=0.05, to_s=0.25)
        erle.append((early, echo_signals.erle_db(near[half:], out, from_s=0.25, to_s=0.5)))
    assert erle[0][0] > erle[1][0] + 2
    assert erle[0][1] > 25


def test_out_may_be_near():
    far = echo_signals.babble(1, seed=1)
    near = echo_signals.int16(echo_signals.echo_of(far, delay_samples=640))
    expected = echo_signals.through(canceller(), near, echo_signals.int16(far))
    subject, heard = canceller(), echo_signals.int16(far)
    for start in range(0, len(near), FRAME_SAMPLES):
        frame = near[start : start + FRAME_SAMPLES]
        subject.process(frame, heard[start : start + FRAME_SAMPLES], frame)
    assert np.array_equal(near, expected)
