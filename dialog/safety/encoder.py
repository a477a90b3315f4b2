"""What a sentence means, as numbers: Google's multilingual Universal Sentence Encoder, in numpy.

The network (convolutions over pairs, triples and fives of word pieces, beside the pieces
themselves, then a small deep network over their sum) is Yang et al., "Multilingual Universal
Sentence Encoder for Semantic Retrieval", 2019, its third version; weights Apache-2.0. Of its
128,000 pieces of words in sixteen languages those of English and Chinese are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dialog.safety.pieces import Pieces

Floats = NDArray[np.float32]

ORDERS = ((2, 0), (3, 1), (5, 2))
"""Pieces that a convolution sees, and how many of them stand before its own."""
EPSILON = 1e-12
WIDTH = 512
"""Numbers of a piece, and of a sentence."""
FEATURES = 3072
"""Numbers of `Encoder.features`: 1280 means, 1280 peaks, 512 of the sentence."""


class Encoder:
    """The network.

    Args:
        pieces: Cuts texts.
        arrays: ``table`` (pieces, 512) as bytes, with ``step`` and ``lowest`` by
            piece, and the layers, named as in `training.safety.encoder`.
    """

    def __init__(self, pieces: Pieces, arrays: Mapping[str, NDArray[np.generic]]) -> None:
        self._pieces = pieces
        self._table = arrays["table"]
        self._step, self._lowest = _floats(arrays["step"]), _floats(arrays["lowest"])
        names = ["norm_gain", "norm_bias", "out", "out_bias", "d0", "d1", "d2", "d3", "p1", "p3"]
        for order, _ in ORDERS:
            names += [
                f"{part}{order}"
                for part in ("proj", "proj_bias", "gain", "bias", "first", "first_bias", "second",
                             "second_bias")
            ]  # fmt: skip
        self._layer = {name: _floats(arrays[name]) for name in names}

    def features(self, texts: Sequence[str]) -> Floats:
        """Mean and largest of what the convolutions see, and the sentence's own numbers.

        Args:
            texts: In one spelling, as the first of `dialog.safety.normal.readings`.

        Returns:
            (texts, 3072).
        """
        cut = [self._pieces.numbers(text) for text in texts]
        counts = np.array([len(numbers) for numbers in cut])
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        numbers = np.concatenate([np.array(each) for each in cut])
        pieces = self._table[numbers] * self._step[numbers, None] + self._lowest[numbers, None]
        inside = _Inside(starts, counts)
        seen = np.hstack([pieces, *(self._convolved(pieces, inside, *each) for each in ORDERS)])
        seen = _normal(seen, self._layer["norm_gain"], self._layer["norm_bias"])
        summed = np.add.reduceat(seen, starts, axis=0)
        projected = summed @ self._layer["out"] + counts[:, None] * self._layer["out_bias"]
        return np.hstack(
            [
                summed / counts[:, None],
                np.maximum.reduceat(seen, starts, axis=0),
                self._sentences(projected / np.sqrt(counts)[:, None]),
            ]
        ).astype(np.float32)

    def _convolved(self, pieces: Floats, inside: _Inside, order: int, before: int) -> Floats:
        layer = self._layer
        x = pieces @ layer[f"proj{order}"] + layer[f"proj_bias{order}"]
        x = _normal(x, layer[f"gain{order}"], layer[f"bias{order}"])
        for part in ("first", "second"):
            windows = inside.windows(x, order, before)
            x = x + np.maximum(windows @ layer[f"{part}{order}"] + layer[f"{part}_bias{order}"], 0)
        return x

    def _sentences(self, x: Floats) -> Floats:
        layer = self._layer
        low = np.maximum(x @ layer["p1"] + np.maximum(x @ layer["d0"], 0) @ layer["d1"], 0)
        high = np.tanh(low @ layer["p3"] + np.maximum(low @ layer["d2"], 0) @ layer["d3"])
        length = np.sqrt(np.maximum((high * high).sum(axis=1, keepdims=True), EPSILON))
        sentences: Floats = high / length
        return sentences


class _Inside:
    """Windows over the pieces of several sentences in a row, that reach into no other sentence."""

    def __init__(self, starts: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        self._first = np.repeat(starts, counts)[:, None]
        self._end = np.repeat(starts + counts, counts)[:, None]

    def windows(self, x: Floats, order: int, before: int) -> Floats:
        """What a convolution sees at each piece, zero beyond its sentence.

        Returns:
            (pieces, order * width).
        """
        at = np.arange(len(x))[:, None] + np.arange(-before, order - before)
        beyond = (at < self._first) | (at >= self._end)
        padded = np.vstack([x, np.zeros_like(x[:1])])
        return padded[np.where(beyond, len(x), at)].reshape(len(x), -1)


def _normal(x: Floats, gain: Floats, bias: Floats) -> Floats:
    x = x - x.mean(axis=1, keepdims=True)
    normal: Floats = x / np.sqrt((x * x).mean(axis=1, keepdims=True) + EPSILON) * gain + bias
    return normal


def _floats(array: NDArray[np.generic]) -> Floats:
    return array.astype(np.float32)
