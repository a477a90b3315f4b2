"""Makes the ears: ``python -m training.ears --corpus FOLDER``, after ``python -m training``.

The encoder (`training.encoder`) hears every recording and every synthetic voice twice: as it is,
and as a room, noise and the front end leave it. On its output one small network learns for each of
the four folds of speakers, from the alignments that ``python -m training`` left. Each fold's own
ears stay in the work folder (``ears0.onnx`` …) for judging; the mean of the four is what ships.
"""

from __future__ import annotations

import argparse
import functools
import logging
import multiprocessing
import os
import pickle
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dialog.phone_features import SHIFT_SAMPLES, WINDOW_SAMPLES, conditioned
from dialog.speech_ears import FIRST_CENTRE_SAMPLES, STEP_SAMPLES
from training import corpus, dictionary, ears_export, ears_network, encoder
from training.augment import spoiled
from training.corpus import FOLDS, Utterance
from training.ears_network import Example, Network
from training.kept import once
from training.labels import Labels, labels
from training.realign import Aligned

_log = logging.getLogger("training.ears")

REPOSITORY = Path(__file__).parents[1]
EPOCHS = 5
PIECES = 64
OTHERS_EVERY = 8
"""One recording in so many is babble or television behind others."""

Encoded = dict[str, list[NDArray[np.float16]]]


def main() -> None:
    """Train what is missing and write the model."""
    parser = argparse.ArgumentParser(prog="python -m training.ears", description=__doc__)
    parser.add_argument("--corpus", type=Path, help="speechocean762 (or set MYNA_CORPUS)")
    parser.add_argument("--work", type=Path, default=REPOSITORY / "build" / "training")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "dialog" / "models")
    parser.add_argument(
        "--fold", type=int, help="make this fold's ears alone, which stay in the work folder"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    utterances = corpus.load(corpus.corpus_folder(chosen.corpus), dictionary.load())
    folds = corpus.folds(utterances)
    cut = chosen.work / "encoder.onnx"
    if not cut.is_file():
        encoder.cut(cut)
    known = aligned(chosen.work)
    encoded = heard(
        [utterance for utterance, _ in known],
        utterances[::OTHERS_EVERY],
        cut,
        chosen.work,
        chosen.processes,
    )
    learnt_from = examples(known, encoded)
    networks, shares = [], []
    for fold in range(FOLDS) if chosen.fold is None else [chosen.fold]:
        own = [example for speaker, example in learnt_from if folds.get(speaker) != fold]
        network = _fitted(own, fold, chosen.work / f"ears{fold}.pt")
        networks.append(network)
        shares.append(ears_network.priors(each.state for each in own))
        ears_export.export(cut, [network], shares[-1], chosen.work / f"ears{fold}.onnx")
    if chosen.fold is None:
        ears_export.export(cut, networks, np.mean(shares, axis=0), chosen.out / "ears.onnx")


def aligned(work: Path) -> list[Aligned]:
    """Recordings and synthetic voices with their alignments.

    Raises:
        SystemExit: ``python -m training`` has left none.
    """
    path = work / "realigned.pickle"
    if not path.is_file():
        raise SystemExit(f"{path} is missing; run python -m training first")
    with path.open("rb") as file:
        kept: list[Aligned] = pickle.load(file)  # noqa: S301 - written by training.__main__
    return kept


def heard(
    utterances: Sequence[Utterance],
    others: Sequence[Utterance],
    cut: Path,
    work: Path,
    processes: int,
) -> Encoded:
    """The encoder's output for every utterance by name: clean, then spoiled.

    Args:
        utterances: To be heard.
        others: Speech for babble and television.
        cut: The encoder.
        work: Where the result is kept.
        processes: How many processors to use.
    """

    def made() -> Encoded:
        _log.info("encoding utterances=%d", len(utterances))
        work_on = functools.partial(_encode, cut=cut)
        with multiprocessing.get_context("spawn").Pool(
            processes, initializer=_load_others, initargs=(others,)
        ) as pool:
            found: Encoded = {}
            pieces = [utterances[start::PIECES] for start in range(PIECES)]
            for piece in pool.imap_unordered(work_on, pieces):
                found.update(piece)
        return found

    return once(work / "encoded.pickle", made)


def examples(known: Sequence[Aligned], encoded: Encoded) -> list[tuple[str, Example]]:
    """Every utterance with its speaker, as the network learns it."""
    made = []
    for utterance, states in known:
        said = labels(states, utterance)
        if said is not None:
            made.append((utterance.speaker, _example(encoded[utterance.name], said)))
    return made


def _example(copies: Sequence[NDArray[np.float16]], known: Labels) -> Example:
    said = at_steps(known, len(copies[0]))
    return Example(copies, said.state, said.phone, said.score)


def at_steps(known: Labels, steps: int) -> Labels:
    """The labels at the middles of so many of the encoder's steps."""
    centre = FIRST_CENTRE_SAMPLES + STEP_SAMPLES * np.arange(steps)
    at = np.rint((centre - WINDOW_SAMPLES // 2) / SHIFT_SAMPLES).astype(np.int64)
    at = np.clip(at, 0, len(known.state) - 1)
    return Labels(known.state[at], known.phone[at], known.score[at])


def _fitted(own: Sequence[Example], fold: int, path: Path) -> Network:
    if not path.is_file():
        _log.info("training fold=%d utterances=%d", fold, len(own))
        torch.save(ears_network.fit(own, epochs=EPOCHS, seed=fold).state_dict(), path)
    network = Network()
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval()


_others: list[tuple[str, NDArray[np.float32]]] = []


def _load_others(utterances: Sequence[Utterance]) -> None:
    _others.extend((each.speaker, each.samples()) for each in utterances)


def _encode(utterances: Sequence[Utterance], *, cut: Path) -> Encoded:
    ears = encoder.loaded(cut)
    made: Encoded = {}
    for each in utterances:
        voice = each.samples()
        rng = np.random.default_rng([zlib.crc32(each.name.encode()), 7])
        others = [sound for speaker, sound in _others if speaker != each.speaker]
        rendered = (voice, spoiled(rng, voice, others))
        made[each.name] = [ears.hidden(conditioned(sound)) for sound in rendered]
    return made


if __name__ == "__main__":
    main()
