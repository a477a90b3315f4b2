"""Whether one certain phrase was called: a head on what the encoder makes of the last seconds.

The verifiers know no phrase by name, so they can only ask whether each of its phones was said. A
head has learnt one phrase: how it sounds as a whole, said by many voices in rooms, beside others
and alone, against everything else (`training.wake.calling`). Dilated convolutions look at half a
second to either side of every 24 ms; the most that any place gains counts. Several networks of one
make, each with its own draw of examples, are averaged.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError
from dialog.wake.verifier import VERIFIER_PATH

Floats = NDArray[np.float32]

HEADS_PATH = VERIFIER_PATH.parent / "heads"
SEEN_ROWS = 84
"""Of the encoder, the last two seconds: that much of a window is looked at."""
KERNEL = 5
DILATIONS = (1, 2, 4, 6)
_BROKEN = (OSError, EOFError, KeyError, ValueError, IndexError, TypeError, BadZipFile)
NEAR, PLAIN = "near", "plain"
"""Whose encoder's rows a head learnt from (`dialog.speech_ears`): it knows no others."""
STEPS = ".steps"
"""Weights may be kept as whole steps, -127..127; how large a step of each column is stands beside
them under their name and this."""
EPSILON = 1e-5
"""Of the normalisation of every row, as PyTorch has it."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """How much each witness counts: the logit is their weighted sum and the offset.

    Attributes:
        head: Weight of the head's logit.
        last: Weight of the last word's verifier.
        first: Weight of the first stage.
        offset: Added to the sum.
    """

    head: float
    last: float
    first: float
    offset: float

    def logit(self, *, head: float, last: float, first: float) -> float:
        """Natural log of the odds that the phrase was called; 0 where the device wakes."""
        return self.head * head + self.last * last + self.first * first + self.offset


@dataclass(frozen=True, slots=True)
class PhraseHead:
    """Of one phrase.

    Attributes:
        phrase: As written, in plain lower-case words.
        networks: Their weights by name: ``norm``, ``first``, ``layers.0`` …, ``last``.
        fusion: With the other witnesses.
        ears: Whose rows it learnt from, `NEAR` or `PLAIN`.
    """

    phrase: str
    networks: tuple[Mapping[str, Floats], ...]
    fusion: Fusion
    ears: str = NEAR

    @classmethod
    def load(cls, path: Path, ears: str = NEAR) -> PhraseHead:
        """Read a head.

        Args:
            path: The file.
            ears: Whose rows it will be given.

        Raises:
            ModelError: The file is missing or broken, or made for other ears.
        """
        try:
            with np.load(path) as kept:
                made_for = str(kept["ears"]) if "ears" in kept.files else ""
                count = int(kept["networks"])
                networks = tuple(_weights(kept, f"{number}.") for number in range(count))
                fusion = Fusion(*(float(each) for each in kept["fusion"]))
                found = cls(str(kept["phrase"]), networks, fusion, made_for)
            found.score(np.zeros((1, networks[0]["norm.weight"].size), np.float32))
        except _BROKEN as fault:
            raise ModelError(
                f"the wake phrase's head {path} is missing or broken: make it anew with myna wake"
                " train, or leave [wake] head empty",
                code="model.wake",
            ) from fault
        if found.ears != ears:
            raise ModelError(
                f"the wake phrase's head {path} was made for the ears of another version: make it"
                " anew with myna wake train, or leave [wake] head empty",
                code="model.wake",
            )
        return found

    def score(self, encoded: Floats) -> float:
        """The head's own logit.

        Args:
            encoded: What the encoder made of a sound, shape (n, 288), n at least 1.
        """
        return float(np.mean([_highest(each, encoded) for each in self.networks]))


@functools.cache
def head_of(phrase: str, named: str = "") -> PhraseHead | None:
    """The head of a phrase; None where there is none.

    Args:
        phrase: As written; letters, however large, and spaces count.
        named: File of a head that somebody trained; empty for the one that ships, if any.

    Raises:
        ModelError: It is broken, or that of another phrase.
    """
    phrase = " ".join(re.sub(r"[^a-z' ]", " ", phrase.lower()).split())
    path = Path(named) if named else head_path(HEADS_PATH, phrase)
    if not named and not path.is_file():
        return None
    found = PhraseHead.load(path)
    if found.phrase != phrase:
        raise ModelError(
            f'{path} is the head of "{found.phrase}", not of "{phrase}": set [wake] head to one of'
            " the phrase, or to nothing",
            code="model.wake",
        )
    return found


@functools.cache
def head_over_playback(phrase: str, named: str = "") -> PhraseHead | None:
    """The head of a phrase while Myna talks, which hears by the plain ears; None where there is
    none, as for a head that somebody trained.

    Args:
        phrase: As for `head_of`.
        named: As for `head_of`.

    Raises:
        ModelError: It is broken.
    """
    usual = None if named else head_of(phrase)
    if usual is None:
        return None
    path = head_path(HEADS_PATH, usual.phrase, PLAIN)
    return PhraseHead.load(path, PLAIN) if path.is_file() else None


def head_path(folder: Path, phrase: str, ears: str = NEAR) -> Path:
    """Where the head of a phrase lies; the one on the plain ears is for while Myna talks.

    Args:
        folder: Of heads.
        phrase: In plain lower-case words.
        ears: `NEAR` or `PLAIN`.
    """
    name = phrase.replace(" ", "_")
    return folder / (f"{name}.npz" if ears == NEAR else f"{name}_over_playback.npz")


def _weights(kept: Mapping[str, NDArray[np.generic]], prefix: str) -> dict[str, Floats]:
    """Of one network; what is kept in whole steps is read with the size of each column's."""
    found: dict[str, Floats] = {}
    for name in kept:
        if not name.startswith(prefix) or name.endswith(STEPS):
            continue
        value = kept[name].astype(np.float32)
        if kept[name].dtype == np.int8:
            value = value * kept[name + STEPS].astype(np.float32)
        found[name.removeprefix(prefix)] = value
    return found


def _highest(weights: Mapping[str, Floats], encoded: Floats) -> float:
    centred = encoded - encoded.mean(axis=1, keepdims=True)
    deviation = np.sqrt(np.square(centred).mean(axis=1, keepdims=True) + EPSILON)
    rows = centred / deviation * weights["norm.weight"] + weights["norm.bias"]
    hidden = np.maximum(rows @ weights["first.weight"] + weights["first.bias"], 0.0)
    for layer, dilation in enumerate(DILATIONS):
        reach = dilation * (KERNEL // 2)
        padded = np.pad(hidden, ((reach, reach), (0, 0)))
        around = np.concatenate(
            [padded[at * dilation : at * dilation + len(hidden)] for at in range(KERNEL)], axis=1
        )
        made = around @ weights[f"layers.{layer}.weight"] + weights[f"layers.{layer}.bias"]
        hidden = hidden + np.maximum(made, 0.0)
    return float((hidden @ weights["last.weight"] + weights["last.bias"]).max())
