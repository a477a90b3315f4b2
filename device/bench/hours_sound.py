"""Hours of what sounds around a Myna that is asleep, minute by minute, drawn by a seed.

Every twenty minutes hold the same share of each kind in another order. A minute depends on the
seed and on its number alone, so that fewer hours are the beginning of more.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.random import Generator

from audio.ports import SAMPLE_RATE_HZ, Samples
from audio.virtual_room.noise import Says, cough, door, fan, synthesised, television
from device.bench import acoustics, hearing_scene, hours_music, wake_said
from device.bench.acoustics import Point, Signal
from device.bench.echo_scene import NOISE_RMS
from device.bench.echo_signals import int16
from device.bench.hearing_scene import CLIPS, DELAYS_MS, DRIFTS_PPM, ROOMS_M, RT60_S, Condition
from device.bench.hours_lesson import lesson
from device.bench.hours_talk import People, english, laid_out, mandarin

MINUTE_S = 60.0
LOUDEST_DBFS, FAINTEST_DBFS = -20.0, -45.0
"""Active level at the microphone, from somebody who speaks close by to one in the next room."""
LEAST_SNR_DB, MOST_SNR_DB = 0.0, 15.0
"""Of talk over what sounds beside it."""
LOOP_S = 20.0
"""Of a fan or a television."""
_FADE = SAMPLE_RATE_HZ // 100


class Kind(Enum):
    """What a minute holds."""

    CHILDREN = "children"
    """Recorded children reading."""
    ADULTS = "adults"
    """The same by everybody else of the corpus."""
    ENGLISH = "synthetic_english"
    MANDARIN = "synthetic_mandarin"
    NOISE = "noise"
    """A fan or a television, with coughs and doors."""
    MUSIC = "music"
    MIXED = "talk_in_noise_or_music"
    LESSON = "own_lesson"
    """Myna's own lesson from her loudspeaker, with a child's turns in it."""


PERIOD: tuple[Kind, ...] = (
    *(Kind.CHILDREN,) * 3,
    *(Kind.ADULTS,) * 2,
    *(Kind.ENGLISH,) * 2,
    Kind.MANDARIN,
    *(Kind.NOISE,) * 2,
    *(Kind.MUSIC,) * 3,
    *(Kind.MIXED,) * 3,
    *(Kind.LESSON,) * 4,
)
"""So many of twenty minutes."""
_RECORDED = (Kind.CHILDREN, Kind.ADULTS)


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute.

    Attributes:
        kind: What it holds.
        near: The microphone, int16.
        far: What the card was given: silence but for a lesson.
    """

    kind: Kind
    near: Samples
    far: Samples


