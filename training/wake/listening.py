"""``python -m training.wake.listening``: the wake phrase's stages, after ``python -m training``.

Copies the acoustic model into the form that streams, listens with it to three quarters of the
speakers for phrases that they said, nearly said and did not say, and fits the verifier; what share
of each fold of them is missed by a verifier fitted to the others, at thirty false accepts for each
phrase and hour, says where it finds one. Those verifiers are kept for `training.wake.people`.
Where ``fold0.onnx`` to ``fold3.onnx`` are in the work folder each speaker is heard by a model that
never heard it; without them by the shipped one, which has, and which flatters. What was listened to
is kept there: a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from dialog.phone_features import conditioned, log_mel, loud_mean
from dialog.wake.acoustics import MODEL_PATH
from dialog.wake.verifier import VERIFIER_PATH
from training import corpus
from training.corpus import FOLDS, Utterance
from training.wake import stream_weights, verify
from training.wake.gathering import Gathering, read
from training.wake.pairs import OTHERS, Listener, Pair
from training.wake.people_sayings import PHRASES

_log = logging.getLogger(__name__)

REPOSITORY = Path(__file__).parents[2]
HELD_OUT_FOLD = 0
LEARNT_FOLDS = tuple(fold for fold in range(FOLDS) if fold != HELD_OUT_FOLD)
EPOCHS, SEED = 5, 1
COPIES = 2
JUDGES_EVERY = 3
"""Of the pairs, those that a judge learns from: a threshold needs no more."""
ACCEPTS_PER_HOUR = 30.0
"""Where a path counts for this stage alone; the last word on it follows."""


def typical_bands(utterances: Sequence[Utterance]) -> NDArray[np.float32]:
    """Mean bands of loud speech over some recordings, shape (40,)."""
    some = [loud_mean(log_mel(conditioned(u.samples()))) for u in utterances[::10]]
    return np.mean(some, axis=0).astype(np.float32)


def judges(
    pairs: Sequence[Pair],
    folds: Mapping[str, int],
    *,
    every: int = JUDGES_EVERY,
    besides: Sequence[Pair] = (),
) -> dict[int, verify.Network]:
    """By fold a network that has learnt neither from its speakers nor from anybody's judged phrase.

    Args:
        pairs: Of the folds that are learnt from.
        folds: Of the speakers.
        every: Learn from one pair in so many.
        besides: And from these, which are nobody's.
    """
    made = {}
    for fold in reversed(range(FOLDS)):
        others = [
            pair for pair in pairs
            if folds[pair.speaker] != fold and pair.phrase.rstrip("~") not in PHRASES
        ]  # fmt: skip
        learnt = [*others[::every], *besides]
        made[fold] = verify.fit(learnt, epochs=EPOCHS, seed=SEED)
        _log.info("fitted a judge fold=%d pairs=%d", fold, len(learnt))
    return made


def judged(
    pairs: Sequence[Pair],
    folds: Mapping[str, int],
    networks: Mapping[int, verify.Network],
    hours: float,
    *,
    accepts_per_hour: float = ACCEPTS_PER_HOUR,
) -> tuple[float, dict[str, tuple[float, int]]]:
    """Where to wake, and what is missed there, by speakers that were not learnt from.

    Args:
        pairs: Of the folds that are learnt from.
        folds: Of the speakers.
        networks: `judges`.
        hours: For each phrase, listened to altogether.
        accepts_per_hour: Of a phrase that was not said, at the logit that is sought.

    Returns:
        That logit, and by scene and age the share missed, of how many.
    """
    scored: list[tuple[Pair, float]] = []
    for fold, network in networks.items():
        theirs = [pair for pair in pairs if folds[pair.speaker] == fold]
        if theirs:
            scored += zip(theirs, verify.logits([network], theirs).tolist(), strict=True)
    accepts = sorted((logit for pair, logit in scored if pair.kind == "other"), reverse=True)
    threshold = accepts[min(int(accepts_per_hour * hours), len(accepts) - 1)]
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


def networks(model: Path, work: Path, utterances: Sequence[Utterance]) -> dict[int, Path]:
    """Weights that stream: by fold those that have not heard its speakers, under -1 the others.

    Args:
        model: What ships.
        work: Where ``fold0.onnx`` to ``fold3.onnx`` may be; the weights are kept there.
        utterances: To take the mean bands from.
    """
    named = {-1: model, **{fold: work / f"fold{fold}.onnx" for fold in range(FOLDS)}}
    made = {fold: work / f"wake_{path.stem}.npz" for fold, path in named.items() if path.is_file()}
    missing = [fold for fold, path in made.items() if not path.is_file()]
    bands = typical_bands(utterances) if missing else None
    if bands is not None:
        for fold in missing:
            stream_weights.write(named[fold], bands, made[fold])
    _log.info("networks folds=%d", len(made) - 1)
    return made


def options(name: str, about: str | None, out: Path) -> argparse.ArgumentParser:
    """What the commands that make a stage have in common.

    Args:
        name: Of the module.
        about: Its docstring.
        out: Where the result goes unless it is said.
    """
    parser = argparse.ArgumentParser(prog=f"python -m training.wake.{name}", description=about)
    parser.add_argument("--corpus", type=Path, help="speechocean762 (or set MYNA_CORPUS)")
    parser.add_argument("--work", type=Path, default=REPOSITORY / "build" / "training")
    parser.add_argument("--out", type=Path, default=out)
    parser.add_argument("--copies", type=int, default=COPIES, help="how often to hear everybody")
    parser.add_argument("--processes", type=int, default=1)
    return parser


def main() -> None:
    """Make both files."""
    parser = options("listening", __doc__, MODEL_PATH.parent)
    parser.add_argument("--model", type=Path, default=MODEL_PATH.parent.parent / "phones.onnx")
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    known = read(chosen.work, corpus.corpus_folder(chosen.corpus))
    utterances = [utterance for utterance, _ in known]
    folds = corpus.folds(utterances)
    weights = networks(chosen.model, chosen.work, utterances)
    gathering = Gathering(known, Listener, weights, chosen.work / "wake_pairs", chosen.processes)
    pairs = gathering.pairs(LEARNT_FOLDS, chosen.copies)
    seconds = sum(len(path) for u, path in known if folds[u.speaker] in LEARNT_FOLDS) / 100
    hours = chosen.copies * seconds * OTHERS / 3600
    made = judges(pairs, folds)
    offset, missed = judged(pairs, folds, made, hours)
    for group, (share, count) in sorted(missed.items()):
        print(f"{group}: missed {share:.1%} of {count}")
    for fold, judge in made.items():
        verify.write(judge, chosen.work / f"verifier{fold}.npz", offset=offset, held_out=())
    held_out = [speaker for speaker, fold in folds.items() if fold == HELD_OUT_FOLD]
    network = verify.fit(pairs, epochs=EPOCHS, seed=SEED)
    chosen.out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(weights[-1], chosen.out / MODEL_PATH.name)
    verify.write(network, chosen.out / VERIFIER_PATH.name, offset=offset, held_out=held_out)


if __name__ == "__main__":
    main()
