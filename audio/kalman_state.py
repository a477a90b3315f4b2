"""What the Kalman canceller computes over all partitions and frequencies, and what it keeps there.

By NumPy; the same compiled is `audio.kalman_compiled`.
"""

from __future__ import annotations

import numpy as np

from audio.spectra import Floats, Spectra

OVERLAP = 0.5
"""Half of each window is new: the share of a weight's error that shows in the frame's error."""
LEAST_VARIANCE = 1e-12


class KalmanState:
    """One row for each partition of each channel of the reference, one column for each frequency.

    Args:
        shape: Rows and columns.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.spectra: Spectra = np.zeros(shape, np.complex64)
        """Of the reference, a channel's newest first."""
        self.powers: Floats = np.zeros(shape, np.float32)
        self.weights: Spectra = np.zeros(shape, np.complex64)
        self.variance: Floats = np.zeros(shape, np.float32)
        """How uncertain each weight is."""
        self._product: Spectra = np.zeros(shape, np.complex64)
        self._gain: Floats = np.zeros(shape, np.float32)

    def advance(self) -> None:
        """Move every row of the reference on by one; a channel's first is then to be filled."""
        self.spectra[1:] = self.spectra[:-1]
        self.powers[1:] = self.powers[:-1]

    def echo(self) -> Spectra:
        """What the weights make of the reference."""
        np.multiply(self.spectra, self.weights, out=self._product)
        summed: Spectra = self._product.sum(axis=0)
        return summed

    def expected(self) -> Floats:
        """The power that the weights' errors let expect, half of it overlapping."""
        np.multiply(self.variance, self.powers, out=self._gain)
        summed: Floats = OVERLAP * self._gain.sum(axis=0)
        return summed

    def adapt(self, inverse: Floats, error: Spectra) -> None:
        """Move every weight by its share of an error.

        Args:
            inverse: One by the power of all that sounds.
            error: What was left of the microphone.
        """
        np.multiply(self.variance, inverse, out=self._gain)
        np.conjugate(self.spectra, out=self._product)
        self._product *= self._gain
        self._product *= error
        self.weights += self._product

    def settle(self, inverse: Floats, keep: float) -> None:
        """Make the weights as much surer as the error they were adapted to tells.

        Args:
            inverse: As for `adapt`.
            keep: Share of a weight's power that is expected to stay as it is until the next frame.
        """
        np.multiply(self.variance, inverse, out=self._gain)
        self._gain *= self.powers
        self._gain *= -OVERLAP
        self._gain += 1.0
        self.variance *= self._gain
        self.variance *= keep
        np.square(np.abs(self.weights), out=self._gain)
        self._gain *= 1 - keep
        self.variance += self._gain
        np.maximum(self.variance, LEAST_VARIANCE, out=self.variance)
