"""What lights and buttons cost a core: every mood at full rate, down to the bytes on the bus."""

from __future__ import annotations

import time
from pathlib import Path

from core.clock import VirtualClock
from device.bench.metric import Metric
from hal.contacts import Debounced, TalkButton
from hal.glow import Glow
from hal.ports import Mood
from hal.spi_lights import apa102, ws2812

FRAMES_PER_S = 50
COUNT = 12
AIM = "< 2"


def run(*, long: bool, seed: int, corpus: Path | None) -> list[Metric]:
    """Processor time of this thread, as per cent of one core of this machine.

    Args:
        long: A minute of each mood instead of two seconds.
        seed: Of no use here; every benchmark takes one.
        corpus: Likewise.
    """
    seconds = 60 if long else 2
    shares = {mood: _lights_share(mood, seconds) for mood in Mood}
    dearest = max(shares.values())
    frames = seconds * FRAMES_PER_S
    mean = sum(shares.values()) / len(shares)
    return [
        Metric("hal.lights_core_mean", mean, "%", AIM, frames * len(shares)),
        Metric("hal.lights_core_dearest_mood", dearest, "%", AIM, frames),
        Metric("hal.button_core", _button_share(seconds), "%", None, seconds * FRAMES_PER_S),
    ]


def _lights_share(mood: Mood, seconds: int) -> float:
    clock = VirtualClock()
    glow = Glow(clock, COUNT)
    glow.show(mood)
    begun_s = time.thread_time()
    for frame in range(seconds * FRAMES_PER_S):
        glow.level(-40.0 + frame % 30)
        lights = glow.lights()
        apa102(lights, "bgr", 16)
        ws2812(lights, "grb")
        clock.advance_to((frame + 1) / FRAMES_PER_S)
    return 100 * (time.thread_time() - begun_s) / seconds


def _button_share(seconds: int) -> float:
    debounced, button = Debounced(0.02), TalkButton()
    begun_s = time.thread_time()
    for look in range(seconds * FRAMES_PER_S):
        now_s = look / FRAMES_PER_S
        button.look(debounced.look(look % FRAMES_PER_S < 5, now_s), now_s)
    return 100 * (time.thread_time() - begun_s) / seconds
