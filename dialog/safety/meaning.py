"""What a text means, whatever its words: a small network on the sentence encoder.

Weighed against the lists in `dialog.safety.judged`. One model file holds the encoder and two
judges: one of what a child says, one of what a model replies. A judge knows how sure it has to be
of each topic; what is less than sure and yet not clear is neither answered kindly nor sent away
(docs/safety.md).
"""

from __future__ import annotations

import functools
import importlib.resources
import json
import logging
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError
from dialog.safety.encoder import Encoder, Floats
from dialog.safety.normal import readings
from dialog.safety.pieces import Pieces

_log = logging.getLogger(__name__)

PATH = Path(str(importlib.resources.files("dialog").joinpath("models", "meaning.npz")))
BUCKETS = 1 << 13
"""Runs of words and letters are told apart by so many numbers."""
HARMLESS = "harmless"

_HAN = range(0x3400, 0xA000)


@dataclass(frozen=True, slots=True)
class Meant:
    """What a judge found.

    Attributes:
        name: The topic or flaw that is nearest.
        evidence: For any against none, in natural logarithms of the odds.
        share: Of that evidence, what speaks for the nearest, 0 to 1.
        stop: Whether the judge is sure enough to stop the text.
        doubt: Whether it is not sure, and not sure of the contrary either.
    """

    name: str
    evidence: float
    share: float
    stop: bool
    doubt: bool


class Judge:
    """A network of one hidden layer, several of them averaged, over features and runs of letters.

    Args:
        arrays: ``in`` (members, features, hidden), ``in_bias``, ``runs`` (members, buckets, width),
            ``runs_in`` (members, width, hidden), ``out`` (members, hidden, labels), ``out_bias``.
        labels: The first one means harmless.
        sure: Evidence from which a text is stopped, by label.
        doubt: Evidence from which it is doubted, by label.
        listed: Evidence that a wording on a list is, in the same unit.
    """

    def __init__(
        self,
        arrays: Mapping[str, NDArray[np.generic]],
        labels: tuple[str, ...],
        sure: Mapping[str, float],
        doubt: Mapping[str, float],
        listed: float,
    ) -> None:
        # The large one stays as it is stored; the rows that are needed are widened.
        self._runs = arrays["runs"]
        self._arrays: dict[str, Floats] = {
            name: array.astype(np.float32) for name, array in arrays.items() if name != "runs"
        }
        self._labels, self._sure, self._doubt, self._listed = labels, sure, doubt, listed

    def evidence(self, text: str, features: Floats) -> Floats:
        """Evidence for each label, (labels,).

        Args:
            text: In one spelling.
            features: Of that text, by the encoder.
        """
        a = self._arrays
        runs: Floats = self._runs[:, hashed_runs(text)].astype(np.float32).mean(axis=1)
        hidden = features @ a["in"] + a["in_bias"] + (runs[:, None] @ a["runs_in"])[:, 0]
        hidden = hidden / (1 + np.exp(-hidden))
        each: Floats = (hidden[:, None] @ a["out"])[:, 0] + a["out_bias"]
        mean: Floats = each.mean(axis=0)
        return mean

    def decided(self, evidence: Floats, listed: str | None = None) -> Meant:
        """What follows from the evidence for each label.

        Args:
            evidence: As `evidence` gives it.
            listed: The label on whose list a wording of the text is.
        """
        against, others = float(evidence[0]), evidence[1:].astype(np.float64)
        most = float(others.max())
        together = most + float(np.log(np.exp(others - most).sum()))
        name = listed or self._labels[1 + int(others.argmax())]
        found = together - against + (self._listed if listed else 0.0)
        return Meant(
            name,
            found,
            float(np.exp(most - together)),
            stop=found >= self._sure[name],
            doubt=self._doubt[name] <= found < self._sure[name],
        )


class Meaning:
    """Encoder and judges of one model file.

    Args:
        path: Made by ``python -m training.safety``.

    Raises:
        ModelError: The file is missing or broken.
    """

    def __init__(self, path: Path) -> None:
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            notes = json.loads(bytes(arrays.pop("notes")))
            pieces = bytes(arrays["pieces"]).decode().split("\n")
            self._encoder = Encoder(Pieces(pieces, arrays["scores"].tolist()), arrays)
            self._judges = {
                name: Judge(
                    {
                        key.removeprefix(f"{name}."): array
                        for key, array in arrays.items()
                        if key.startswith(f"{name}.")
                    },
                    tuple(said["labels"]),
                    said["sure"],
                    said["doubt"],
                    float(said["listed"]),
                )
                for name, said in notes.items()
            }
            self.asked("hello 你好")
            self.replied("hello 你好")
        except Exception as fault:  # whatever a file that is not what it should be gives rise to
            raise ModelError(
                f"The safety model {path} is missing or broken, lists of words alone are in use; "
                "install Myna again"
            ) from fault

    def asked(self, text: str, *, listed: str | None = None) -> Meant:
        """What somebody said means; ``listed`` as for `Judge.decided`."""
        return self._judged("asked", text, listed)

    def replied(self, text: str, *, listed: str | None = None) -> Meant:
        """What a sentence of a model's reply means; ``listed`` as for `Judge.decided`."""
        return self._judged("replied", text, listed)

    def _judged(self, name: str, text: str, listed: str | None) -> Meant:
        plain = readings(text)[0]
        judge = self._judges[name]
        return judge.decided(judge.evidence(plain, self._encoder.features([plain])[0]), listed)


def hashed_runs(text: str) -> list[int]:
    """Numbers below `BUCKETS` for a text's runs of one to three words and of letters in words.

    Chinese is taken by its characters; spaces between them say nothing.
    """
    if any(ord(letter) in _HAN for letter in text):
        marked = f"^{text.replace(' ', '')}$"
        found = ["z" + marked[at : at + n] for n in (1, 2, 3) for at in range(len(marked) - n + 1)]
    else:
        words = ["^", *text.split(), "$"]
        found = [
            "e" + " ".join(words[at : at + n])
            for n in (1, 2, 3)
            for at in range(len(words) - n + 1)
        ]
        for word in words[1:-1]:
            marked = f"<{word}>"
            found += ["c" + marked[at : at + 4] for at in range(len(marked) - 3)]
    return [zlib.crc32(run.encode()) % BUCKETS for run in found]


@functools.cache
def shipped() -> Meaning | None:
    """The model that ships, read once; None where it cannot be read: the lists go on alone."""
    try:
        return Meaning(PATH)
    except ModelError as error:
        _log.warning("%s", error)
        return None
