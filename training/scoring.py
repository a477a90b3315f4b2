"""Makes the scorer: ``python -m training.scoring --corpus FOLDER``, after the acoustic model.

Every recording is heard by the acoustic model of the fold that its speaker had no part in, so that
what the scorer learns from looks like what it will meet. Its networks learn in the same folds; the
mean of them all is what ships, and each fold's own stays in the work folder, where
``myna bench scoring --long`` finds it.
"""

from __future__ import annotations

import argparse
import functools
import logging
import multiprocessing
import os
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dialog.phone_alignment import align
from dialog.phone_set import PHONES
from dialog.scoring.figures import figures
from dialog.speech_ears import SpeechEars
from training import corpus, dictionary, scoring_lexicon, scoring_network
from training.corpus import FOLDS, Utterance
from training.scoring_data import Judged, Standard, judged, standard
from training.scoring_network import Network, Sentence
from training.scoring_tables import tables

_log = logging.getLogger("training.scoring")

REPOSITORY = Path(__file__).parents[1]
EPOCHS = 8
SEEDS = (0,)
EVERY_OTHER = 2
"""One recording in so many is also aligned to a text that was not said in it."""
ALIKE_PHONES = 3
"""That text is at most this many phones longer or shorter."""

Heard = tuple[list[Judged], list[tuple[int, NDArray[np.float32]]]]


def main() -> None:
    """Train and write the model and the dictionary."""
    parser = argparse.ArgumentParser(prog="python -m training.scoring", description=__doc__)
    parser.add_argument("--corpus", type=Path, help="speechocean762 (or set MYNA_CORPUS)")
    parser.add_argument("--work", type=Path, default=REPOSITORY / "build" / "training")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "dialog" / "models")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    known = dictionary.load()
    utterances = corpus.load(corpus.corpus_folder(chosen.corpus), known)
    words = scoring_lexicon.merged(known, scoring_lexicon.used(utterances))
    scoring_lexicon.write(chosen.out / "pronunciations.txt.gz", words)
    sentences, others = hear_all(utterances, chosen.work, chosen.processes)
    scale = standard(sentences)
    networks, predicted = cross_validated(sentences, scale, chosen.processes)
    for fold in range(FOLDS):
        kept = [index for index, one in enumerate(sentences) if one.fold != fold]
        trained = tables(
            [sentences[index] for index in kept],
            [predicted[index] for index in kept],
            [other for other in others if other[0] != fold],
            scale,
        )
        scoring_network.export(networks[fold], trained, chosen.work / f"scorer{fold}.onnx")
    trained = tables(sentences, predicted, others, scale)
    everything = [network for fold in networks for network in fold]
    scoring_network.export(everything, trained, chosen.out / "scorer.onnx")


def hear_all(utterances: Sequence[Utterance], work: Path, processes: int) -> Heard:
    """All recordings as judged sentences, and some aligned to what was not said.

    Raises:
        SystemExit: The acoustic model's folds are not there yet.
    """
    folds = corpus.folds(utterances)
    heard: Heard = ([], [])
    for fold in range(FOLDS):
        model = work / f"ears{fold}.onnx"
        if not model.is_file():
            raise SystemExit(f"{model} is missing; run python -m training.ears first")
        path = work / f"heard{fold}.pickle"
        if not path.is_file() or path.stat().st_mtime < model.stat().st_mtime:
            _log.info("hearing fold=%d", fold)
            own = [u for u in utterances if folds[u.speaker] == fold and u.scores is not None]
            pieces = [own[start::16] for start in range(16)]
            work_on = functools.partial(_hear, model=model, fold=fold, texts=utterances)
            with multiprocessing.get_context("spawn").Pool(processes) as pool:
                found = pool.map(work_on, pieces)
            path.write_bytes(pickle.dumps(found))
        with path.open("rb") as file:
            pieces = pickle.load(file)  # noqa: S301 - written a line above
        for sentences, others in pieces:
            heard[0].extend(sentences)
            heard[1].extend(others)
    return heard


def cross_validated(
    sentences: Sequence[Judged], scale: Standard, processes: int
) -> tuple[list[list[Network]], list[NDArray[np.float64]]]:
    """Networks by fold and seed; every sentence's scores by those that never heard its voice."""
    jobs = [(fold, seed) for fold in range(FOLDS) for seed in SEEDS]
    prepared = [scale.sentence(one) for one in sentences]
    folds = [one.fold for one in sentences]
    fit_one = functools.partial(_fit, sentences=prepared, folds=folds)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        fitted = pool.starmap(fit_one, jobs, chunksize=1)
    networks = [[n for n, (f, _) in zip(fitted, jobs, strict=True) if f == k] for k in range(FOLDS)]
    predicted: list[NDArray[np.float64]] = []
    for one, fold in zip(prepared, folds, strict=True):
        given = [scoring_network.predict(network, [one])[0] for network in networks[fold]]
        predicted.append(np.clip(np.mean(given, axis=0), 0.0, 2.0))
    return networks, predicted


def _fit(fold: int, seed: int, *, sentences: Sequence[Sentence], folds: Sequence[int]) -> Network:
    torch.set_num_threads(1)
    chosen = [one for one, own in zip(sentences, folds, strict=True) if own != fold]
    network = scoring_network.fit(chosen, epochs=EPOCHS, seed=seed)
    logging.getLogger("training.scoring").info("fitted fold=%d seed=%d", fold, seed)
    return network


def _hear(
    utterances: Sequence[Utterance], *, model: Path, fold: int, texts: Sequence[Utterance]
) -> Heard:
    acoustic = SpeechEars(model)
    found: Heard = ([], [])
    for index, utterance in enumerate(utterances):
        frames = acoustic.frames(utterance.samples())
        own = judged([utterance], {utterance.name: frames}, {utterance.speaker: fold})
        found[0].extend(own)
        if index % EVERY_OTHER:
            continue
        other = _another_text(utterance, texts, seed=index)
        spans = align(frames, [[tuple(PHONES[p] for p in word)] for word in other.phones])
        if spans:
            found[1].append((fold, figures(frames, spans)))
    return found


def _another_text(utterance: Utterance, texts: Sequence[Utterance], *, seed: int) -> Utterance:
    """A sentence of the corpus of about the same length that shares no word with it, if any."""
    size = sum(map(len, utterance.phones))
    alike = [
        text
        for text in texts
        if abs(sum(map(len, text.phones)) - size) <= ALIKE_PHONES
        and not set(text.words) & set(utterance.words)
    ]
    chosen: Utterance = np.random.default_rng(seed).choice(np.array(alike or texts, object))
    return chosen


if __name__ == "__main__":
    main()
