"""Waking Myna while she talks: how often a child is heard, and whether she ever wakes herself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Attention, Samples, Woken
from audio.settings import WakeSettings
from audio.virtual_room.synthesised import SynthesisedVoice, say_as_adult
from device.bench import hearing_scene
from device.bench.acoustics import Signal
from device.bench.echo_scene import FAR_RMS
from device.bench.echo_signals import int16
from device.bench.figures_page import Report
from device.bench.hearing_listener import Listener
from device.bench.hearing_scene import Condition
from device.bench.metric import Metric

LEVELS_DB = (0.0, 10.0, 20.0)
_AIMS = {0.0: ">= 95", 10.0: ">= 85", 20.0: ">= 50"}
ADULTS = 4


def run(conditions: Sequence[Condition], *, says: int, seed: int) -> Report:
    """Say the default phrase in each place, without playback and over it.

    Args:
        says: Times in all that it is said at each level, by synthetic children and grown-ups.
        seed: Chooses the children.
    """
    settings = WakeSettings()
    tried = 0
    quiet = 0
    over = dict.fromkeys(LEVELS_DB, 0)
    for number in range(says):
        condition = conditions[number % len(conditions)]
        voice = _voice(settings.phrase, number, seed)
        where = hearing_scene.place(condition, hearing_scene.seconds_for([voice]))
        tried += 1
        alone = hearing_scene.talk(where, [voice], child_below_echo_db=0.0)
        far = np.zeros_like(alone.far)
        if not _wakes(int16(alone.child + where.noise), far, alone.words[0]):
            continue
        quiet += 1
        for level in LEVELS_DB:
            talk = hearing_scene.talk(where, [voice], child_below_echo_db=level)
            over[level] += _wakes(talk.near, talk.far, talk.words[0])
    metrics = [Metric("hearing.wake.quiet", _share(quiet, tried), "%", None, tried)]
    for level, count in over.items():
        at = f"hearing.wake.child_{level:.0f}db_below"
        metrics.append(Metric(at, _share(count, quiet), "%", _AIMS[level], quiet))
    own = [_wakes_herself(settings.phrase, condition, seed) for condition in conditions]
    metrics.append(Metric("hearing.wake.by_herself", float(sum(own)), "", "<= 0", len(own)))
    return Report(metrics)


def _voice(phrase: str, number: int, seed: int) -> Signal:
    if number % 3 == 2:
        return say_as_adult(phrase, number % ADULTS).samples
    return SynthesisedVoice(seed + number).say(phrase).samples


def _share(count: int, n: int) -> float | None:
    return 100.0 * count / n if n else None


def _wakes(near: Samples, far: Samples, words: tuple[int, int]) -> bool:
    """Whether a front end that waits for its phrase wakes at it, within a second after."""
    first, last = words
    return any(
        first / SAMPLE_RATE_HZ <= at_s <= last / SAMPLE_RATE_HZ + 1.2 for at_s in _woken(near, far)
    )


def _woken(near: Samples, far: Samples) -> list[float]:
    edges = Listener(Attention.WAKE).hear_all(near, far)
    return [edge.at_s for edge in edges if isinstance(edge, Woken)]


def _wakes_herself(phrase: str, condition: Condition, seed: int) -> int:
    """Wakes while her own voice says the phrase four times, and nobody else anything."""
    spoken = [SynthesisedVoice(seed + number).say(phrase).samples for number in range(4)]
    gap = np.zeros(SAMPLE_RATE_HZ)
    far = FAR_RMS * np.concatenate([part for voice in spoken for part in (voice, gap)])
    where = hearing_scene.place(condition, len(far) / SAMPLE_RATE_HZ, far=far)
    scene = hearing_scene.alone(where)
    return len(_woken(scene.near, scene.far))
