"""What is left of the echo, and of a child who talks over it, over a grid of places."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from audio.echo_factory import make_canceller
from audio.ports import FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples
from audio.residual import LATENCY_FRAMES, ResidualSuppressor
from audio.settings import AudioSettings
from device.bench import hearing_scene
from device.bench.acoustics import Signal
from device.bench.echo_signals import int16
from device.bench.figures_page import Curve, Plot, Report
from device.bench.hearing_scene import Condition, Place, Talk
from device.bench.hearing_voices import Sentence, Words, right_share
from device.bench.intelligibility import level_change_db, stoi
from device.bench.metric import Metric

LEVELS_DB = (0.0, 10.0, 20.0)
"""How far the child lies below the echo."""
OURS = "kalman"
TAIL_MS = AudioSettings().canceller_tail_ms
_SILENT = f"{OURS}.silent"
_STOI_AIMS = {0.0: 0.92, 10.0: 0.85, 20.0: 0.70}
_LOSS_AIMS = {0.0: 3.0, 10.0: 6.0, 20.0: 15.0}
_ALONE_S = 12.0
_AFTER_JUMP_S = 1.0
_BIN_S = 0.25


@dataclass(slots=True)
class _Way:
    """What one canceller, or one of its outputs, made of the grid."""

    stoi: dict[float, list[float]] = field(default_factory=lambda: {at: [] for at in LEVELS_DB})
    level_db: dict[float, list[float]] = field(default_factory=lambda: {at: [] for at in LEVELS_DB})
    heard: dict[float, list[Samples]] = field(default_factory=lambda: {at: [] for at in LEVELS_DB})
    first_db: list[float] = field(default_factory=list)
    settled_db: list[float] = field(default_factory=list)
    back_db: list[float] = field(default_factory=list)
    over_time: list[list[float]] = field(default_factory=list)
    over_jump: list[list[float]] = field(default_factory=list)


def run(
    sentences: Sequence[Sentence],
    *,
    conditions: Sequence[Condition],
    jumps: Sequence[Condition],
    per_scene: int,
    cancellers: Sequence[str],
    words: Words,
) -> Report:
    """Measure.

    Args:
        sentences: Taken in turn, `per_scene` to a place.
        conditions: Places to talk in.
        jumps: Places whose delay moves.
        per_scene: Sentences said in each.
        cancellers: Names of `audio.echo_factory`.
        words: Recognises them.
    """
    ways: dict[str, _Way] = {name: _Way() for name in cancellers}
    if OURS in cancellers:
        ways[_SILENT] = _Way()
    said: list[Sentence] = []
    quiet: list[Samples] = []
    for number, condition in enumerate(conditions):
        chosen = [
            sentences[(number * per_scene + index) % len(sentences)] for index in range(per_scene)
        ]
        voices = [each.voice for each in chosen]
        seconds = max(hearing_scene.seconds_for(voices), _ALONE_S)
        where = hearing_scene.place(condition, seconds)
        said += chosen
        quiet += _without_echo(where, voices)
        _talked(where, voices, ways)
        _echo_only(where, ways)
    for condition in jumps:
        moved = hearing_scene.place(condition, condition.jump_at_s + 4.0)
        _jumped(moved, ways)
    report = Report()
    whole = right_share(words, said, quiet)
    report.metrics.append(
        Metric("hearing.words.no_echo", whole, "", None, len(said)),
    )
    for name, way in ways.items():
        report.metrics += _figures(name, way, len(jumps))
        report.metrics += _words(name, way, words, said, whole)
    report.plots += _plots(ways, len(conditions), len(jumps))
    return report


def through(name: str, near: Samples, far: Samples) -> dict[str, Samples]:
    """Everything one canceller gives out, its delay taken back.

    Returns:
        By name; for the project's own also its silent output.
    """
    canceller = make_canceller(name, tail_ms=TAIL_MS)
    suppressor = ResidualSuppressor()
    whole, silent = np.zeros_like(near), np.zeros_like(near)
    for start in range(0, len(near) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        frame = slice(start, start + FRAME_SAMPLES)
        canceller.process(near[frame], far[frame], whole[frame])
        if name == OURS:
            suppressor.process(near[frame], far[frame], whole[frame], silent[frame])
    if name != OURS:
        return {name: whole}
    early = LATENCY_FRAMES * FRAME_SAMPLES
    return {name: whole, _SILENT: np.concatenate([silent[early:], np.zeros(early, np.int16)])}


def ratio_db(before: Signal, after: Signal) -> float:
    """Power over power, in dB."""
    above = float(np.mean(np.square(before)))
    return 10 * math.log10((above + 1e-20) / (float(np.mean(np.square(after))) + 1e-20))


def _cut(signal: Samples, words: Sequence[tuple[int, int]]) -> list[Samples]:
    """Each sentence with 0.25 s around it, as a recogniser gets it."""
    margin = SAMPLE_RATE_HZ // 4
    return [signal[max(first - margin, 0) : last + margin] for first, last in words]


def _without_echo(where: Place, voices: Sequence[Signal]) -> list[Samples]:
    talk = hearing_scene.talk(where, voices, child_below_echo_db=0.0)
    near = int16(talk.child + where.noise)
    return _cut(near, talk.words)


def _outputs(ways: dict[str, _Way], talk: Talk) -> Iterator[tuple[str, _Way, Samples]]:
    """What every canceller gives out for the same sounds, with the way that it belongs to."""
    for name in ways:
        if name != _SILENT:  # comes with our own
            for output, heard in through(name, talk.near, talk.far).items():
                yield output, ways[output], heard


def _talked(where: Place, voices: Sequence[Signal], ways: dict[str, _Way]) -> None:
    for level in LEVELS_DB:
        talk = hearing_scene.talk(where, voices, child_below_echo_db=level)
        for output, way, heard in _outputs(ways, talk):
            aligned = heard if output != "aec3" else _undelayed(talk, heard)
            for first, last in talk.words:
                child = talk.child[first:last]
                part = aligned[first:last] / 32768.0
                way.stoi[level].append(stoi(child, part))
                way.level_db[level].append(level_change_db(child, part))
            way.heard[level] += _cut(aligned, talk.words)


def _undelayed(talk: Talk, heard: Samples) -> Samples:
    """AEC3 delays the voice: take that back, as far as the voice is found."""
    size = 1 << (2 * len(heard)).bit_length()
    spectrum = np.conj(np.fft.rfft(talk.child, size)) * np.fft.rfft(heard.astype(float), size)
    late = int(np.argmax(np.abs(np.fft.irfft(spectrum, size)[:800])))
    return np.concatenate([heard[late:], np.zeros(late, np.int16)])


def _echo_only(where: Place, ways: dict[str, _Way]) -> None:
    scene = hearing_scene.alone(where)
    for _, way, heard in _outputs(ways, scene):
        rest = heard / 32768.0
        way.first_db.append(_between(scene.echo, rest, 1.0, 2.0))
        way.settled_db.append(_between(scene.echo, rest, 6.0, len(rest) / SAMPLE_RATE_HZ))
        way.over_time.append(_curve(scene.echo, rest, 0.0, 8.0))


def _jumped(where: Place, ways: dict[str, _Way]) -> None:
    scene = hearing_scene.alone(where)
    at_s = where.condition.jump_at_s
    after_s = at_s + _AFTER_JUMP_S
    for _, way, heard in _outputs(ways, scene):
        rest = heard / 32768.0
        way.back_db.append(_between(scene.echo, rest, after_s, after_s + 1.0))
        way.over_jump.append(_curve(scene.echo, rest, at_s - 1.0, at_s + 3.0))


def _between(before: Signal, after: Signal, from_s: float, to_s: float) -> float:
    part = slice(int(from_s * SAMPLE_RATE_HZ), int(to_s * SAMPLE_RATE_HZ))
    return ratio_db(before[part], after[part])


def _curve(before: Signal, after: Signal, from_s: float, to_s: float) -> list[float]:
    """One value per quarter second; nan where there was hardly an echo."""
    size = int(_BIN_S * SAMPLE_RATE_HZ)
    values = []
    for start in range(int(from_s * SAMPLE_RATE_HZ), int(to_s * SAMPLE_RATE_HZ), size):
        part = slice(start, start + size)
        loud = float(np.mean(np.square(before[part]))) > 1e-4
        values.append(ratio_db(before[part], after[part]) if loud else math.nan)
    return values


def _figures(name: str, way: _Way, jumps: int) -> list[Metric]:
    ours = name == OURS
    metrics: list[Metric] = []
    for level in LEVELS_DB:
        at = f"hearing.{name}.child_{level:.0f}db_below"
        n = len(way.stoi[level])
        aim = f">= {_STOI_AIMS[level]}" if ours else None
        metrics.append(Metric(f"{at}.stoi_median", _median(way.stoi[level]), "", aim, n))
        change = _median(way.level_db[level])
        metrics.append(
            Metric(f"{at}.level_change_median", change, "dB", "within 1" if ours else None, n)
        )
    silent = name == _SILENT
    places = len(way.first_db)
    for what, values, aim in (
        ("erle_second_1_to_2", way.first_db, ">= 30"),
        ("erle_settled", way.settled_db, ">= 40"),
    ):
        at = f"hearing.{name}.{what}"
        metrics.append(
            Metric(f"{at}_median", _median(values), "dB", aim if silent else None, places)
        )
        metrics.append(Metric(f"{at}_p10", _percentile(values, 10), "dB", None, places))
    aim = ">= 20" if silent else None
    at = f"hearing.{name}.erle_1_s_after_jump"
    metrics.append(Metric(f"{at}_median", _median(way.back_db), "dB", aim, jumps))
    metrics.append(Metric(f"{at}_p10", _percentile(way.back_db, 10), "dB", None, jumps))
    return metrics


def _words(
    name: str, way: _Way, words: Words, said: Sequence[Sentence], whole: float | None
) -> list[Metric]:
    metrics = []
    for level in LEVELS_DB:
        share = right_share(words, said, way.heard[level])
        lost = None if share is None or whole is None else 100 * (whole - share)
        aim = f"<= {_LOSS_AIMS[level]:.0f}" if name == OURS else None
        at = f"hearing.{name}.child_{level:.0f}db_below.words_lost"
        metrics.append(Metric(at, lost, "points", aim, len(said)))
    return metrics


def _plots(ways: dict[str, _Way], places: int, jumps: int) -> list[Plot]:
    def curves(of: Callable[[_Way], list[list[float]]], from_s: float) -> tuple[Curve, ...]:
        drawn = []
        for name, way in ways.items():
            columns = np.array(of(way)).T
            middle = [float(np.nanmedian(c)) if np.isfinite(c).any() else math.nan for c in columns]
            times = [from_s + _BIN_S * (index + 0.5) for index in range(len(middle))]
            drawn.append(Curve(name, times, middle))
        return tuple(drawn)

    return [
        Plot(
            f"Echo taken out while nobody speaks, median of {places} places",
            "time since the first sound, s", "ERLE, dB", curves(lambda way: way.over_time, 0.0),
        ),
        Plot(
            f"Delay jumped or playback lost at 0, median of {jumps} places",
            "time since the jump, s", "ERLE, dB", curves(lambda way: way.over_jump, -1.0),
        ),
    ]  # fmt: skip


def _median(values: Sequence[float]) -> float | None:
    return round(float(np.median(values)), 4) if len(values) else None


def _percentile(values: Sequence[float], percent: float) -> float | None:
    return round(float(np.percentile(values, percent)), 4) if len(values) else None
