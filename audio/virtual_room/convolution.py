"""Convolution of a stream with long filters, one 10 ms frame at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.ports import FRAME_SAMPLES


class StreamingConvolver:
    """Uniformly partitioned overlap-save convolution without added delay.

    T. G. Stockham, "High-speed convolution and correlation", Proc. AFIPS 28 (1966), 229-233,
    in the partitioned form of Soo and Pang, IEEE Trans. ASSP 38 (1990), 373-376.

    Args:
        filters: One filter per input channel, shape (channels, taps); outputs are added.
    """

    def __init__(self, filters: NDArray[np.float64]) -> None:
        channels, taps = filters.shape
        parts = -(-taps // FRAME_SAMPLES)
        padded = np.zeros((channels, parts * FRAME_SAMPLES))
        padded[:, :taps] = filters
        spectra = np.fft.rfft(padded.reshape(channels, parts, FRAME_SAMPLES), 2 * FRAME_SAMPLES)
        # Written twice and backwards, so that every turn of the ring of past spectra meets its
        # partitions as one contiguous view.
        self._filters = np.concatenate([spectra[:, ::-1], spectra[:, ::-1]], axis=1)
        self._past = np.zeros((channels, parts, FRAME_SAMPLES + 1), np.complex128)
        self._products = np.empty_like(self._past)
        self._block = np.zeros((channels, 2 * FRAME_SAMPLES))
        self._parts = parts
        self._next = 0

    def process(self, frame: NDArray[np.float64]) -> NDArray[np.float64]:
        """The output's next frame, shape (160,), for the inputs' next, shape (channels, 160)."""
        self._block[:, :FRAME_SAMPLES] = self._block[:, FRAME_SAMPLES:]
        self._block[:, FRAME_SAMPLES:] = frame
        self._past[:, self._next] = np.fft.rfft(self._block)
        start = self._parts - 1 - self._next
        aligned = self._filters[:, start : start + self._parts]
        self._next = (self._next + 1) % self._parts
        np.multiply(self._past, aligned, out=self._products)  # twice as fast as one einsum
        spectrum = np.add.reduce(self._products, axis=(0, 1))
        return np.fft.irfft(spectrum, 2 * FRAME_SAMPLES)[FRAME_SAMPLES:]

    def reset(self) -> None:
        """Forget what was played."""
        self._past[:] = 0
        self._block[:] = 0
