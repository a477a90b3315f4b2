"""Alignments by the own model: what it aligns on the device is what it then learns from."""

from __future__ import annotations

import functools
import multiprocessing
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dialog.phone_alignment import align
from dialog.phone_model import PhoneModel
from dialog.phone_set import PHONE_ID, PHONES, SILENCE, STATES_PER_PHONE
from training.corpus import Utterance

Lexicon = Mapping[str, Sequence[tuple[str, ...]]]
Aligned = tuple[Utterance, NDArray[np.int16]]


def realign(
    utterances: Sequence[Utterance], model: Path, lexicon: Lexicon, processes: int
) -> list[Aligned]:
    """Utterances with the output spoken in every frame; those too short for their text left out.

    An utterance without phones gets those of the pronunciations that fit best.
    """
    work = functools.partial(_aligned, model=model, lexicon=lexicon)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return [found for found in pool.map(work, utterances, chunksize=20) if found is not None]


@functools.lru_cache(maxsize=1)
def _model(path: Path) -> PhoneModel:
    return PhoneModel(path)


def _aligned(utterance: Utterance, *, model: Path, lexicon: Lexicon) -> Aligned | None:
    frames = _model(model).frames(utterance.samples())
    if utterance.phones:
        ways = [[tuple(PHONES[phone] for phone in word)] for word in utterance.phones]
    else:
        ways = [list(lexicon[word]) for word in utterance.words]
    spans = align(frames, ways)
    if not spans:
        return None
    path = np.full(len(frames.log_posteriors), SILENCE, np.int16)
    said: list[list[int]] = [[] for _ in utterance.words]
    for span in spans:
        said[span.word_index].append(PHONE_ID[span.phone])
        for part, (start, end) in enumerate(span.state_spans):
            path[start:end] = PHONE_ID[span.phone] * STATES_PER_PHONE + part
    return replace(utterance, phones=tuple(map(tuple, said))), path
