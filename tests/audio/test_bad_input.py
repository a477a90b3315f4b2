"""What no microphone should give and some do: nothing breaks, nothing wakes, counters tell."""

from __future__ import annotations

import numpy as np
import pytest

from audio.echo_factory import make_canceller
from audio.fakes import FakeWakeWord
from audio.front_end import FrontEnd
from audio.noise_gain import WebrtcNoiseGain
from audio.playback import Playback
from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, Attention, Edge, ReadStatus, Samples, Woken
from audio.resample import StreamResampler
from audio.settings import TurnSettings, WakeSettings
from audio.vad_silero import SileroVad
from device.bench import echo_signals

SECOND = SAMPLE_RATE_HZ


@pytest.fixture
def ear() -> FrontEnd:
    turns = TurnSettings()
    made = FrontEnd(
        canceller=make_canceller("kalman", tail_ms=300),
        suppressor=WebrtcNoiseGain(suppression=1, target_dbfs=6),
        voice=SileroVad(),
        wake=FakeWakeWord(),
        far_wake=None,
        playback=Playback(duck_db=turns.duck_db),
        turns=turns,
        wake_settings=WakeSettings(),
    )
    made.attend(Attention.BARGE_IN)
    return made


def feed(ear: FrontEnd, near: Samples, far: Samples | None = None) -> list[Edge]:
    other = np.zeros_like(near) if far is None else far
    edges: list[Edge] = []
    for start in range(0, len(near) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        part = slice(start, start + FRAME_SAMPLES)
        edges += ear.process(near[part], other[part], ReadStatus())
    return edges


def square(length: int, level: int) -> Samples:
    return np.where(np.arange(length) // 40 % 2, level, -level).astype(np.int16)


@pytest.mark.parametrize("what", ["silence", "noise", "dc", "square"])
def test_whatever_the_microphone_gives_nothing_interrupts_or_breaks(ear: FrontEnd, what: str):
    length = 2 * SECOND
    near = {
        "silence": np.zeros(length, np.int16),
        "noise": echo_signals.int16(np.random.default_rng(0).standard_normal(length)),
        "dc": np.full(length, 32767, np.int16),
        "square": square(length, 32767),
    }[what]
    far = echo_signals.int16(echo_signals.babble(2, seed=4))
    edges = feed(ear, near, far)
    assert not [edge for edge in edges if isinstance(edge, Woken)]
    assert ear.counters.frames == length // FRAME_SAMPLES
    assert np.isfinite(ear.level_dbfs)
    assert (ear.counters.clipped_frames > 150) is (what != "silence")
    assert ear.counters.dead_frames == (200 if what == "silence" else 0)


def test_a_loud_voice_below_full_scale_counts_as_whole_and_a_clipped_one_does_not(ear: FrontEnd):
    voice = echo_signals.babble(2, seed=3)
    whole = echo_signals.int16(voice * 0.9 / np.abs(voice).max())
    feed(ear, whole)
    assert ear.counters.clipped_frames == 0
    feed(ear, echo_signals.int16(voice * 4 / np.abs(voice).max()))
    assert ear.counters.clipped_frames > 10


def test_a_reference_that_stops_leaves_the_voice_alone(ear: FrontEnd):
    far = echo_signals.babble(4, seed=1)
    echo = echo_signals.echo_of(far, delay_samples=640)
    far[2 * SECOND :] = 0  # the card plays on, and nobody says what
    near = echo_signals.int16(echo)
    canceller = make_canceller("kalman", tail_ms=300)
    out = echo_signals.through(canceller, near, echo_signals.int16(far))
    late = slice(2 * SECOND + 8000, None)
    assert np.array_equal(out[late], near[late])


def test_an_hour_of_zeros_in_the_canceller_changes_nothing_and_the_next_echo_is_taken_out():
    canceller = make_canceller("kalman", tail_ms=300)
    far = echo_signals.babble(5, seed=1)
    near = echo_signals.int16(echo_signals.echo_of(far, delay_samples=640))
    heard = echo_signals.int16(far)
    echo_signals.through(canceller, near, heard)
    nothing, out = np.zeros(FRAME_SAMPLES, np.int16), np.ones(FRAME_SAMPLES, np.int16)
    for frame in range(6_000):  # a minute stands for the hour: once the tail is over, all is still
        canceller.process(nothing, nothing, out)
        assert frame < 100 or not out.any()
    again = echo_signals.through(canceller, near, heard)
    assert echo_signals.erle_db(near, again, from_s=1.0, to_s=4.0) > 15


def test_lost_seconds_are_counted_and_do_not_wake(ear: FrontEnd):
    feed(ear, np.zeros(SECOND, np.int16))
    silent = np.zeros(FRAME_SAMPLES, np.int16)
    edges = ear.process(silent, silent, ReadStatus(lost_frames=500, discontinuity=True))
    assert edges == []
    assert ear.counters.lost_frames == 500
    assert ear.now_s == pytest.approx(1.0 + 5.0 + 0.01)
    assert ear.counters.realigned == 1


@pytest.mark.parametrize("what", ["full", "noise", "alternating"])
def test_a_stereo_array_at_48_khz_comes_out_finite_and_in_range(what: str):
    length = 48_000
    left = {
        "full": np.full(length, -32768),
        "noise": np.random.default_rng(1).integers(-32768, 32768, length),
        "alternating": np.where(np.arange(length) % 2, 32767, -32768),
    }[what].astype(np.int16)
    stereo = np.stack([left, np.zeros_like(left)], axis=1)
    resampler = StreamResampler(48_000, SAMPLE_RATE_HZ)
    out = np.concatenate(
        [resampler.process(stereo[at : at + 480, 0]).copy() for at in range(0, length, 480)]
    )
    assert out.dtype == np.int16
    assert len(out) == SAMPLE_RATE_HZ
    if what == "full":
        assert out[1000:].max() < -32_000
    if what == "alternating":
        assert np.abs(out[1000:].astype(int)).max() < 100
