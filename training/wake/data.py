"""What a head learns from and is judged on, as embeddings: the phrase, near-misses, other talk."""

from __future__ import annotations

import itertools
import logging
import multiprocessing
import tempfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from dialog.phone_set import SILENCE
from training.augment import heard, spoiled
from training.corpus import OLDEST_CHILD, Utterance
from training.realign import Aligned
from training.wake import voices
from training.wake.cuts import Phones, Speaker, by_speaker, varied
from training.wake.embed import FIRST_END_S, HOP_S, WINDOW_S, Embedder

Sound = NDArray[np.float32]
Embeddings = NDArray[np.float32]
_log = logging.getLogger(__name__)
_Job = TypeVar("_Job")
_Made = TypeVar("_Made")

RATE_HZ = 16_000
LEAD_S, TAIL_S = 2.0, 0.7
GAP_S = 0.4
CONDITIONS: tuple[tuple[str, float | None], ...] = (("quiet", None), ("10 dB", 10.0), ("5 dB", 5.0))
BACKGROUND_VOICES = 60


@dataclass(frozen=True, slots=True)
class Spoken:
    """One utterance of the phrase or of a near-miss, laid into a scene.

    Attributes:
        embeddings: Shape (n, 96).
        end_s: Where the phrase ends; None for a near-miss.
        source: ``synthetic``, ``cut`` or ``said``.
        speaker: Who said it.
        age: Years; 0 for a synthetic voice.
        scene: ``train`` or one of `CONDITIONS`.
    """

    embeddings: Embeddings
    end_s: float | None
    source: str
    speaker: str
    age: int
    scene: str

    @property
    def by_child(self) -> bool:
        """Whether a real child said it."""
        return 0 < self.age <= OLDEST_CHILD


@dataclass(frozen=True, slots=True)
class Talk:
    """Everything one speaker read, one after the other.

    Attributes:
        embeddings: Shape (n, 96).
        parts: Words, start and end in seconds of every utterance.
        speaker: Who.
        age: Years.
        spoiled: Whether with rooms and noise.
    """

    embeddings: Embeddings
    parts: tuple[tuple[tuple[str, ...], float, float], ...]
    speaker: str
    age: int
    spoiled: bool

    def windows_without(self, phrase: Sequence[str]) -> NDArray[np.bool_]:
        """For every window of 16 embeddings whether no utterance in it holds the phrase."""
        count = len(self.embeddings) - 15
        ends_s = WINDOW_S + HOP_S * np.arange(count)
        free = np.ones(count, bool)
        for words, start_s, end_s in self.parts:
            if holds(words, phrase):
                free &= (ends_s < start_s) | (ends_s - WINDOW_S > end_s)
        return free


@dataclass(frozen=True, slots=True)
class Plan:
    """One clip to make: a text by a synthetic voice, or sound that is already there."""

    seed: int
    scene: str
    positive: bool
    source: str
    speaker: str
    age: int
    text: str = ""
    held_out: bool = False
    sound: Sound | None = None


