"""Utterances as the network sees them: features of clean and spoiled copies."""

from __future__ import annotations

import functools
import multiprocessing
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from dialog.phone_features import features
from training.augment import spoiled
from training.corpus import Utterance

SPEEDS = (0.9, 1.0, 1.1)


@dataclass(frozen=True, slots=True)
class Copy:
    """One rendering of an utterance.

    Attributes:
        bands: Features, float16, shape (frames, 40).
        speed: Frame t shows what the alignment has at frame ``t * speed``.
    """

    bands: NDArray[np.float16]
    speed: float


def render(
    utterances: Sequence[Utterance],
    others: Sequence[Utterance],
    *,
    clean: bool,
    spoiled_copies: int,
    processes: int,
) -> dict[str, list[Copy]]:
    """Copies of every utterance, by name: at three speeds clean, and spoiled at random speeds.

    Args:
        utterances: To be rendered.
        others: Speech for babble and television.
        clean: Whether to make the clean copies.
        spoiled_copies: How many spoiled ones.
        processes: How many processors to use.
    """
    work = functools.partial(_copies, clean=clean, spoiled_copies=spoiled_copies)
    with multiprocessing.get_context("spawn").Pool(
        processes, initializer=_load_others, initargs=(others,)
    ) as pool:
        found = pool.map(work, utterances, chunksize=20)
    return {u.name: copies for u, copies in zip(utterances, found, strict=True)}


_others: list[tuple[str, NDArray[np.float32]]] = []


def _load_others(utterances: Sequence[Utterance]) -> None:
    _others.extend((u.speaker, u.samples()) for u in utterances)


def _copies(utterance: Utterance, *, clean: bool, spoiled_copies: int) -> list[Copy]:
    # The copies made beside clean ones are others than those made without.
    rng = np.random.default_rng([zlib.crc32(utterance.name.encode()), clean])
    voice = utterance.samples()
    others = [sound for speaker, sound in _others if speaker != utterance.speaker]
    made = []
    if clean:
        made.extend(
            Copy(features(_faster(voice, speed)).astype(np.float16), speed) for speed in SPEEDS
        )
    for _ in range(spoiled_copies):
        speed = float(rng.uniform(SPEEDS[0], SPEEDS[-1]))
        sound = spoiled(rng, _faster(voice, speed), others)
        made.append(Copy(features(sound).astype(np.float16), speed))
    return made


def _faster(voice: NDArray[np.float32], speed: float) -> NDArray[np.float32]:
    """Speed and pitch together, as a smaller or bigger speaker would sound."""
    if speed == 1.0:
        return voice
    return np.asarray(soxr.resample(voice, 16_000 * speed, 16_000, quality="LQ"), np.float32)
