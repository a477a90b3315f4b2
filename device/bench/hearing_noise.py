"""A child beside a fan or a television, near by and far away."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from audio.noise_gain import WebrtcNoiseGain
from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples
from audio.settings import AudioSettings
from audio.virtual_room.noise import fan, television
from device.bench import acoustics, hearing_scene
from device.bench.acoustics import Point, Signal
from device.bench.echo_scene import NOISE_RMS
from device.bench.echo_signals import int16
from device.bench.figures_page import Report
from device.bench.hearing_voices import Sentence, Words
from device.bench.metric import Metric

SNRS_DB = (10.0, 5.0)
_AIMS = {10.0: "<= 5", 5.0: "<= 12"}
LOUD_AT_1_M = 10.0 ** (-30.0 / 20.0)
"""A child's active level at a metre."""
NEAR: Point = (1.7, 1.36, 0.83)
FAR: Point = (3.7, 2.86, 0.83)
"""0.5 m and 3 m from the microphone, in the largest room."""
_RT60_S = 0.35
_LEAD_S = 0.4


def run(sentences: Sequence[Sentence], words: Words, *, count: int, seed: int) -> Report:
    """Measure recognition in noise, and the gain's work.

    Args:
        count: Sentences at each noise and level.
    """
    rng = np.random.default_rng(seed)
    chosen = [sentences[index % len(sentences)] for index in range(count)]
    response = acoustics.room_response(_RT60_S, acoustics.CHILD, seed=seed)
    noises = {"fan": fan(20.0, rng), "television": television(20.0, 2, rng)}
    voices = [_in_room(sentence.voice, response) for sentence in chosen]
    hiss = NOISE_RMS * rng.standard_normal(SAMPLE_RATE_HZ * 12)
    quiet = _share(words, chosen, [int16(voice + hiss[: len(voice)]) for voice in voices])
    metrics = [Metric("hearing.noise.quiet.words_right", 100 * quiet, "%", None, count)]
    for name, noise in noises.items():
        for snr_db in SNRS_DB:
            mixed = [_mixed(voice, noise, snr_db, rng) for voice in voices]
            for way, heard in (("", mixed), ("suppressed.", [_suppressed(one) for one in mixed])):
                lost = 100 * (quiet - _share(words, chosen, heard))
                at = f"hearing.noise.{name}.{snr_db:.0f}db.{way}words_lost"
                aim = None if way else _AIMS[snr_db]
                metrics.append(Metric(at, lost, "points", aim, count))
    metrics += _gain(sentences, seed)
    return Report(metrics)


def _share(words: Words, said: Sequence[Sentence], heard: Sequence[Samples]) -> float:
    return sum(words.right(*pair) for pair in zip(said, heard, strict=True)) / max(len(said), 1)


def _in_room(voice: Signal, response: Signal) -> Signal:
    lead = np.zeros(int(_LEAD_S * SAMPLE_RATE_HZ))
    wet = acoustics.convolve(np.concatenate([lead, voice, lead]), response)
    return np.asarray(wet * (LOUD_AT_1_M / acoustics.active_rms(wet)))


def _mixed(voice: Signal, noise: Signal, snr_db: float, rng: np.random.Generator) -> Samples:
    start = int(rng.integers(0, len(noise) - 1))
    part = np.take(noise, np.arange(start, start + len(voice)), mode="wrap")
    level = LOUD_AT_1_M * 10.0 ** (-snr_db / 20.0)
    return int16(voice + level * part)


def _suppressed(near: Samples) -> Samples:
    """Through the stage that voice activity and wake word listen behind."""
    settings = AudioSettings()
    stage = WebrtcNoiseGain(
        suppression=settings.noise_suppression, target_dbfs=settings.auto_gain_dbfs
    )
    whole = np.pad(near, (0, -len(near) % FRAME_SAMPLES))
    out = np.zeros_like(whole)
    for start in range(0, len(whole), FRAME_SAMPLES):
        frame = slice(start, start + FRAME_SAMPLES)
        stage.process(whole[frame], out[frame])
    return out


def _gain(sentences: Sequence[Sentence], seed: int) -> list[Metric]:
    """How loud a child ends at 0.5 m and at 3 m, and how steady the gain is between words."""
    levels: dict[str, list[float]] = {"near": [], "far": []}
    swings: list[float] = []
    groups = [sentences[start : start + 4] for start in range(0, min(len(sentences), 24), 4)]
    direct = acoustics.room_response(_RT60_S, (2.1, 1.66, 0.83), seed=seed, room_m=_room())
    for group in groups:
        gap = np.zeros(SAMPLE_RATE_HZ // 2)
        dry = np.concatenate([part for one in group for part in (one.voice, gap)])
        at_1_m = LOUD_AT_1_M / acoustics.active_rms(acoustics.convolve(dry, direct))
        for name, source in (("near", NEAR), ("far", FAR)):
            response = acoustics.room_response(_RT60_S, source, seed=seed, room_m=_room())
            wet = at_1_m * acoustics.convolve(dry, response)
            noise = NOISE_RMS * np.random.default_rng(seed).standard_normal(len(wet))
            before = int16(wet + noise)
            after = _suppressed(before) / 32768.0
            last = slice(len(before) - len(group[-1].voice) - len(gap), None)
            levels[name].append(20 * np.log10(acoustics.active_rms(after[last])))
            swings.append(_swing_db(before[last] / 32768.0, after[last]))
    n = len(groups)
    apart = median(levels["near"]) - median(levels["far"])
    return [
        Metric("hearing.gain.near_to_far", apart, "dB", "within 6", n),
        Metric("hearing.gain.near_level", median(levels["near"]), "dBFS", None, n),
        Metric("hearing.gain.swing_within_a_sentence", median(swings), "dB", "<= 6", 2 * n),
    ]


def _room() -> Point:
    return hearing_scene.ROOMS_M[2]


def _swing_db(before: Signal, after: Signal) -> float:
    """Range of the gain over the loud frames of a sentence, 10th to 90th percentile."""
    size = SAMPLE_RATE_HZ // 20
    frames = len(before) // size

    def power(signal: Signal) -> Signal:
        pieces = np.square(signal[: frames * size].reshape(frames, size))
        return np.asarray(pieces.mean(axis=1) + 1e-12)

    loud = power(before) > power(before).max() * 0.01
    gain_db = 10 * np.log10(power(after)[loud] / power(before)[loud])
    return float(np.percentile(gain_db, 90) - np.percentile(gain_db, 10))
