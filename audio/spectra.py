"""Transforms in single precision."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Spectra = NDArray[np.complex64]


def to_frequency(values: Floats) -> Spectra:
    """The discrete Fourier transform of every row, from 0 to half the rate.

    By its usual normalisation NumPy (2.4) transforms real single precision in double and rounds
    what comes of it: the factor 1 is a whole number, for which only that loop is found. Where the
    factor is a fraction it is of the values' own type.

    Args:
        values: Float32, shape (..., n).
    """
    found = np.fft.rfft(values, axis=-1, norm="forward")
    found *= np.float32(values.shape[-1])
    return found  # type: ignore[return-value]


def to_time(spectra: Spectra) -> Floats:
    """What `to_frequency` makes such spectra of, n even."""
    return np.fft.irfft(spectra, axis=-1)  # type: ignore[return-value]
