"""``python -m training.wake.last_word``: what weighs candidates, after ``python -m training.ears``.

The ears of the four folds listen to the speakers whom they have not heard, in windows as the device
hands them over: to phrases that they said, nearly said and did not say (`training.wake.closely`). A
verifier is fitted to three quarters of the speakers and written; what verifiers fitted to other
folds miss, at three windows in an hour of windows taken for a phrase that they do not hold, says
where it wakes. Those are kept for `training.wake.people`. A run that was stopped goes on.
"""

from __future__ import annotations

import logging
import pickle
from collections.abc import Sequence
from pathlib import Path

import torch

from audio.ports import WAKE_SOUND_S
from dialog.speech_ears import shared
from dialog.wake.confirm import LAST_WORD_PATH
from training import corpus
from training.corpus import FOLDS
from training.realign import Aligned
from training.wake import verify
from training.wake.closely import OTHERS, OWN, CloseListener
from training.wake.foreign import Foreign
from training.wake.gathering import OTHERS_EVERY, Gathering, read
from training.wake.listening import (
    EPOCHS,
    HELD_OUT_FOLD,
    LEARNT_FOLDS,
    SEED,
    judged,
    judges,
    options,
)
from training.wake.pairs import Pair, said

FOREIGN_WINDOWS = 320
ACCEPTS_PER_HOUR = 3.0
"""Of windows: few of them get past the first stage."""


def _foreign(known: Sequence[Aligned], work: Path) -> list[Pair]:
    """Pairs of synthetic talk, kept in the work folder."""
    kept = work / "foreign_pairs.pickle"
    if not kept.is_file():
        pool = sorted({words for utterance, _ in known for words in said(utterance)})
        others = [utterance.samples() for utterance, _ in known[::OTHERS_EVERY]]
        made = Foreign(shared(), pool, others).pairs(FOREIGN_WINDOWS, SEED)
        kept.write_bytes(pickle.dumps(made))
    pairs: list[Pair] = pickle.loads(kept.read_bytes())  # noqa: S301 - written above
    return pairs


def main() -> None:
    """Make the file."""
    chosen = options("last_word", __doc__, LAST_WORD_PATH).parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    known = read(chosen.work, corpus.corpus_folder(chosen.corpus))
    folds = corpus.folds([utterance for utterance, _ in known])
    ears = {fold: chosen.work / f"ears{fold}.onnx" for fold in range(FOLDS)}
    folder = chosen.work / "close_pairs"
    gathering = Gathering(known, CloseListener, ears, folder, chosen.processes)
    pairs = gathering.pairs(LEARNT_FOLDS, chosen.copies)
    foreign = _foreign(known, chosen.work)
    windows = chosen.copies * sum(
        min(OWN, len(said(utterance))) or 1
        for utterance, _ in known
        if folds[utterance.speaker] in LEARNT_FOLDS
    )
    made = judges(pairs, folds, every=1, besides=foreign)
    hours = windows * WAKE_SOUND_S * OTHERS / 3600
    offset, missed = judged(pairs, folds, made, hours, accepts_per_hour=ACCEPTS_PER_HOUR)
    for group, (share, count) in sorted(missed.items()):
        print(f"{group}: missed {share:.1%} of {count}")
    for fold, judge in made.items():
        path = chosen.work / f"last_word{fold}.npz"
        verify.write(judge, path, offset=offset, held_out=())
    held_out = [speaker for speaker, fold in folds.items() if fold == HELD_OUT_FOLD]
    network = verify.fit([*pairs, *foreign], epochs=EPOCHS, seed=SEED)
    verify.write(network, chosen.out, offset=offset, held_out=held_out)


if __name__ == "__main__":
    main()
