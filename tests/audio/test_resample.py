import numpy as np
import pytest
from numpy.typing import NDArray

from audio.resample import StreamResampler, resample, to_int16

RATES = [(48_000, 16_000), (44_100, 16_000), (32_000, 16_000), (8_000, 16_000),
         (16_000, 48_000), (16_000, 44_100)]  # fmt: skip


def tone(hz: float, rate_hz: int, seconds: float = 1.0, level: float = 0.5) -> NDArray[np.int16]:
    at = np.arange(int(rate_hz * seconds)) / rate_hz
    return np.rint(level * 32768 * np.sin(2 * np.pi * hz * at)).astype(np.int16)


def stream(resampler: StreamResampler, sound: NDArray[np.int16], block: int) -> NDArray[np.int16]:
    parts = [resampler.process(sound[i : i + block]).copy() for i in range(0, len(sound), block)]
    return np.concatenate(parts)


def fit(sound: NDArray[np.int16], hz: float, rate_hz: int) -> tuple[float, float, float]:
    """Least squares fit of a tone: amplitude, delay in seconds, everything else in dBFS."""
    middle = slice(len(sound) // 8, -len(sound) // 8)
    at = np.arange(len(sound))[middle] / rate_hz
    basis = np.stack([np.sin(2 * np.pi * hz * at), np.cos(2 * np.pi * hz * at)], axis=1)
    heard = sound[middle].astype(float)
    (sine, cosine), *_ = np.linalg.lstsq(basis, heard, rcond=None)
    rest = np.sqrt(np.mean((heard - basis @ [sine, cosine]) ** 2))
    delay_s = (-np.arctan2(cosine, sine) / (2 * np.pi * hz)) % (1 / hz)
    return np.hypot(sine, cosine) / 32768, delay_s, 20 * np.log10(rest / 32768 + 1e-9)


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_ten_milliseconds_in_are_ten_milliseconds_out(from_hz: int, to_hz: int) -> None:
    resampler = StreamResampler(from_hz, to_hz)
    silence = np.zeros(from_hz // 100, np.int16)
    assert {len(resampler.process(silence)) for _ in range(300)} == {to_hz // 100}


@pytest.mark.parametrize("hz", [300, 1_000, 3_000])
@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_a_tone_keeps_level_pitch_and_purity(from_hz: int, to_hz: int, hz: int) -> None:
    resampler = StreamResampler(from_hz, to_hz)
    heard = stream(resampler, tone(hz, from_hz), from_hz // 100)
    level, delay_s, rest_dbfs = fit(heard, hz, to_hz)
    assert level == pytest.approx(0.5, rel=1e-3)
    assert delay_s == pytest.approx(resampler.delay_s % (1 / hz), abs=2e-5)
    assert rest_dbfs < -85  # 80 dB of stop band below a tone at -6 dBFS; int16 rounds at -101


@pytest.mark.parametrize("hz", [9_500, 12_000, 20_000])
def test_what_16_khz_cannot_hold_is_gone(hz: int) -> None:
    heard = stream(StreamResampler(48_000, 16_000), tone(hz, 48_000), 480).astype(float)
    assert np.sqrt(np.mean(heard[800:-800] ** 2)) / 32768 < 10 ** (-80 / 20)


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_the_cut_into_blocks_cannot_be_heard(from_hz: int, to_hz: int) -> None:
    noise = np.random.default_rng(3).integers(-9_000, 9_000, from_hz // 5).astype(np.int16)
    even = stream(StreamResampler(from_hz, to_hz), noise, from_hz // 100)
    for block in (1, 7, 1_000):
        uneven = stream(StreamResampler(from_hz, to_hz), noise, block)
        assert len(uneven) == len(even)
        assert np.max(np.abs(uneven.astype(int) - even)) <= 1  # order of summation


def test_equal_rates_change_nothing() -> None:
    sound = tone(440, 16_000)
    assert StreamResampler(16_000, 16_000).process(sound) is sound


def test_full_scale_clips_instead_of_wrapping_round() -> None:
    square = np.repeat(np.tile([32767, -32768], 100), 48).astype(np.int16)
    heard = stream(StreamResampler(48_000, 16_000), square, 480)
    wanted = np.repeat(np.tile([1, -1], 100), 16)
    delay = 17  # 1.05 ms, rounded
    matched = np.sign(heard[delay:].astype(int)) == wanted[: len(heard) - delay]
    assert np.mean(matched) > 0.9


def test_reset_forgets_what_was_heard() -> None:
    resampler = StreamResampler(48_000, 16_000)
    first = resampler.process(tone(440, 48_000, 0.01)).copy()
    resampler.reset()
    assert np.array_equal(resampler.process(tone(440, 48_000, 0.01)), first)


@pytest.mark.parametrize("rates", [(0, 16_000), (16_000, -1)])
def test_impossible_rates_are_refused(rates: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        StreamResampler(*rates)


def test_a_whole_recording_is_the_same_every_time() -> None:
    wave = np.random.default_rng(5).normal(0, 0.1, 44_100).astype(np.float32)
    once, twice = resample(wave, 44_100, 16_000), resample(wave, 44_100, 16_000)
    assert len(once) == 16_000
    assert np.array_equal(once, twice)


def test_int16_rounds_clips_and_survives_what_is_not_a_number() -> None:
    wave = np.array([0.5, -1.0, 1.0, 2.0, -3.0, np.nan, np.inf, -np.inf, 1 / 65536], np.float32)
    wanted = [16384, -32768, 32767, 32767, -32768, 0, 32767, -32768, 0]
    assert to_int16(wave).tolist() == wanted
