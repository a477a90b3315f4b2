"""The features that the acoustic model hears."""

from __future__ import annotations

import numpy as np
import pytest

from audio.ports import SAMPLE_RATE_HZ
from dialog.equaliser import equalised
from dialog.phone_features import (
    BAND_COUNT,
    Waveform,
    conditioned,
    features,
    log_mel,
    loud_mean,
)


def rising_noise() -> Waveform:
    noise = np.random.default_rng(0).normal(size=2 * SAMPLE_RATE_HZ)
    return (noise * np.linspace(0.001, 0.3, noise.size)).astype(np.float32)


def test_log_mel_energies_are_kaldis() -> None:
    bands = log_mel(rising_noise())
    assert bands.shape == (198, BAND_COUNT)
    # kaldi-native-fbank 1.22: 40 bins, 20 to -400 Hz, no dither, else its defaults.
    kaldi = [8.832612, 10.09312, 10.52989, 11.496656, 12.051315]
    assert bands[3, :5] == pytest.approx(kaldi, abs=1e-3)
    kaldi = [15.863553, 21.214443, 21.67388, 24.64963]
    assert bands[100, ::10] == pytest.approx(kaldi, abs=1e-3)


def test_less_than_a_window_has_no_frame_but_features_fill_it_up() -> None:
    assert log_mel(np.zeros(399, np.float32)).shape == (0, BAND_COUNT)
    for length in (0, 1, 399):
        assert features(np.zeros(length, np.float32)).shape == (1, BAND_COUNT)


def test_level_and_length_of_the_silence_around_do_not_matter() -> None:
    sound = rising_noise()
    near = features(sound)
    assert np.abs(features(sound * np.float32(0.02)) - near)[100:].max() < 0.05
    quiet = np.zeros(SAMPLE_RATE_HZ, np.float32)
    surrounded = features(np.concatenate([quiet, sound, quiet]))
    assert np.abs(surrounded[200:298] - near[100:]).max() < 0.05


def test_conditioned_sound_stays_in_range_whatever_comes() -> None:
    full = np.full(SAMPLE_RATE_HZ, -1.0, np.float32)
    for sound in (full, np.zeros(SAMPLE_RATE_HZ, np.float32), rising_noise() * 3):
        result = conditioned(sound)
        assert np.isfinite(result).all()
        assert np.abs(result).max() <= 1.0
        assert np.isfinite(features(sound)).all()


def test_the_equaliser_brings_every_band_to_the_asked_mean() -> None:
    asked = np.linspace(14.0, 17.0, BAND_COUNT).astype(np.float32)
    samples = (rising_noise() * 20_000).astype(np.int16)
    result = equalised(samples, asked)
    assert result.size == samples.size
    reached = loud_mean(log_mel((result / np.float32(32768)).astype(np.float32)))
    assert np.abs(reached - asked).max() < 0.5
