"""``python -m training.wake.listening``: the wake phrase's stages, after ``python -m training``.

Copies the acoustic model into the form that streams, listens with it to three quarters of the
speakers for phrases that they said, nearly said and did not say, and fits the verifier; what share
of a third of them is missed at one false accept for each phrase and hour says where it wakes.
Where ``fold0.onnx`` to ``fold3.onnx`` are in the work folder each speaker is heard by a model that
never heard it; without them by the shipped one, which has, and which flatters.
"""

from __future__ import annotations

import argparse
import functools
import logging
import multiprocessing
import pickle
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dialog.phone_features import conditioned, log_mel, loud_mean
from dialog.wake.acoustics import MODEL_PATH, Network
from dialog.wake.verifier import VERIFIER_PATH
from training import corpus, dictionary
from training.corpus import FOLDS, Utterance
from training.wake import stream_weights, verify
from training.wake.pairs import OTHERS, Listener, Pair, said

_log = logging.getLogger(__name__)

REPOSITORY = Path(__file__).parents[2]
HELD_OUT_FOLD = 0
THIRDS = 3
EPOCHS, SEED = 8, 1
ACCEPTS_PER_HOUR = 1.0
COMMON = frozenset(("a", "the", "to", "of", "and", "is", "in", "i"))


def typical_bands(utterances: Sequence[Utterance]) -> NDArray[np.float32]:
    """Mean bands of loud speech over some recordings, shape (40,)."""
    some = [loud_mean(log_mel(conditioned(u.samples()))) for u in utterances[::10]]
    return np.mean(some, axis=0).astype(np.float32)


def akin(pair: Pair, words: Sequence[str]) -> Pair:
    """A phrase that shares a word with what was said is a near-miss, not other talk."""
    shared = set(pair.phrase.split()) & set(words) - COMMON
    return replace(pair, kind="near") if pair.kind == "other" and shared else pair


def judged(pairs: Sequence[Pair], hours: float) -> tuple[float, dict[str, tuple[float, int]]]:
    """Where to wake, and what is missed there, by speakers that were not learnt from.

    Args:
        pairs: Of all speakers.
        hours: For each phrase, listened to altogether.

    Returns:
        The logit with `ACCEPTS_PER_HOUR`, and by scene and age the share missed, of how many.
    """
    speakers = sorted({pair.speaker for pair in pairs})
    third = {speaker: place % THIRDS for place, speaker in enumerate(speakers)}
    scored: list[tuple[Pair, float]] = []
    for part in range(THIRDS):
        network = verify.fit(
            [pair for pair in pairs if third[pair.speaker] != part], epochs=EPOCHS, seed=SEED
        )
        theirs = [pair for pair in pairs if third[pair.speaker] == part]
        scored += zip(theirs, verify.logits([network], theirs).tolist(), strict=True)
    accepts = sorted((logit for pair, logit in scored if pair.kind == "other"), reverse=True)
    threshold = accepts[min(int(ACCEPTS_PER_HOUR * hours), len(accepts) - 1)]
    best: dict[tuple[str, str, str], float] = {}
    for pair, logit in scored:
        if pair.kind == "said":
            who = "children" if pair.age <= corpus.OLDEST_CHILD else "adults"
            key = (f"{pair.scene}, {who}", pair.utterance, pair.phrase)
            best[key] = max(best.get(key, logit), logit)
    missed: dict[str, list[bool]] = {}
    for (group, _, _), logit in best.items():
        missed.setdefault(group, []).append(logit < threshold)
    return threshold, {group: (float(np.mean(m)), len(m)) for group, m in missed.items()}


_listener: Listener


def _prepare(
    weights: dict[int, Path],
    folds: dict[str, int],
    others: Sequence[Utterance],
    pool: list[tuple[str, ...]],
) -> None:
    global _listener  # noqa: PLW0603 - a worker process's own
    networks = {fold: Network.load(path) for fold, path in weights.items()}
    _listener = Listener(networks, folds, None, [each.samples() for each in others], pool)


def _listen(task: tuple[int, Utterance]) -> list[Pair]:
    place, utterance = task
    scene = "clean" if place % THIRDS == 0 else "spoiled"
    return _listener.listen(utterance, [scene], judged=False)


def main() -> None:
    """Make both files."""
    parser = argparse.ArgumentParser(prog="python -m training.wake.listening", description=__doc__)
    parser.add_argument("--corpus", type=Path, help="speechocean762 (or set MYNA_CORPUS)")
    parser.add_argument("--work", type=Path, default=REPOSITORY / "build" / "training")
    parser.add_argument("--model", type=Path, default=MODEL_PATH.parent.parent / "phones.onnx")
    parser.add_argument("--every", type=int, default=1, help="listen to every n-th utterance only")
    parser.add_argument("--processes", type=int, default=1)
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    utterances = corpus.load(corpus.corpus_folder(chosen.corpus), dictionary.load())
    folds = corpus.folds(utterances)
    bands = typical_bands(utterances)
    stream_weights.write(chosen.model, bands, MODEL_PATH)
    with tempfile.TemporaryDirectory() as scratch:
        weights = {-1: MODEL_PATH}
        for fold in range(FOLDS):
            path = chosen.work / f"fold{fold}.onnx"
            if path.is_file():
                weights[fold] = Path(scratch) / f"fold{fold}.npz"
                stream_weights.write(path, bands, weights[fold])
        _log.info("networks folds=%d", len(weights) - 1)
        learnt = [u for u in utterances if folds[u.speaker] != HELD_OUT_FOLD][:: chosen.every]
        pool = sorted({words for utterance in utterances for words in said(utterance)})
        prepare = functools.partial(_prepare, weights, folds, utterances[::42], pool)
        with multiprocessing.get_context("spawn").Pool(chosen.processes, prepare) as workers:
            found = workers.map(_listen, list(enumerate(learnt)), chunksize=8)
    pairs = [akin(p, u.words) for u, theirs in zip(learnt, found, strict=True) for p in theirs]
    (chosen.work / "wake_pairs.pickle").write_bytes(pickle.dumps(pairs))
    seconds = sum(u.samples().size for u in learnt) / 16_000
    offset, missed = judged(pairs, seconds * OTHERS / 3600)
    for group, (share, count) in sorted(missed.items()):
        print(f"{group}: missed {share:.1%} of {count}")
    held_out = [speaker for speaker, fold in folds.items() if fold == HELD_OUT_FOLD]
    network = verify.fit(pairs, epochs=EPOCHS, seed=SEED)
    verify.write(network, VERIFIER_PATH, offset=offset, held_out=held_out)


if __name__ == "__main__":
    main()
