"""Makes the acoustic model in both its forms: ``python -m training --corpus FOLDER``."""

from __future__ import annotations

import argparse
import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from dialog.phone_features import conditioned, log_mel, loud_mean
from training import (
    bootstrap,
    corpus,
    dictionary,
    examples,
    export_kaldi,
    export_onnx,
    fit,
    kaldi_graph,
    realign,
    synthetic,
    vocabulary,
)
from training.corpus import FOLDS, Utterance
from training.fit import Example
from training.kept import once
from training.labels import labels
from training.network import Network

_log = logging.getLogger("training")

REPOSITORY = Path(__file__).parents[1]
SEED = 1
FIRST_EPOCHS, FOLD_EPOCHS, FINAL_EPOCHS = 4, 5, 6
SPOILED_COPIES = 3
SYNTHETIC_COUNT = 900
_Made = TypeVar("_Made")

ROUNDS = ("first", *(f"fold{fold}" for fold in range(FOLDS)), "final")


class Recipe:
    """Every step, each kept in the work folder so that a broken run goes on where it stopped.

    Args:
        folder: The corpus.
        work: For what is made on the way.
        processes: How many processors to use.
        aligner: A network of phones that aligns; None makes one from PocketSphinx's alignments.
    """

    def __init__(
        self, folder: Path, work: Path, processes: int, aligner: Path | None = None
    ) -> None:
        self._work, self._processes, self._aligner = work, processes, aligner
        work.mkdir(parents=True, exist_ok=True)
        self.dictionary = dictionary.load()
        self.utterances = self._kept("corpus", lambda: corpus.load(folder, self.dictionary))
        self.folds = corpus.folds(self.utterances)
        (work / "folds.json").write_text(json.dumps(self.folds, indent=1) + "\n")
        self.lexicon = self._kept(
            "lexicon", lambda: vocabulary.lexicon(self.utterances, self.dictionary)
        )

    def network(self, name: str) -> tuple[Network, Sequence[Example]]:
        """A trained network by its name in `ROUNDS`, and what it was trained on."""
        if name == "first":
            chosen, epochs = self._first_examples(), FIRST_EPOCHS
        else:
            held_out = int(name[4:]) if name.startswith("fold") else None
            chosen = self._examples(held_out)
            epochs = FINAL_EPOCHS if held_out is None else FOLD_EPOCHS
        _log.info("training name=%s utterances=%d", name, len(chosen))
        path = self._work / f"{name}.pt"
        if not path.is_file():
            # The final one goes on from the first, which heard no rooms to speak of; a fold's
            # must not, since the first has heard its speakers.
            start = self.network("first")[0] if name == "final" else None
            trained = fit.fit(chosen, epochs=epochs, seed=SEED, start=start)
            torch.save(trained.state_dict(), path)
        weights = torch.load(path, weights_only=True)
        network = Network(weights["scale"])
        network.load_state_dict(weights)
        return network.eval(), chosen

    def onnx(self, name: str) -> Path:
        """The same as a file that `dialog.phone_model.PhoneModel` loads."""
        path = self._work / f"{name}.onnx"
        if not path.is_file():
            network, chosen = self.network(name)
            export_onnx.export(network, fit.priors(chosen)[0], path)
        return path

    def typical_bands(self) -> NDArray[np.float32]:
        """Mean over some recordings of what every utterance's loud frames are brought to."""
        some = [loud_mean(log_mel(conditioned(u.samples()))) for u in self.utterances[::10]]
        return np.mean(some, axis=0).astype(np.float32)

    def _first_examples(self) -> list[Example]:
        aligned = self._kept("bootstrap", lambda: bootstrap.align(self.utterances, self._processes))
        copies = self._kept("clean", lambda: self._render(self.utterances, clean=True, spoiled=1))
        pairs = [(u, aligned[u.name]) for u in self.utterances if u.name in aligned]
        return _examples(pairs, [copies])

    def _examples(self, held_out: int | None) -> list[Example]:
        """All but one fold's speakers, realigned, clean and spoiled, and the synthetic voices."""
        spoken = self._kept("synthetic", self._synthetic)
        everything = [*self.utterances, *spoken]
        first = self._aligner or self.onnx("first")
        pairs = self._kept(
            "realigned",
            lambda: realign.realign(everything, first, self.lexicon, self._processes),
        )
        clean = self._kept("clean", lambda: self._render(self.utterances, clean=True, spoiled=1))
        copies = [clean, self._kept("spoken", lambda: self._render(spoken, clean=False, spoiled=2))]
        if held_out is None:
            further = SPOILED_COPIES - 1
            copies.append(
                self._kept(
                    "spoiled", lambda: self._render(self.utterances, clean=False, spoiled=further)
                )
            )
        else:  # the one spoiled copy counts double, to come near the final model's share
            copies.append({name: made[-1:] for name, made in clean.items()})
        kept = [p for p in pairs if held_out is None or self.folds.get(p[0].speaker) != held_out]
        return _examples(kept, copies)

    def _synthetic(self) -> list[Utterance]:
        return synthetic.speak_all(
            vocabulary.lesson_sentences(),
            self.lexicon,
            self._work / "voices",
            count=SYNTHETIC_COUNT,
            seed=SEED,
        )

    def _render(
        self, utterances: Sequence[Utterance], *, clean: bool, spoiled: int
    ) -> dict[str, list[examples.Copy]]:
        return examples.render(
            utterances,
            self.utterances[::8],
            clean=clean,
            spoiled_copies=spoiled,
            processes=self._processes,
        )

    def _kept(self, name: str, make: Callable[[], _Made]) -> _Made:
        def made() -> _Made:
            _log.info("making name=%s", name)
            return make()

        return once(self._work / f"{name}.pickle", made)


def _examples(
    pairs: Sequence[realign.Aligned],
    copies: Sequence[Mapping[str, Sequence[examples.Copy]]],
) -> list[Example]:
    made = []
    for utterance, path in pairs:
        found = labels(path, utterance)
        rendered = [copy for source in copies for copy in source.get(utterance.name, ())]
        if found is not None and rendered:
            made.append(Example(rendered, found))
    return made


def main() -> None:
    """Train what is missing, then write the model's two forms."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--corpus", type=Path, help="speechocean762 (or set MYNA_CORPUS)")
    parser.add_argument("--work", type=Path, default=REPOSITORY / "build" / "training")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "dialog" / "models")
    parser.add_argument("--only", choices=ROUNDS, help="train this network and write nothing")
    parser.add_argument("--model", choices=ROUNDS, default="final", help="which network to write")
    parser.add_argument("--aligner", type=Path, help="align by this network of phones instead")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(chosen.processes)
    recipe = Recipe(
        corpus.corpus_folder(chosen.corpus), chosen.work, chosen.processes, chosen.aligner
    )
    if chosen.only:
        recipe.onnx(chosen.only)
        return
    network, learnt_from = recipe.network(chosen.model)
    states, phones = fit.priors(learnt_from)
    export_onnx.export(network, states, chosen.out / "phones.onnx")
    folder = chosen.out / "vosk"
    export_kaldi.export(network, phones, recipe.typical_bands(), folder)
    common = vocabulary.commonness(recipe.lexicon, recipe.utterances)
    kaldi_graph.build(recipe.lexicon, common, folder)
    vocabulary.write(recipe.lexicon, chosen.out / "lexicon.txt")
    if chosen.model == "final":
        for fold in range(FOLDS):
            recipe.onnx(f"fold{fold}")


if __name__ == "__main__":
    main()
