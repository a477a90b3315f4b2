"""The acoustic model as a stream: phones every 10 ms, each frame of sound computed once.

`dialog.phone_model` runs over whole utterances. A listener that never stops needs the same network
with a memory: every convolution keeps the rows that its next output still needs, so that a second
of sound costs no more than the network itself. What it says of a frame comes `LATENCY_FRAMES`
later, since the network looks that far ahead. Numpy alone: a layer is one product of matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError
from dialog.phone_features import BAND_COUNT
from dialog.phone_graph import FLOOR, PRIOR_WEIGHT

Floats = NDArray[np.float32]

MODEL_PATH = Path(__file__).parent.parent / "models" / "wake" / "phones.npz"


@dataclass(frozen=True, slots=True)
class Layer:
    """A convolution over time, a rectifier and a scaling.

    Attributes:
        weight: Shape (taps * inputs, outputs).
        bias: Shape (outputs,).
        gain: What the rectified sums are multiplied by, shape (outputs,).
        shift: What is added then.
        taps: Rows that one output looks at.
        dilation: Rows from one tap to the next.
    """

    weight: Floats
    bias: Floats
    gain: Floats
    shift: Floats
    taps: int
    dilation: int

    @property
    def memory(self) -> int:
        """Rows that the next output needs from before."""
        return (self.taps - 1) * self.dilation

    def run(self, rows: Floats) -> Floats:
        """Outputs of all places where every tap has a row."""
        count = len(rows) - self.memory
        taps = [rows[at * self.dilation :][:count] for at in range(self.taps)]
        sums = np.concatenate(taps, axis=1) @ self.weight
        sums += self.bias
        np.maximum(sums, np.float32(0.0), out=sums)
        sums *= self.gain
        sums += self.shift
        return sums


@dataclass(frozen=True, slots=True)
class Network:
    """Weights of the acoustic model; shared by all streams, never changed.

    Attributes:
        layers: The first takes the bands; every further one adds to what it was given.
        head: Shape (width, outputs).
        head_bias: Shape (outputs,).
        log_priors: Of the outputs, shape (118,).
        usual_bands: Mean log mel bands of loud speech less their own mean, shape (40,).
    """

    layers: tuple[Layer, ...]
    head: Floats
    head_bias: Floats
    log_priors: Floats
    usual_bands: Floats

    @property
    def latency_frames(self) -> int:
        """Frames that must follow a frame before it is judged."""
        return sum(layer.memory for layer in self.layers) // 2

    @classmethod
    def load(cls, path: Path = MODEL_PATH) -> Network:
        """Read the weights.

        Raises:
            ModelError: The file is missing or broken.
        """
        try:
            with np.load(path) as stored:
                kept = {name: stored[name].astype(np.float32) for name in stored.files}
            dilations = kept["dilations"].astype(int)
            layers = tuple(
                Layer(
                    np.ascontiguousarray(
                        kept[f"{i}.weight"].transpose(2, 1, 0).reshape(-1, kept[f"{i}.bias"].size)
                    ),
                    kept[f"{i}.bias"],
                    kept[f"{i}.gain"],
                    kept[f"{i}.shift"],
                    taps=kept[f"{i}.weight"].shape[2],
                    dilation=int(dilation),
                )
                for i, dilation in enumerate(dilations)
            )
            return cls(
                layers,
                np.ascontiguousarray(kept["head.weight"].T),
                kept["head.bias"],
                kept["log_priors"],
                kept["usual_bands"],
            )
        except (OSError, KeyError, ValueError) as fault:
            raise ModelError(
                f"the wake phrase's model {path} is missing or broken; install Myna again",
                code="model.wake",
            ) from fault


class PhoneStream:
    """Log likelihoods of phones from bands, a few rows at a time, one layer at a call.

    Args:
        network: Shared weights.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._memories: list[Floats] = []
        self._rows: Floats | None = None
        self._stage = 0
        self.reset(np.zeros(BAND_COUNT, np.float32))

    @property
    def busy(self) -> bool:
        """Whether rows are on their way through the layers."""
        return self._rows is not None

    def reset(self, row: Floats) -> None:
        """As if the same row had come for ever.

        Args:
            row: Normalised bands, shape (40,).
        """
        self._rows = None
        self._memories = []
        steady = row[None, :]
        for index, layer in enumerate(self._network.layers):
            self._memories.append(np.repeat(steady, layer.memory, axis=0))
            made = layer.run(np.repeat(steady, layer.memory + 1, axis=0))
            steady = made if index == 0 else steady + made

    def begin(self, rows: Floats) -> None:
        """Take in normalised bands, shape (n, 40); nothing may be on its way."""
        self._rows, self._stage = rows, 0

    def step(self) -> Floats | None:
        """Run one layer over what was taken in.

        Returns:
            After the last one the log likelihoods of the same number of rows, shape (n, 118),
            of `Network.latency_frames` before; None before that.
        """
        rows, network = self._rows, self._network
        if rows is None:
            return None
        if self._stage < len(network.layers):
            layer = network.layers[self._stage]
            whole = np.concatenate([self._memories[self._stage], rows])
            self._memories[self._stage] = whole[-layer.memory :].copy()
            made = layer.run(whole)
            if self._stage:
                made += whole[layer.memory // 2 :][: len(rows)]
            self._rows = made
            self._stage += 1
            return None
        self._rows = None
        return self._likelihoods(rows)

    def run(self, rows: Floats) -> Floats:
        """All layers at once: `begin`, then `step` to the end."""
        self.begin(rows)
        while True:
            made = self.step()
            if made is not None:
                return made

    def _likelihoods(self, hidden: Floats) -> Floats:
        logits = hidden @ self._network.head + self._network.head_bias
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        logits -= np.float32(PRIOR_WEIGHT) * self._network.log_priors
        floored: Floats = np.maximum(logits, np.float32(FLOOR))
        return floored
