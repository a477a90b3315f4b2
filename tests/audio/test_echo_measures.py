"""The measures behind `myna bench echo` say what they should."""

from __future__ import annotations

import numpy as np
import pytest

from device.bench import acoustics, echo_signals
from device.bench.intelligibility import level_change_db, si_sdr_db, stoi


def test_stoi_is_one_for_the_same_and_falls_with_noise():
    voice = echo_signals.babble(4, seed=1)
    noise = echo_signals.babble(4, seed=2)
    values = [stoi(voice, voice + gain * noise) for gain in (0.0, 0.1, 1.0, 10.0)]
    assert values[0] == pytest.approx(1.0, abs=1e-9)
    assert values == sorted(values, reverse=True)
    assert values[3] < 0.3
    assert stoi(voice, 0.1 * voice) == pytest.approx(1.0, abs=1e-6)


def test_stoi_refuses_too_little_speech():
    with pytest.raises(ValueError, match=r"0\.4 s"):
        stoi(echo_signals.babble(0.2, seed=1), echo_signals.babble(0.2, seed=1))


def test_si_sdr_and_level_of_a_known_mixture():
    rng = np.random.default_rng(0)
    voice = rng.standard_normal(16000)
    noise = rng.standard_normal(16000)
    noise -= voice * np.dot(voice, noise) / np.dot(voice, voice)
    noise *= np.linalg.norm(voice) / np.linalg.norm(noise)
    heard = 0.5 * (voice + 0.1 * noise)
    assert si_sdr_db(voice, heard) == pytest.approx(20.0, abs=1e-6)
    assert level_change_db(voice, heard) == pytest.approx(-6.0206, abs=1e-4)


@pytest.mark.parametrize("rt60_s", [0.2, 0.4, 0.8])
def test_a_room_decays_as_its_reverberation_time_says(rt60_s: float):
    response = acoustics.room_response(rt60_s, acoustics.CHILD, seed=1)
    energy = np.cumsum(np.square(response)[::-1])[::-1]
    decay_db = 10 * np.log10(energy / energy[0] + 1e-12)
    # T20 by Schroeder's backward integration, -5 to -25 dB.
    first, last = (int(np.argmax(decay_db < level)) for level in (-5, -25))
    measured_s = 3 * (last - first) / 16000
    assert measured_s == pytest.approx(rt60_s, rel=0.4)


def test_drift_moves_a_sine_by_the_promised_phase():
    at = np.arange(32000) / 16000
    drifted = acoustics.drifted(np.sin(2 * np.pi * 440 * at), 100.0)
    expected = np.sin(2 * np.pi * 440 * at * (1 + 100e-6))
    assert np.abs(drifted - expected)[100:-100].max() < 0.01
