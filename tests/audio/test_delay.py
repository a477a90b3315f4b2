"""The delay is found to the sample, followed when it moves, and never invented."""

from __future__ import annotations

import numpy as np
import pytest

from audio.delay import DelayTracker, History
from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ
from device.bench import echo_signals

DIRECT = int(np.argmax(np.abs(echo_signals.response())))


def track(tracker: DelayTracker, near: np.ndarray, far: np.ndarray) -> list[tuple[float, int]]:
    """Time in seconds and lag of every change."""
    changes = []
    for start in range(0, len(near) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        frame = slice(start, start + FRAME_SAMPLES)
        if tracker.push(near[frame].astype(np.float32), far[frame].astype(np.float32)):
            assert tracker.lag is not None
            changes.append((start / SAMPLE_RATE_HZ, tracker.lag))
    return changes


@pytest.mark.parametrize("delay_ms", [0, 10, 40, 123, 300, 490])
def test_a_constant_delay_is_found_within_two_seconds_and_kept(delay_ms: int):
    far = echo_signals.babble(4, seed=1)
    delay = delay_ms * SAMPLE_RATE_HZ // 1000
    near = echo_signals.echo_of(far, delay_samples=delay) + echo_signals.noise(len(far), seed=2)
    changes = track(DelayTracker(), near, far)
    assert len(changes) == 1
    found_s, lag = changes[0]
    assert found_s < 2.0
    assert abs(lag - delay - DIRECT) <= 2


def test_a_jump_is_followed_within_two_seconds():
    far = echo_signals.babble(8, seed=4)
    early = echo_signals.echo_of(far, delay_samples=480)
    late = echo_signals.echo_of(far, delay_samples=4000)
    half = 4 * SAMPLE_RATE_HZ
    near = np.concatenate([early[:half], late[half:]])
    tracker = DelayTracker()
    changes = track(tracker, near, far)
    assert [
        abs(lag - delay - DIRECT) <= 2 for (_, lag), delay in zip(changes, (480, 4000), strict=True)
    ] == [True, True]
    assert 4.0 <= changes[1][0] < 6.0


def test_silence_and_unrelated_sound_give_no_delay():
    far = echo_signals.babble(4, seed=5)
    for near in (np.zeros(len(far)), echo_signals.babble(4, seed=6)):
        tracker = DelayTracker()
        assert track(tracker, near, far) == []
        assert tracker.lag is None
    tracker = DelayTracker()
    assert track(tracker, echo_signals.babble(4, seed=6), np.zeros(len(far))) == []


def test_flush_keeps_the_lag_and_reset_forgets_it():
    far = echo_signals.babble(2, seed=7)
    tracker = DelayTracker()
    track(tracker, echo_signals.echo_of(far, delay_samples=200), far)
    lag = tracker.lag
    tracker.flush()
    assert lag is not None
    assert tracker.lag == lag
    tracker.reset()
    assert tracker.lag is None


def test_history_is_contiguous_over_any_number_of_pushes():
    history = History(40, 8)
    values = np.arange(800, dtype=np.float32)
    for start in range(0, 800, 8):
        history.push(values[start : start + 8])
        end = start + 8
        if end >= 40:
            assert history.last(24).tolist() == values[end - 24 : end].tolist()
            assert history.last(8, back=32).tolist() == values[end - 40 : end - 32].tolist()
    history.clear()
    assert history.last(40).tolist() == [0.0] * 40
