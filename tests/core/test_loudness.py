"""Loudness by EBU R 128: the standard's own signals, and sounds that it hardly covers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core import loudness
from core.errors import ModelError
from core.loudness import gain_to, measure

RATE_HZ = 48_000


def tone(peak_db: float, seconds: float, hz: float = 997.0) -> np.ndarray:
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (10 ** (peak_db / 20) * np.sin(2 * np.pi * hz * time_s)).astype(np.float32)


def test_the_standard_s_tone() -> None:
    # BS.1770-4: a 997 Hz sine at 0 dBFS in one channel reads -3.01 LKFS. Tech 3341's tests 1 and 2
    # play it in two channels at once, which adds 3.01.
    assert measure(tone(0.0, 5.0), RATE_HZ).lufs == pytest.approx(-3.01, abs=0.1)
    assert measure(tone(-23.0, 20.0), RATE_HZ).lufs + 3.01 == pytest.approx(-23.0, abs=0.1)
    assert measure(tone(-33.0, 20.0), RATE_HZ).lufs + 3.01 == pytest.approx(-33.0, abs=0.1)


def test_silence_between_sounds_does_not_make_them_softer() -> None:
    # Tech 3341's test 3: 10 s at -36, 60 s at -23, 10 s at -36 reads -23: the soft parts are gated.
    whole = np.concatenate([tone(-36.0, 10.0), tone(-23.0, 60.0), tone(-36.0, 10.0)])
    assert measure(whole, RATE_HZ).lufs + 3.01 == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("seconds", [0.05, 0.2, 0.39, 0.9, 1.1])
def test_a_short_word_is_as_loud_as_a_long_sentence(seconds: float) -> None:
    assert measure(tone(-20.0, seconds), RATE_HZ).lufs == pytest.approx(-23.0, abs=0.3)


def test_a_peak_between_samples_is_seen() -> None:
    # A quarter of the sample rate, 45 degrees off: samples at 0.707 of the true peak.
    wave = np.sin(np.pi / 2 * np.arange(RATE_HZ) + np.pi / 4).astype(np.float32)
    found = measure(wave, RATE_HZ)
    assert np.abs(wave).max() == pytest.approx(0.707, abs=0.001)
    assert found.true_peak_db == pytest.approx(0.0, abs=0.5)


def test_silence_and_nothing() -> None:
    for sound in (np.zeros(0, np.float32), np.zeros(4000, np.float32)):
        assert measure(sound, 16_000).lufs == -math.inf
        assert gain_to(sound, 16_000, lufs=-21.0, ceiling_db=-1.5) == 0.0


def test_gain_reaches_the_loudness_and_stops_at_the_ceiling() -> None:
    assert gain_to(tone(-30.0, 2.0), RATE_HZ, lufs=-21.0, ceiling_db=-1.5) == pytest.approx(
        12.0, abs=0.1
    )
    click = tone(-30.0, 2.0)
    click[1000] = 0.9
    gain_db = gain_to(click, RATE_HZ, lufs=-21.0, ceiling_db=-1.5)
    assert measure(click * np.float32(10 ** (gain_db / 20)), RATE_HZ).true_peak_db <= -1.4


def test_what_is_not_installed_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loudness, "LIBRARY", "libnowhere.so.9")
    loudness._library.cache_clear()
    try:
        with pytest.raises(ModelError, match="apt install libebur128-1"):
            measure(tone(-20.0, 0.1), RATE_HZ)
    finally:
        loudness._library.cache_clear()
