"""The silent output: silent over an echo, the child still in it, and quick after a jump."""

from __future__ import annotations

import numpy as np
import pytest

from audio.ports import FRAME_SAMPLES, Samples
from audio.residual import LATENCY_FRAMES, ResidualSuppressor
from device.bench import echo_signals
from device.bench.echo_signals import int16
from device.bench.intelligibility import stoi


def silent(
    subject: ResidualSuppressor, near: Samples, far: Samples, whole: Samples
) -> tuple[Samples, list[bool]]:
    """A recording through it, its latency taken back, and when the canceller counted as lost."""
    out, lost = np.zeros_like(near), []
    for start in range(0, len(near) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        part = slice(start, start + FRAME_SAMPLES)
        subject.process(near[part], far[part], whole[part], out[part])
        lost.append(subject.lost)
    early = LATENCY_FRAMES * FRAME_SAMPLES
    return np.concatenate([out[early:], np.zeros(early, np.int16)]), lost


def power_db(signal: Samples) -> float:
    return 10 * np.log10(float(np.mean(np.square(signal.astype(float)))) + 1e-9)


@pytest.fixture
def far() -> np.ndarray:
    return echo_signals.babble(8, seed=1)


def test_what_is_left_of_an_echo_is_turned_down(far: np.ndarray):
    echo = echo_signals.echo_of(far)
    left = 0.1 * np.roll(echo, 37)  # 20 dB down and not the echo itself
    whole = int16(left)
    out, lost = silent(ResidualSuppressor(), int16(echo + left), int16(far), whole)
    settled = slice(3 * 16_000, None)
    assert power_db(out[settled]) < power_db(whole[settled]) - 18
    assert not any(lost[100:])


def test_while_a_canceller_learns_unevenly_more_is_believed_to_be_left():
    rng = np.random.default_rng(4)
    frames = np.arange(200)
    far = int16(0.1 * rng.standard_normal(len(frames) * FRAME_SAMPLES))
    gain_db = -6 - 8 * np.minimum(frames / 100, 1) + 5 * np.repeat(rng.standard_normal(40), 5)
    gain = 10 ** (np.minimum(gain_db, 0) / 20)
    whole = int16(far / 32768 * np.repeat(gain, FRAME_SAMPLES))
    out, _ = silent(ResidualSuppressor(), far, far, whole)
    second = slice(16_000, 31_000)
    assert power_db(out[second]) < power_db(whole[second]) - 9


def test_a_child_above_what_is_left_is_spared(far: np.ndarray):
    echo = echo_signals.echo_of(far)
    left = 0.03 * np.roll(echo, 37)
    voice = echo_signals.babble(8, seed=9) * 10 ** (-10 / 20)
    voice[: 4 * 16_000] = 0
    out, lost = silent(
        ResidualSuppressor(), int16(echo + left + voice), int16(far), int16(left + voice)
    )
    spoken = slice(4 * 16_000, 7 * 16_000)
    assert stoi(voice[spoken], out[spoken] / 32768) > 0.8
    assert abs(power_db(out[spoken]) - power_db(int16(voice)[spoken])) < 3
    assert not any(lost[100:])


def test_a_canceller_that_lost_the_room_is_noticed_within_three_tenths_of_a_second(
    far: np.ndarray,
):
    echo = echo_signals.echo_of(far)
    half = len(far) // 2
    taken = echo.copy()
    taken[half:] = np.roll(echo, -1600)[half:]  # the echo now comes 100 ms later than is thought
    whole = int16(echo - taken)
    out, lost = silent(ResidualSuppressor(), int16(echo), int16(far), whole)
    at = half // FRAME_SAMPLES
    assert not any(lost[100 : at - 1])
    assert all(lost[at + 30 : at + 60])
    settled = slice(half + 4800, half + 16_000)
    assert power_db(out[settled]) < power_db(int16(echo)[settled]) - 25


def test_with_a_silent_loudspeaker_a_voice_passes_whole(far: np.ndarray):
    near = int16(echo_signals.babble(4, seed=5))
    quiet = np.zeros_like(near)
    out, _ = silent(ResidualSuppressor(), near, quiet, near)
    inner = slice(FRAME_SAMPLES, -2 * FRAME_SAMPLES)
    assert np.abs(out[inner].astype(int) - near[inner]).max() <= 1