def holds(words: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether the phrase's words follow each other in `words`."""
    count = len(phrase)
    wanted = tuple(phrase)
    return any(tuple(words[at : at + count]) == wanted for at in range(len(words) - count + 1))


def talks(utterances: Sequence[Utterance], processes: int, *, copies: Sequence[bool]) -> list[Talk]:
    """Streams of all speakers, a clean or a spoiled one for every entry of `copies`."""
    ordered = sorted(utterances, key=lambda u: (u.speaker, u.name))
    grouped = [tuple(group) for _, group in itertools.groupby(ordered, lambda u: u.speaker)]
    jobs = [(group, index, spoil) for group in grouped for index, spoil in enumerate(copies)]
    return _pooled(_talk, jobs, utterances, processes)


def clips(plans: Sequence[Plan], utterances: Sequence[Utterance], processes: int) -> list[Spoken]:
    """The planned clips; those that a synthesiser could not say are left out."""
    made = _pooled(_clip, list(plans), utterances, processes)
    kept = [clip for clip in made if clip is not None]
    if len(kept) < len(made):
        _log.warning("left out clips=%d of=%d", len(made) - len(kept), len(made))
    return kept


def synthetic_plans(
    phrase: str, vocabulary: Sequence[str], count: int, seed: int, *, held_out: bool = False
) -> list[Plan]:
    """The phrase by `count` synthetic voices; when for training, half as many near-misses too."""
    rng = np.random.default_rng(seed)
    near = voices.near_misses(phrase, vocabulary)
    scenes = [name for name, _ in CONDITIONS] if held_out else ["train"]
    plans = [
        Plan(seed + index, scene, True, "synthetic", "", 0, phrase, held_out)
        for index in range(count)
        for scene in scenes
    ]
    if not held_out:
        plans += [
            Plan(seed + count + index, "train", False, "synthetic", "", 0, str(rng.choice(near)))
            for index in range(count // 2)
        ]
    return plans


def cut_plans(
    ways: Sequence[Phones], aligned: Sequence[Aligned], per_speaker: int, seed: int,
    *, judged: bool = False,
) -> list[Plan]:  # fmt: skip
    """The phrase in real voices, and when for training as many near-misses in them."""
    rng = np.random.default_rng(seed)
    plans: list[Plan] = []
    scenes = [name for name, _ in CONDITIONS] if judged else ["train"]
    for recordings in by_speaker(aligned):
        name, age = recordings[0][0].speaker, recordings[0][0].age
        speaker = Speaker(recordings)
        for _ in range(per_speaker):
            way = ways[int(rng.integers(len(ways)))]
            for positive in (True,) if judged else (True, False):
                phones = way if positive else varied(way, rng)
                sound = speaker.say(phones, rng) if positive or phones not in ways else None
                if sound is not None:
                    plans += [
                        Plan(int(rng.integers(2**31)), s, positive, "cut", name, age, sound=sound)
                        for s in scenes
                    ]
    return plans


def said_plans(phrase: str, aligned: Sequence[Aligned], seed: int) -> list[Plan]:
    """Real recordings of the phrase: what is said, up to the phrase's end, in all scenes."""
    words = tuple(phrase.split())
    plans = []
    for number, (utterance, path) in enumerate(aligned):
        ends = _word_ends(utterance, path)
        for at in range(len(utterance.words) - len(words) + 1):
            if utterance.words[at : at + len(words)] != words:
                continue
            end = ends[at + len(words) - 1] * 160
            sound = utterance.samples()[: end + 1600]
            sound = np.asarray(sound * (0.6 / max(float(np.abs(sound).max()), 1e-4)), np.float32)
            plans += [
                Plan(seed + number, scene, True, "said", utterance.speaker, utterance.age,
                     sound=sound)
                for scene, _ in CONDITIONS
            ]  # fmt: skip
    return plans


def _word_ends(utterance: Utterance, path: NDArray[np.int16]) -> list[int]:
    """One past the last frame of every word."""
    edges = np.flatnonzero(np.diff(path.astype(int), prepend=-1))
    ends = np.append(edges[1:], len(path))
    phones = [int(b) for a, b in zip(edges, ends, strict=True) if path[a] != SILENCE][2::3]
    last = np.cumsum([len(word) for word in utterance.phones]) - 1
    return [phones[place] for place in last]


_embedder: Embedder
_others: list[Sound]
_scratch: Path


def _prepare(others: Sequence[Utterance]) -> None:
    global _embedder, _others, _scratch  # noqa: PLW0603 - a worker process's own
    _embedder = Embedder()
    _others = [other.samples() for other in others]
    _scratch = Path(tempfile.mkdtemp(prefix="myna-wake-"))


def _pooled(
    work: Callable[[_Job], _Made],
    jobs: Sequence[_Job],
    others: Sequence[Utterance],
    processes: int,
) -> list[_Made]:
    step = max(1, len(others) // BACKGROUND_VOICES)
    with multiprocessing.get_context("fork").Pool(
        processes, initializer=_prepare, initargs=(others[::step],)
    ) as pool:
        return pool.map(work, jobs, chunksize=4)


def _talk(job: tuple[tuple[Utterance, ...], int, bool]) -> Talk:
    group, copy, spoil = job
    rng = np.random.default_rng(zlib.crc32(f"{group[0].speaker} {copy}".encode()))
    pieces, parts, at = [], [], 0
    for utterance in group:
        sound = utterance.samples()
        sound = spoiled(rng, sound, _others) if spoil else sound
        parts.append((utterance.words, at / RATE_HZ, (at + sound.size) / RATE_HZ))
        gap = np.zeros(int(GAP_S * RATE_HZ), np.float32)
        pieces += [sound, gap]
        at += sound.size + gap.size
    stream = np.concatenate(pieces)
    dither = (1e-4 * rng.normal(size=stream.size)).astype(np.float32)
    embedded = _embedder.embed(stream + dither)
    return Talk(embedded, tuple(parts), group[0].speaker, group[0].age, spoil)


def _clip(plan: Plan) -> Spoken | None:
    rng = np.random.default_rng([plan.seed, zlib.crc32(plan.scene.encode())])
    speaker, voice = plan.speaker, plan.sound
    if voice is None:
        chosen = voices.drawn(np.random.default_rng(plan.seed), held_out=plan.held_out)
        try:
            voice = voices.speak(plan.text, chosen, _scratch)
        except (OSError, RuntimeError, ValueError, voices.subprocess.SubprocessError):
            return None
        speaker = f"{chosen.engine} {chosen.name}"
    if voice.size < RATE_HZ // 10:
        return None
    margin = 1600 if plan.source == "said" else 160
    end_s = LEAD_S + (voice.size - margin) / RATE_HZ
    before = np.zeros(int(LEAD_S * RATE_HZ), np.float32)
    after = np.zeros(int(TAIL_S * RATE_HZ), np.float32)
    if plan.scene == "train" and rng.random() < 0.3:  # right after other talk
        other = np.resize(_others[int(rng.integers(len(_others)))], before.size)
        gap = int(rng.uniform(0.1, 0.5) * RATE_HZ)
        before[:-gap] = 0.7 * other[gap:] / max(float(np.abs(other).max()), 1e-3)
    laid = np.concatenate([before, voice, after]).astype(np.float32)
    if plan.scene == "train":
        laid = spoiled(rng, laid, _others)
    else:
        laid = heard(rng, laid, _others, snr_db=dict(CONDITIONS)[plan.scene])
    laid = laid + (1e-4 * rng.normal(size=laid.size)).astype(np.float32)
    embedded = _embedder.embed(laid)
    end = end_s if plan.positive else None
    return Spoken(embedded, end, plan.source, speaker, plan.age, plan.scene)


def window_ends_s(embeddings: Embeddings) -> NDArray[np.float64]:
    """When every window of 16 embeddings ends."""
    return FIRST_END_S + HOP_S * np.arange(15, len(embeddings))
