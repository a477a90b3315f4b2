"""A voice among others that are fainter: what ears that leave others out learn from.

The others are talkers of a television, recorded people and synthetic ones in English and Mandarin,
one after the other's sentence without much of a pause; what the canceller leaves of Myna's own
voice; a fan. The voice is the loudest, by little or by much, and starts and ends in their midst.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from device.bench import hearing_scene
from training import augment
from training.augment import Sound
from training.corpus import Utterance
from training.kept import once
from training.synthetic import drawn, render
from training.vocabulary import chinese_sentences, lesson_sentences
from training.wake.call_windows import without_echo
from training.wake.callers import mandarin

RATE_HZ, FRAME_SAMPLES = 16_000, 160
KINDS = (("talkers", 0.55), ("echo", 0.15), ("fan", 0.15), ("quiet", 0.15))
ABOVE_DB = {"talkers": (1.0, 18.0), "echo": (0.0, 18.0), "fan": (0.0, 18.0), "quiet": (30.0, 45.0)}
"""How far the voice lies above what else sounds."""
MOST_TALKERS = 3
ROOM_SHARE, FRONT_END_SHARE = 0.75, 0.35
BESIDE_FRAMES = (10, 80)
"""Before and after the voice."""
GAP_S = (0.05, 0.6)
VOICES, SENTENCES_OF_ONE = 120, 3
NOT_THESE = frozenset(("en-us+m3", "en-us+m7", "en-gb+f1", "en-gb+f4"))
"""Voices of the television that judges (`audio.virtual_room.synthesised`)."""
PLACES, PLACE_S, SETTLED_S = 60, 11.0, 3.0
PLACES_SEED = 9_000
"""Of places that no benchmark uses."""


@dataclass(frozen=True, slots=True)
class Company:
    """What else may sound, -1..1, 16 kHz.

    Attributes:
        people: Speaker and recordings of each.
        synthetic: Sentences of each synthetic voice.
        echoes: What the canceller left of Myna's voice and of music, once settled.
    """

    people: Sequence[tuple[str, Sequence[Sound]]]
    synthetic: Sequence[Sequence[Sound]]
    echoes: Sequence[Sound]

    def laid_beside(
        self, rng: np.random.Generator, voice: Sound, speaker: str
    ) -> tuple[Sound, int, int]:
        """A voice with something beside it.

        Args:
            rng: Draws everything.
            voice: -1..1.
            speaker: Whose: nobody talks beside himself.

        Returns:
            The sound, and how many frames of 10 ms it starts before the voice and ends after it.
        """
        before, after = (int(rng.integers(*BESIDE_FRAMES)) for _ in range(2))
        sound = np.pad(voice.astype(np.float64), (before * FRAME_SAMPLES, after * FRAME_SAMPLES))
        if rng.random() < ROOM_SHARE:
            sound = augment.in_room(rng, sound)
        kinds, shares = zip(*KINDS, strict=True)
        kind = str(rng.choice(kinds, p=shares))
        beside = self._beside(kind, rng, sound.size, speaker)
        above_db = rng.uniform(*ABOVE_DB[kind])
        sound = augment.mixed(sound, beside, above_db)
        return augment.recorded(rng, sound, FRONT_END_SHARE), before, after

    def _beside(
        self, kind: str, rng: np.random.Generator, length: int, speaker: str
    ) -> NDArray[np.float64]:
        if kind == "talkers":
            together = np.zeros(length)
            for _ in range(int(rng.integers(1, MOST_TALKERS + 1))):
                together += self._talker(rng, length, speaker)
            return augment.in_room(rng, together) if rng.random() < ROOM_SHARE else together
        if kind == "echo":
            left = self.echoes[int(rng.integers(len(self.echoes)))].astype(np.float64)
            return np.resize(np.roll(left, int(rng.integers(left.size))), length)
        if kind == "fan":
            return augment.machine(rng, length)
        return rng.normal(size=length)

    def _talker(self, rng: np.random.Generator, length: int, speaker: str) -> NDArray[np.float64]:
        """One who talks all the time, in several sentences; level 1."""
        own = self.synthetic[int(rng.integers(len(self.synthetic)))]
        if rng.random() < 0.5:
            own = next(
                sounds
                for index in rng.permutation(len(self.people))
                for who, sounds in [self.people[index]]
                if who != speaker
            )
        talk, at = np.zeros(length), -int(rng.uniform(0.0, 2.0) * RATE_HZ)
        while at < length:
            said = own[int(rng.integers(len(own)))]
            part = said[max(0, -at) : max(0, length - at)]
            talk[max(0, at) : max(0, at) + part.size] += part / augment.level(said)
            at += said.size + int(rng.uniform(*GAP_S) * RATE_HZ)
        return talk


def gathered(people: Sequence[Utterance], path: Path, *, seed: int) -> Company:
    """Everything that may sound beside a voice; what is not recorded is made once and kept.

    Args:
        people: Recordings of who may talk beside others.
        path: Where the rest is kept.
        seed: Of what is drawn.
    """
    synthetic, echoes = once(path, lambda: (_synthetic(seed), _echoes()))
    by_speaker: dict[str, list[Sound]] = {}
    for utterance in people:
        by_speaker.setdefault(utterance.speaker, []).append(utterance.samples())
    return Company(list(by_speaker.items()), synthetic, echoes)


def _synthetic(seed: int) -> list[list[Sound]]:
    rng = np.random.default_rng(seed)
    english, chinese = lesson_sentences(), chinese_sentences()
    voices: list[list[Sound]] = []
    while len(voices) < VOICES:
        if len(voices) % 3 == 2:
            voices.append([mandarin(str(rng.choice(chinese)), rng) for _ in range(2)])
            continue
        talker = drawn(rng)
        if talker.voice not in NOT_THESE:
            texts = rng.choice(english, SENTENCES_OF_ONE)
            voices.append([render(str(text), talker).astype(np.float32) for text in texts])
    return voices


def _echoes() -> list[Sound]:
    left = []
    for condition in hearing_scene.grid(PLACES, seed=PLACES_SEED):
        scene = hearing_scene.alone(hearing_scene.place(condition, PLACE_S))
        left.append(without_echo(scene.near, scene.far)[round(SETTLED_S * RATE_HZ) :])
    return left
