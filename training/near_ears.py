"""Makes the near ears: ``python -m training.near_ears --corpus FOLDER``, after ``training.ears``.

The ears' encoder is as it came and hears everybody in a room. Here it learns itself, and what
stands on it with it, to hear the loudest voice and to take all others for silence: every recording
is laid beside a television, what is left of Myna's own voice or a fan (`training.company`), anew in
each epoch. ``--fold N`` leaves one fold of speakers out, for judging.
"""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto
from torch import Tensor, nn

from dialog.model_difference import Place, difference
from dialog.phone_features import conditioned
from dialog.phone_set import SILENCE
from dialog.speech_ears import NEAR_MODEL_PATH
from training import corpus, dictionary, ears_export, ears_network
from training.company import Company, gathered
from training.corpus import Utterance
from training.descent import descend
from training.ears import REPOSITORY, aligned, at_steps
from training.ears_network import Network, batches_of_a_length
from training.encoder import LARGE
from training.encoder_network import CONVOLUTIONS, EncoderNetwork, steps_of
from training.labels import Labels, labels

_log = logging.getLogger("training.near_ears")

EPOCHS, SEED, BATCH, RATE = 5, 1, 8, 2e-4
SYNTHETIC_EVERY = 3
"""Of the synthetic voices, one in so many is learnt from: they help synthetic voices only."""
TALKERS_EVERY = 5
"""Of the recordings, one in so many may be heard beside others."""
EIGHT_BITS = (TensorProto.INT8, TensorProto.UINT8)
Known = tuple[Utterance, Labels]


class NearEars(nn.Module):
    """Encoder and network as one."""

    def __init__(self, cut: Path, start: Path) -> None:
        super().__init__()
        self.encoder, self.network = EncoderNetwork(cut), Network()
        self.network.load_state_dict(torch.load(start, weights_only=True))

    def forward(self, sound: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """States and scores; arguments as for `EncoderNetwork`."""
        rows, heard = self.encoder(sound, samples)
        given: tuple[Tensor, Tensor] = self.network(rows * heard[:, :, None])
        return given


def main() -> None:
    """Train and write the model."""
    parser = argparse.ArgumentParser(prog="python -m training.near_ears", description=__doc__)
    parser.add_argument("--corpus", type=Path, help="speechocean762 (or set MYNA_CORPUS)")
    parser.add_argument("--work", type=Path, default=REPOSITORY / "build" / "training")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "dialog" / "models")
    parser.add_argument(
        "--fold", type=int, help="leave these speakers out; stays in the work folder"
    )
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(chosen.processes)
    folds = corpus.folds(corpus.load(corpus.corpus_folder(chosen.corpus), dictionary.load()))
    known = _known(chosen.work, folds, chosen.fold)
    people = [utterance for utterance, _ in known if utterance.scores is not None]
    company = gathered(people[::TALKERS_EVERY], chosen.work / "company.pickle", seed=SEED)
    start = chosen.work / f"ears{chosen.fold or 0}.pt"
    ears = fit(known, company, chosen.work / "encoder.onnx", start, epochs=chosen.epochs)
    shares = ears_network.priors(each.state for _, each in known)
    name = "near_ears" if chosen.fold is None else f"near_ears{chosen.fold}"
    whole = chosen.work / f"{name}.onnx"
    write(ears, shares, chosen.work / "encoder.onnx", whole)
    if chosen.fold is None:
        base = (chosen.out / "ears.onnx").read_bytes()
        made = whole.read_bytes()
        shipped = difference(base, made, common_places(base, made))
        (chosen.out / NEAR_MODEL_PATH.name).write_bytes(shipped)


def fit(
    known: Sequence[Known], company: Company, cut: Path, start: Path, *, epochs: int
) -> NearEars:
    """Trained ears in evaluation mode.

    Args:
        known: Recordings and what is said in them.
        company: What else may sound.
        cut: The encoder to begin with.
        start: What stands on it, to begin with.
        epochs: How often everything is heard, each time beside something else.
    """
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    ears = NearEars(cut, start)
    descend(
        ears,
        lambda: _batches(known, company, rng),
        lambda batch: ears_network.loss_of(ears(batch[0], batch[1]), batch[2:]),
        epochs=epochs,
        steps=(len(known) + BATCH - 1) // BATCH * epochs,
        rate=RATE,
    )
    return ears.eval()


def write(ears: NearEars, shares: NDArray[np.float64], cut: Path, path: Path) -> None:
    """Write the model that `dialog.speech_ears.SpeechEars` loads.

    Args:
        ears: Trained.
        shares: How common each state is.
        cut: The encoder that they began with; its eight-bit steps are kept.
        path: Of the file.
    """
    own = path.with_name(f"{path.stem}_encoder.onnx")
    ears.encoder.write(cut, own)
    ears_export.export(own, [ears.network], shares, path, like=cut)


def common_places(base: bytes, made: bytes) -> list[Place]:
    """Where two models hold weights of one name in eight bits."""
    old = {each.name: each.raw_data for each in onnx.load_from_string(base).graph.initializer}
    return [
        (made.index(each.raw_data), base.index(old[each.name]), len(each.raw_data))
        for each in onnx.load_from_string(made).graph.initializer
        if each.data_type in EIGHT_BITS and len(each.raw_data) > LARGE and each.name in old
    ]


def _known(work: Path, folds: dict[str, int], left_out: int | None) -> list[Known]:
    found: list[Known] = []
    synthetic = 0
    for utterance, path in aligned(work):
        fold = folds.get(utterance.speaker)
        if left_out is not None and fold == left_out:
            continue
        if utterance.scores is None:
            synthetic += 1
            if synthetic % SYNTHETIC_EVERY:
                continue
        said = labels(path, utterance)
        if said is not None:
            found.append((utterance, said))
    return found


def _batches(
    known: Sequence[Known], company: Company, rng: np.random.Generator
) -> Iterator[list[Tensor]]:
    for some in batches_of_a_length([len(said.state) for _, said in known], rng, BATCH):
        made = [_beside(known[index], company, rng) for index in some]
        samples = torch.tensor([sound.size for sound, _ in made])
        sounds = np.zeros((len(made), int(samples.max())), np.float32)
        for row, (sound, _) in zip(sounds, made, strict=True):
            row[: sound.size] = sound
        steps = steps_of(samples, CONVOLUTIONS)
        there = [at_steps(said, int(count)) for (_, said), count in zip(made, steps, strict=True)]
        yield [torch.from_numpy(sounds), samples, *ears_network.padded(there, int(steps.max()))]


def _beside(
    known: Known, company: Company, rng: np.random.Generator
) -> tuple[NDArray[np.float32], Labels]:
    utterance, said = known
    sound, before, after = company.laid_beside(rng, utterance.samples(), utterance.speaker)
    longer = Labels(
        np.pad(said.state, (before, after), constant_values=SILENCE),
        np.pad(said.phone, (before, after), constant_values=-1),
        np.pad(said.score, (before, after)),
    )
    return conditioned(sound), longer


if __name__ == "__main__":
    main()
