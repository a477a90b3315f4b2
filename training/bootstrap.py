"""First alignments, by PocketSphinx; from there on the own model aligns for itself."""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence

import numpy as np
import pocketsphinx
from numpy.typing import NDArray

from dialog.phone_set import PHONE_ID, PHONES, SILENCE, STATES_PER_PHONE
from training.corpus import Utterance

Path_ = NDArray[np.int16]
"""For every 10 ms the output index of the state spoken then."""

BEAMS = (1e-80, 0.0)
"""Tried in turn: a few utterances are so far from their text that only an open beam ends."""

_decoders: dict[float, pocketsphinx.Decoder] = {}


def align(utterances: Sequence[Utterance], processes: int) -> dict[str, Path_]:
    """States of every utterance that can be aligned, by name."""
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        found = pool.map(_aligned, utterances, chunksize=20)
    return {u.name: path for u, path in zip(utterances, found, strict=True) if path is not None}


def _aligned(utterance: Utterance) -> Path_ | None:
    pcm = np.clip(utterance.samples() * 32768.0, -32768, 32767).astype(np.int16)
    for beam in BEAMS:
        try:
            return _states(_decoder(beam), utterance, pcm.tobytes(), pcm.size // 160)
        except RuntimeError:
            continue
    return None


def _decoder(beam: float) -> pocketsphinx.Decoder:
    if beam not in _decoders:
        _decoders[beam] = pocketsphinx.Decoder(
            lm=None, loglevel="FATAL", bestpath=False, cmn="batch", beam=beam, pbeam=beam,
            wbeam=beam,
        )  # fmt: skip
    return _decoders[beam]


def _states(decoder: pocketsphinx.Decoder, utterance: Utterance, pcm: bytes, frames: int) -> Path_:
    names = []
    for phones in utterance.phones:
        spoken = [PHONES[phone] for phone in phones]
        name = "w_" + "_".join(spoken).lower()
        if decoder.lookup_word(name) is None:
            decoder.add_word(name, " ".join(spoken), False)
        names.append(name)
    decoder.set_align_text(" ".join(names))
    _run(decoder, pcm)
    decoder.set_alignment()
    _run(decoder, pcm)
    path = np.full(frames, SILENCE, np.int16)
    for word in decoder.get_alignment():
        for phone in word:
            if phone.name not in PHONE_ID:
                continue
            for index, state in enumerate(phone):
                output = PHONE_ID[phone.name] * STATES_PER_PHONE + min(index, 2)
                path[state.start : state.start + state.duration] = output
    return path


def _run(decoder: pocketsphinx.Decoder, pcm: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