class Hours:
    """Minutes without an end.

    Args:
        seed: Draws everything.
        corpus: A folder with ``train.tsv`` and ``train/``, of which people are heard from whom no
            stage of the wake phrase has learnt; None lets synthetic voices read.
        recordings: What is read instead; None for the above.
        on_television: Who talks there in the minute of a number.

    Raises:
        ModelError: No synthesiser is installed, or the folder holds no corpus.
    """

    def __init__(
        self,
        seed: int,
        corpus: Path | None,
        recordings: Sequence[wake_said.Recording] | None = None,
        on_television: Callable[[int], Says] = lambda _: synthesised,
    ) -> None:
        self._seed = seed
        self._on_television = on_television
        if recordings is None and corpus is not None:
            recordings = wake_said.unlearnt(corpus)
        self._people = People(recordings) if recordings is not None else None

    def kind(self, number: int) -> Kind:
        """What a minute holds, counted from 0."""
        period, place = divmod(number, len(PERIOD))
        order = np.random.default_rng([self._seed, period]).permutation(len(PERIOD))
        kind = PERIOD[int(order[place])]
        return Kind.ENGLISH if kind in _RECORDED and self._people is None else kind

    def numbers(self, kind: Kind, first: int = 0) -> Iterator[int]:
        """Of the minutes of one kind, without an end."""
        return (number for number in itertools.count(first) if self.kind(number) is kind)

    def minute(self, number: int) -> Minute:
        """The minute of that number, counted from 0."""
        kind = self.kind(number)
        rng = np.random.default_rng([self._seed, number, 1])
        room = _room(rng, seed=int(rng.integers(1 << 30)))
        if kind is Kind.LESSON:
            return self._lesson(room, rng)
        dry = self._dry(kind, rng, self._on_television(number))
        near = _in_room(dry, room, _place(rng)) * _level(rng)
        near += NOISE_RMS * rng.standard_normal(len(near))
        return Minute(kind, int16(_faded(near)), np.zeros(len(near), np.int16))

    def _dry(self, kind: Kind, rng: Generator, says: Says) -> Signal:
        if kind is Kind.NOISE:
            return _noise(rng, says)
        if kind is Kind.MUSIC:
            return hours_music.tune(MINUTE_S, rng)
        if kind is not Kind.MIXED:
            return laid_out(self._talk(kind, rng), MINUTE_S, rng)
        recorded = Kind.CHILDREN if rng.random() < 0.5 else Kind.ADULTS
        talk = laid_out(self._talk(recorded, rng), MINUTE_S, rng)
        beside = hours_music.tune(MINUTE_S, rng) if rng.random() < 0.5 else _noise(rng, says)
        snr_db = rng.uniform(LEAST_SNR_DB, MOST_SNR_DB)
        return np.asarray(talk + 10 ** (-snr_db / 20) * beside)

    def _talk(self, kind: Kind, rng: Generator) -> Iterator[Signal]:
        if kind is Kind.MANDARIN:
            return mandarin(rng)
        if kind is Kind.ENGLISH or self._people is None:
            return english(rng)
        return self._people.utterances(rng, children=kind is Kind.CHILDREN)

    def _lesson(self, room: Condition, rng: Generator) -> Minute:
        held = lesson(MINUTE_S, self._talk(Kind.CHILDREN, rng), rng)
        where = hearing_scene.place(room, MINUTE_S, far=held.far)
        child = _in_room(held.child, room, _place(rng)) * _level(rng)
        near = where.echo + child + where.noise
        return Minute(Kind.LESSON, int16(_faded(near)), int16(_faded(held.far)))


def _room(rng: Generator, *, seed: int) -> Condition:
    return Condition(
        room=int(rng.integers(len(ROOMS_M))),
        rt60_s=float(rng.choice(RT60_S)),
        clip=str(rng.choice(list(CLIPS))),
        delay_ms=float(rng.choice(DELAYS_MS)),
        drift_ppm=float(rng.choice(DRIFTS_PPM)),
        far="speech",
        seed=seed,
    )


def _place(rng: Generator) -> Point:
    """Somewhere in even the smallest room, half a metre or more from the microphone."""
    return (
        float(rng.uniform(1.8, 2.4)),
        float(rng.uniform(1.5, 2.1)),
        float(rng.uniform(0.8, 1.6)),
    )


def _in_room(dry: Signal, room: Condition, source: Point) -> Signal:
    """The sound at the microphone, active level 1.0; silence stays silence."""
    response = acoustics.room_response(
        room.rt60_s, source, seed=room.seed, room_m=ROOMS_M[room.room]
    )
    wet = acoustics.convolve(dry, response)
    return wet / acoustics.active_rms(wet) if dry.any() else dry


def _level(rng: Generator) -> float:
    return float(10 ** (rng.uniform(FAINTEST_DBFS, LOUDEST_DBFS) / 20))


def _noise(rng: Generator, says: Says) -> Signal:
    """A fan or some talkers of a television for a minute, now and then a cough or a door."""
    if rng.random() < 0.5:
        ever = fan(LOOP_S, rng)
    else:
        ever = television(LOOP_S, int(rng.integers(1, 4)), rng, says)
    out = np.resize(ever, round(MINUTE_S * SAMPLE_RATE_HZ)).astype(float)
    for _ in range(int(rng.integers(0, 6))):
        sudden = (cough if rng.random() < 0.7 else door)(rng)
        at = int(rng.integers(len(out) - len(sudden)))
        out[at : at + len(sudden)] += rng.uniform(1.0, 4.0) * sudden
    return out


def _faded(sound: Signal) -> Signal:
    """Without a click where minutes meet."""
    rise = np.linspace(0.0, 1.0, _FADE)
    sound[:_FADE] *= rise
    sound[-_FADE:] *= rise[::-1]
    return sound
