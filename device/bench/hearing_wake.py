"""Waking Myna: in quiet, in noise and while she talks; what wakes her falsely; her own voice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Samples
from audio.settings import WakeSettings
from audio.virtual_room.noise import Says, fan, synthesised, television
from audio.virtual_room.synthesised import SynthesisedVoice
from device.bench import acoustics, hearing_scene, hours
from device.bench.acoustics import Signal
from device.bench.echo_scene import FAR_RMS
from device.bench.echo_signals import int16
from device.bench.figures_page import Curve, Plot, Report
from device.bench.hearing_listener import SleepingListener
from device.bench.hearing_scene import Condition, Place
from device.bench.metric import Metric
from device.bench.wake_scenes import say, voices

LEVELS_DB = (0.0, 10.0, 20.0)
SNRS_DB = (10.0, 5.0)
THRESHOLDS = (0.2, 0.35, 0.5, 0.65, 0.8)
"""The rows of the table beside the curve."""
_THRESHOLD = WakeSettings().threshold
_OVER_AIMS = {0.0: ">= 95", 10.0: ">= 85", 20.0: ">= 50"}
_LATEST_S = 1.2
"""After the phrase's end a candidate is another one."""
_NOISE_S, _TALKERS = 20.0, 2
QUIET, _OVER = "quiet", "child_{:.0f}db_below"
FAN, TELEVISION = "fan", "television"
_BESIDE = "{}_{:.0f}db"
NOISY = {_BESIDE.format(noise, snr_db): snr_db for noise in (FAN, TELEVISION) for snr_db in SNRS_DB}
"""How far the noise lies below the voice, in dB, by the situation's name."""


@dataclass(frozen=True, slots=True)
class Said:
    """The phrase said once: the most that the last word made of it in each situation, 0..1.

    Attributes:
        quiet: Nobody else sounds.
        noisy: Beside a fan or a television, by the situation's name (`NOISY`).
        over: While Myna talks, by how far the voice lies below her echo, in dB.
    """

    quiet: float
    noisy: dict[str, float]
    over: dict[float, float]


def run(
    conditions: Sequence[Condition],
    *,
    says: int,
    minutes: int,
    seed: int,
    corpus: Path | None = None,
    programs: Sequence[str] = ("espeak-ng", "flite", "festival"),
) -> Report:
    """Say the default phrase in each place in every situation, and listen where nobody says it.

    Args:
        conditions: Places.
        says: Times in all that it is said in each situation.
        minutes: Of sound in which nobody says it (`device.bench.hours`).
        seed: Draws the rooms' noise and the minutes.
        corpus: Recorded talkers of these minutes; None for synthetic ones.
        programs: Whose voices say it; no model of ours has heard these voices.
    """
    phrase = WakeSettings().phrase
    said = [
        _said(say(phrase, voice), conditions[number % len(conditions)], seed + number)
        for number, voice in enumerate(voices(says, programs))
    ]
    own = [_wakes_herself(phrase, condition, seed) for condition in conditions]
    heard = hours.Heard()
    for so_far in hours.listened(minutes, seed, corpus):
        heard = so_far
    report = Report(_figures(said))
    report.metrics.append(Metric("hearing.wake.by_herself", float(sum(own)), "", "<= 0", len(own)))
    report.metrics += _table(said, heard)
    report.plots.append(_trade_off(said, heard))
    return report


def _figures(said: Sequence[Said]) -> list[Metric]:
    tried = len(said)
    quiet = [each for each in said if each.quiet >= _THRESHOLD]
    missed_in_quiet = _share(tried - len(quiet), tried)
    metrics = [
        Metric("hearing.wake.quiet", _share(len(quiet), tried), "%", None, tried),
        Metric("hearing.wake.quiet.missed", missed_in_quiet, "%", "<= 3", tried),
    ]
    for name, snr_db in NOISY.items():
        missed = sum(each.noisy[name] < _THRESHOLD for each in said)
        aim = "<= 10" if snr_db <= min(SNRS_DB) else None
        at = f"hearing.wake.{name}.missed"
        metrics.append(Metric(at, _share(missed, tried), "%", aim, tried))
    for level in LEVELS_DB:
        count = sum(each.over[level] >= _THRESHOLD for each in quiet)
        at = f"hearing.wake.child_{level:.0f}db_below"
        metrics.append(Metric(at, _share(count, len(quiet)), "%", _OVER_AIMS[level], len(quiet)))
    return metrics


def _table(said: Sequence[Said], heard: hours.Heard) -> list[Metric]:
    """What is missed and what wakes her falsely, threshold by threshold."""
    every = heard.confidences()
    minutes = sum(heard.minutes.values())
    metrics = [Metric("hearing.wake.false.listened", heard.hours, "h", None, minutes)]
    for threshold in THRESHOLDS:
        at = f"hearing.wake.at_{threshold}"
        false = sum(confidence >= threshold for confidence in every)
        metrics.append(Metric(f"{at}.false_wakes", float(false), "", None, minutes))
        metrics += [
            Metric(f"{at}.{name}.missed", _missed(scores, threshold), "%", None, len(scores))
            for name, scores in _situations(said).items()
        ]
    return metrics


