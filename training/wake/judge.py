"""Misses and false accepts of a head on people and voices that it never heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.corpus import OLDEST_CHILD
from training.wake.data import CONDITIONS, Spoken, Talk
from training.wake.embed import HOP_S
from training.wake.fit import Head, best_near_end, scores

REFRACTORY_S = 1.5


@dataclass(frozen=True, slots=True)
class Judged:
    """Scores of a head on everything held out.

    Attributes:
        spoken: Best logit near the end of every positive clip.
        clips: Those clips.
        accepts: Logits of false accepts: peaks at least a refractory time apart, highest first.
        child_accepts: Those in children's talk.
        hours: Of talk listened to.
    """

    spoken: NDArray[np.float64]
    clips: Sequence[Spoken]
    accepts: NDArray[np.float64]
    child_accepts: NDArray[np.float64]
    hours: float

    def threshold(self, accepts_per_hour: float) -> float:
        """The lowest logit with at most so many false accepts an hour."""
        allowed = int(accepts_per_hour * self.hours)
        return float(self.accepts[allowed]) + 1e-3

    def table(self, threshold: float) -> dict[str, dict[str, tuple[int, int]]]:
        """For every source and group, per condition: how many were missed, of how many."""
        found: dict[str, dict[str, tuple[int, int]]] = {}
        for name, _ in CONDITIONS:
            for clip, score in zip(self.clips, self.spoken, strict=True):
                if clip.scene != name:
                    continue
                who = "child" if clip.by_child else "adult" if clip.age else clip.speaker
                row = found.setdefault(f"{clip.source}, {who}", {})
                missed, count = row.get(name, (0, 0))
                row[name] = (missed + int(score < threshold), count + 1)
        return found


def judge(
    heads: Sequence[Head], phrase: Sequence[str], clips: Sequence[Spoken], talks: Sequence[Talk]
) -> Judged:
    """Scores of clips of the phrase, and of talk without it."""
    positive = [clip for clip in clips if clip.end_s is not None]
    spoken = [best_near_end(scores(heads, clip.embeddings), clip) for clip in positive]
    accepts: list[float] = []
    child_accepts: list[float] = []
    windows = 0
    for talk in talks:
        free = talk.windows_without(phrase)
        peaks = _peaks(np.where(free, scores(heads, talk.embeddings), -np.inf))
        accepts += peaks
        child_accepts += peaks if talk.age <= OLDEST_CHILD else []
        windows += int(free.sum())
    order = -np.sort(-np.array(accepts))
    return Judged(
        np.array(spoken), positive, order, np.array(child_accepts), windows * HOP_S / 3600
    )


def _peaks(scored: NDArray[np.float64]) -> list[float]:
    """Highest first, each at least a refractory time from those taken before."""
    apart = round(REFRACTORY_S / HOP_S)
    left, found = scored.copy(), []
    for _ in range(60):
        at = int(left.argmax())
        if not np.isfinite(left[at]):
            break
        found.append(float(left[at]))
        left[max(0, at - apart) : at + apart] = -np.inf
    return found
