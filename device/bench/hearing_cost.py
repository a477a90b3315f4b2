"""What the front end costs, frame by frame, in processor time."""

from __future__ import annotations

import time

import numpy as np

from audio.ports import FRAME_SAMPLES, Attention, Samples
from audio.virtual_room.synthesised import SENTENCES, say_as_adult
from device.bench import hearing_scene
from device.bench.echo_scene import FAR_RMS
from device.bench.echo_signals import int16
from device.bench.figures_page import Plot, Report, distribution
from device.bench.hearing_listener import Listener
from device.bench.hearing_scene import Condition
from device.bench.metric import Metric

_PRIMED_FRAMES = 100
_PLACE = Condition(
    room=1, rt60_s=0.35, clip="mild", delay_ms=40.0, drift_ppm=0.0, far="speech", seed=1
)


def run(*, seconds: float, seed: int) -> Report:
    """Processor time of a frame in three situations.

    Counted with the thread's own clock, so that other work on the machine adds only what it
    takes from the caches.

    Args:
        seconds: Of each situation.
    """
    place = hearing_scene.place(_PLACE, seconds)
    rng = np.random.default_rng(seed)
    silent = int16(place.noise)
    people = int16(place.noise + _people(len(place.noise), rng))
    nothing = np.zeros_like(silent)
    situations = {
        "idle_in_silence": (silent, nothing, Attention.WAKE),
        "idle_among_talk": (people, nothing, Attention.WAKE),
        "speaking": (int16(place.echo + place.noise), int16(place.far), Attention.BARGE_IN),
    }
    metrics: list[Metric] = []
    curves = []
    for name, (near, far, attention) in situations.items():
        took_ms = _frames_ms(near, far, attention)
        n = len(took_ms)
        at = f"hearing.cost.{name}"
        metrics += [
            Metric(f"{at}.frame_median", float(np.median(took_ms)), "ms", "<= 1.0", n),
            Metric(f"{at}.frame_p999", float(np.percentile(took_ms, 99.9)), "ms", "< 10", n),
            Metric(f"{at}.core_share", float(np.mean(took_ms)) * 10, "%", None, n),
        ]
        curves.append(distribution(name, list(np.percentile(took_ms, np.linspace(0, 99.9, 200)))))
    plot = Plot("Processor time of a 10 ms frame", "ms", "share of frames", tuple(curves))
    return Report(metrics, [plot])


def _people(length: int, rng: np.random.Generator) -> np.ndarray:
    out = np.zeros(length)
    at = 0
    while at < length:
        voice = say_as_adult(SENTENCES[int(rng.integers(len(SENTENCES)))], int(rng.integers(4)))
        part = voice.samples[: length - at]
        out[at : at + len(part)] = 0.5 * FAR_RMS * part
        at += len(voice.samples) + int(rng.uniform(0.2, 1.0) * 16_000)
    return out


def _frames_ms(near: Samples, far: Samples, attention: Attention) -> list[float]:
    listener = Listener(attention)
    took: list[float] = []
    for start in range(0, len(near) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        part = slice(start, start + FRAME_SAMPLES)
        began = time.thread_time_ns()
        listener.hear(near[part], far[part])
        took.append((time.thread_time_ns() - began) / 1e6)
        if listener.front_end.attention is not attention:
            listener.front_end.attend(attention)
    return took[_PRIMED_FRAMES:]