def _trade_off(said: Sequence[Said], heard: hours.Heard) -> Plot:
    """Misses against false wakes, one curve for each situation, along the threshold."""
    thresholds = sorted({0.0, *heard.confidences(), *(step / 100 for step in range(1, 100)), 1.0})
    false = hours.false_wakes_per_hour(heard, thresholds)
    curves = [
        Curve(name, false, [_missed(scores, each) or 0.0 for each in thresholds])
        for name, scores in _situations(said).items()
    ]
    title = (
        f"The wake phrase: what is missed of {len(said)} sayings in each situation, against what "
        f"wakes her falsely in {heard.hours:.1f} h"
    )
    return Plot(title, "false wakes per hour", "missed, %", tuple(curves))


def _situations(said: Sequence[Said]) -> dict[str, list[float]]:
    found = {QUIET: [each.quiet for each in said]}
    for name in NOISY:
        found[name] = [each.noisy[name] for each in said]
    for level in LEVELS_DB:
        found[_OVER.format(level)] = [each.over[level] for each in said]
    return found


def _missed(scores: Sequence[float], threshold: float) -> float | None:
    """What was never a candidate, at a score of 0, is missed at any threshold."""
    return _share(sum(score <= 0 or score < threshold for score in scores), len(scores))


def _share(count: int, n: int) -> float | None:
    return 100.0 * count / n if n else None


def _said(voice: Signal, condition: Condition, seed: int) -> Said:
    most = {name: _heard(scene) for name, scene in situations(voice, condition, seed)}
    return Said(
        most[QUIET],
        {name: most[name] for name in NOISY},
        {level: most[_OVER.format(level)] for level in LEVELS_DB},
    )


@dataclass(frozen=True, slots=True)
class Scene:
    """Both sides of the sound card, and where the phrase is: samples from and to."""

    near: Samples
    far: Samples
    words: tuple[int, int]

    def about_it(self, at_s: float) -> bool:
        """Whether what was found then was found about the phrase."""
        first, last = (each / SAMPLE_RATE_HZ for each in self.words)
        return first <= at_s <= last + _LATEST_S


def situations(
    voice: Signal, condition: Condition, seed: int, says: Says = synthesised
) -> Iterator[tuple[str, Scene]]:
    """The phrase in one place: beside a fan or a television, over Myna's own voice, in quiet.

    Args:
        voice: The phrase said.
        condition: The place.
        seed: Draws the noises.
        says: Who talks on the television.
    """
    where = hearing_scene.place(condition, hearing_scene.seconds_for([voice]))
    alone = hearing_scene.talk(where, [voice], child_below_echo_db=0.0)
    words, silence = alone.words[0], np.zeros_like(alone.far)
    level = acoustics.active_rms(alone.child)
    for noise in (FAN, TELEVISION):
        beside = _noise(noise, where, seed, says) * level
        for snr_db in SNRS_DB:
            near = int16(alone.child + where.noise + 10 ** (-snr_db / 20) * beside)
            yield _BESIDE.format(noise, snr_db), Scene(near, silence, words)
    for level in LEVELS_DB:
        talk = hearing_scene.talk(where, [voice], child_below_echo_db=level)
        yield _OVER.format(level), Scene(talk.near, talk.far, talk.words[0])
    yield QUIET, Scene(int16(alone.child + where.noise), silence, words)


def _noise(name: str, where: Place, seed: int, says: Says) -> Signal:
    """As long as the place's sound; a television has an active level of 1.0."""
    rng = np.random.default_rng(seed)
    if name == FAN:
        return np.resize(fan(_NOISE_S, rng), len(where.noise))
    talk = np.resize(television(_NOISE_S, _TALKERS, rng, says), len(where.noise))
    return np.asarray(talk / acoustics.active_rms(talk))


def _heard(scene: Scene) -> float:
    """The most that the last word makes of what lies about the phrase."""
    found = SleepingListener().hear_all(scene.near, scene.far)
    return max((each.confidence for each in found if scene.about_it(each.at_s)), default=0.0)


def _wakes_herself(phrase: str, condition: Condition, seed: int) -> int:
    """Wakes while her own voice says the phrase four times, and nobody else anything."""
    spoken = [SynthesisedVoice(seed + number).say(phrase).samples for number in range(4)]
    gap = np.zeros(SAMPLE_RATE_HZ)
    far = FAR_RMS * np.concatenate([part for voice in spoken for part in (voice, gap)])
    where = hearing_scene.place(condition, len(far) / SAMPLE_RATE_HZ, far=far)
    scene = hearing_scene.alone(where)
    listener = SleepingListener()
    return sum(map(listener.woken_by, listener.hear_all(scene.near, scene.far)))
