"""The room's walls and loudspeaker against formulas and an independent implementation."""

from __future__ import annotations

import numpy as np
import pytest

from audio.virtual_room.acoustics import (
    SPEED_OF_SOUND_M_S,
    absorption_for,
    convolve,
    decay_time_s,
    eyring_absorption,
    impulse_response,
    room_response,
)
from audio.virtual_room.convolution import StreamingConvolver
from audio.virtual_room.loudspeaker import Loudspeaker, filters, soft_clip

SIZE = (4.2, 3.4, 2.5)
CHILD = (2.2, 1.9, 1.05)
MIC = (1.3, 1.1, 0.8)


@pytest.mark.parametrize("rt60_s", [0.15, 0.25, 0.35, 0.5, 0.8])
def test_reverberation_time_is_the_asked_one_within_six_percent(rt60_s: float) -> None:
    response = room_response(SIZE, rt60_s, CHILD, MIC)
    assert decay_time_s(response**2, 16_000) == pytest.approx(rt60_s, rel=0.06)


def test_refined_absorption_lies_above_eyrings_which_decays_too_slowly() -> None:
    assert absorption_for(SIZE, 0.35, CHILD, MIC) > eyring_absorption(0.35, SIZE)


def test_eyring_of_a_known_room() -> None:
    # V = 35.7 m3, S = 66.56 m2, T = 0.35 s: 1 - exp(-0.1611 * 35.7 / (66.56 * 0.35)).
    assert eyring_absorption(0.35, SIZE) == pytest.approx(0.2188, abs=1e-4)


def test_responses_match_pyroomacoustics() -> None:
    pra = pytest.importorskip("pyroomacoustics")
    absorption = 0.3
    room = pra.ShoeBox(SIZE, fs=16_000, materials=pra.Material(absorption), max_order=18)
    room.set_sound_speed(SPEED_OF_SOUND_M_S)
    room.add_source(CHILD)
    room.add_microphone(MIC)
    room.compute_rir()
    ours = impulse_response(SIZE, absorption, CHILD, MIC, length_s=0.1)
    # All images of the first 60 ms are of an order below 18; pyroomacoustics delays by half its
    # kernel and has no 100 Hz high-pass, so both are compared between 300 and 7000 Hz.
    delay = pra.constants.get("frac_delay_length") // 2
    theirs = room.rir[0][0][delay : delay + 960]
    taper = np.r_[np.ones(800), np.hanning(320)[160:]]
    a, b = (np.fft.rfft(x[:960] * taper, 4096)[77:1793] for x in (ours, theirs))
    # pyroomacoustics leaves out the factor 1 / (4 pi) in some versions: shape and level apart.
    likeness = np.abs(np.vdot(a, b)) / (np.linalg.norm(a) * np.linalg.norm(b))
    assert likeness > 0.995
    level = np.linalg.norm(a) / np.linalg.norm(b)
    assert min(abs(level - 1), abs(level * 4 * np.pi - 1)) < 0.02


def test_streaming_convolution_equals_the_whole_one() -> None:
    rng = np.random.default_rng(1)
    signal, taps = rng.standard_normal((2, 160 * 20)), rng.standard_normal((2, 777))
    streaming = StreamingConvolver(taps)
    frames = [streaming.process(signal[:, i : i + 160]) for i in range(0, 3200, 160)]
    whole = convolve(signal[0], taps[0]) + convolve(signal[1], taps[1])
    np.testing.assert_allclose(np.concatenate(frames), whole[:3200], atol=1e-9)


def test_loudspeaker_delays_by_what_was_asked() -> None:
    heard = _heard(_noise(2.0), drift_ppm=0)
    assert _lag(heard[8000:24000], _noise(2.0)[8000:24000]) == pytest.approx(40 * 16, abs=1)


def test_a_fast_clock_shortens_the_delay_and_slips_by_a_frame() -> None:
    played = _noise(40.0)
    speaker = Loudspeaker(delay_ms=40, drift_ppm=400, clip_at=None)
    slips = [
        i
        for i in range(len(played) // 160)
        if (speaker.play(played[i * 160 : i * 160 + 160]), speaker.slipped)[1]
    ]
    # 10 ms at 400 ppm take 25 s: 2500 frames and the one in which it is noticed.
    assert slips == [2501]


def test_drift_moves_the_delay_as_its_ppm_say() -> None:
    played = _noise(11.0)
    heard = _heard(played, drift_ppm=200)
    # In the middle of the second from 9 to 10 s: 9.5 s * 200 ppm = 1.9 ms = 30.4 samples less.
    span = slice(9 * 16_000, 10 * 16_000)
    assert _lag(heard[span], played[span]) == pytest.approx(640 - 30.4, abs=2)


def test_clipping_bounds_and_bends_with_odd_and_even_parts() -> None:
    tone = np.sin(2 * np.pi * 100 * np.arange(3200) / 3200)  # 100 whole cycles
    spectrum = np.abs(np.fft.rfft(soft_clip(tone, 0.5)))
    assert np.abs(soft_clip(10 * tone, 0.5)).max() <= 0.5 * 1.05
    assert spectrum[300] > spectrum[200] > 100 * spectrum[250]
    np.testing.assert_allclose(soft_clip(tone * 1e-4, 0.5), tone * 1e-4, rtol=1e-3, atol=1e-9)


def test_a_delay_too_short_to_compute_is_refused() -> None:
    with pytest.raises(ValueError, match="below 3 ms"):
        Loudspeaker(delay_ms=1, drift_ppm=0, clip_at=None)


def _noise(seconds: float) -> np.ndarray:
    rng = np.random.default_rng(5)
    return (rng.standard_normal(round(seconds * 16_000)) * 3000).astype(np.int16)


def _heard(played: np.ndarray, *, drift_ppm: float) -> np.ndarray:
    speaker = Loudspeaker(delay_ms=40, drift_ppm=drift_ppm, clip_at=None)
    direct = np.zeros(32)
    direct[0] = 1.0
    echo = StreamingConvolver(filters(direct))
    frames = [played[i : i + 160] for i in range(0, len(played), 160)]
    return np.concatenate([echo.process(speaker.play(frame)) for frame in frames])


def _lag(heard: np.ndarray, played: np.ndarray) -> int:
    size = 1 << (2 * len(heard)).bit_length()
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(played / 32768, size))
    return int(np.argmax(np.abs(np.fft.irfft(product, size)[: size // 2])))
