"""What each utterance's frames are by a model that never heard its speaker.

``python -m training.out_of_fold --corpus FOLDER`` writes one ``NAME.npz`` for every utterance of
the training half into ``build/training/out_of_fold`` (or ``--out``), with ``log_posteriors``
(T, 118) and ``expert_score`` (T, 39) as float16 and ``log_priors`` (118,) as float32: the fields of
`dialog.phone_model.Frames`. It needs the fold models that ``python -m training`` leaves in
``build/training`` as ``fold0.onnx`` to ``fold3.onnx``; whose speakers are in which fold,
`training.corpus.folds` says.
"""

from __future__ import annotations

import argparse
import functools
import multiprocessing
import os
from pathlib import Path

import numpy as np

from dialog.phone_frames import Frames
from dialog.phone_model import PhoneModel
from training import corpus, dictionary
from training.corpus import Utterance

WORK = Path(__file__).parents[1] / "build" / "training"
OUT = WORK / "out_of_fold"


def load(name: str, folder: Path = OUT) -> Frames:
    """The frames of one utterance as they were written."""
    with np.load(folder / f"{name}.npz") as kept:
        return Frames(
            kept["log_posteriors"].astype(np.float32),
            kept["expert_score"].astype(np.float32),
            kept["log_priors"],
        )


@functools.lru_cache(maxsize=corpus.FOLDS)
def _model(path: Path) -> PhoneModel:
    return PhoneModel(path)


def _write(task: tuple[Utterance, Path, Path]) -> None:
    utterance, model, out = task
    frames = _model(model).frames(utterance.samples())
    np.savez(
        out / f"{utterance.name}.npz",
        log_posteriors=frames.log_posteriors.astype(np.float16),
        expert_score=frames.expert_score.astype(np.float16),
        log_priors=frames.log_priors,
    )


def main() -> None:
    """Write all of it."""
    parser = argparse.ArgumentParser(prog="python -m training.out_of_fold", description=__doc__)
    parser.add_argument("--corpus", type=Path, help="speechocean762 (or set MYNA_CORPUS)")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    utterances = corpus.load(corpus.corpus_folder(chosen.corpus), dictionary.load())
    folds = corpus.folds(utterances)
    chosen.out.mkdir(parents=True, exist_ok=True)
    tasks = [
        (each, chosen.work / f"fold{folds[each.speaker]}.onnx", chosen.out) for each in utterances
    ]
    with multiprocessing.get_context("spawn").Pool(chosen.processes) as pool:
        pool.map(_write, tasks, chunksize=20)


if __name__ == "__main__":
    main()
