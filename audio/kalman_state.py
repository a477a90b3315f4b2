"""What the Kalman canceller computes over all partitions and frequencies, and what it keeps there.

By NumPy, or by the same loops compiled (`kalman_loops.c`) where they are, for the smallest boards:
``pip install -e .`` compiles them where there is a compiler (``setup.py``), and so does
``image/build``. Results differ by rounding only.
"""

from __future__ import annotations

import ctypes
import functools
import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.spectra import Floats, Spectra

OVERLAP = 0.5
"""Half of each window is new: the share of a weight's error that shows in the frame's error."""
LEAST_VARIANCE = 1e-12
_log = logging.getLogger(__name__)


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


class CompiledKalmanState(KalmanState):
    """The same by compiled loops; its arrays are only ever written into.

    Args:
        shape: As for `KalmanState`.
        loops: `compiled_loops`.
    """

    def __init__(self, shape: tuple[int, int], loops: ctypes.PyDLL) -> None:
        super().__init__(shape)
        self._size = (ctypes.c_long(shape[0]), ctypes.c_long(shape[1]))
        self._loops = loops
        self._echo: Spectra = np.zeros(shape[1], np.complex64)
        self._expected: Floats = np.zeros(shape[1], np.float32)
        self._at = {
            name: _address(getattr(self, name))
            for name in ("spectra", "powers", "weights", "variance", "_echo", "_expected")
        }

    def advance(self) -> None:
        """See `KalmanState`."""
        at = self._at
        self._loops.kalman_advance(at["spectra"], at["powers"], *self._size)

    def echo(self) -> Spectra:
        """See `KalmanState`; overwritten by the next call."""
        at = self._at
        self._loops.kalman_echo(at["spectra"], at["weights"], *self._size, at["_echo"])
        return self._echo

    def expected(self) -> Floats:
        """See `KalmanState`."""
        at = self._at
        self._loops.kalman_expected(at["variance"], at["powers"], *self._size, at["_expected"])
        return OVERLAP * self._expected

    def adapt(self, inverse: Floats, error: Spectra) -> None:
        """See `KalmanState`."""
        at = self._at
        self._loops.kalman_adapt(
            at["spectra"], at["weights"], at["variance"], _address(inverse), _address(error),
            *self._size,
        )  # fmt: skip

    def settle(self, inverse: Floats, keep: float) -> None:
        """See `KalmanState`."""
        at = self._at
        self._loops.kalman_settle(
            at["variance"], at["powers"], at["weights"], _address(inverse), *self._size,
            ctypes.c_float(keep), ctypes.c_float(OVERLAP), ctypes.c_float(LEAST_VARIANCE),
        )  # fmt: skip


def kalman_state(shape: tuple[int, int]) -> KalmanState:
    """By compiled loops where there are some.

    Args:
        shape: Rows and columns.
    """
    loops = compiled_loops()
    return KalmanState(shape) if loops is None else CompiledKalmanState(shape, loops)


@functools.cache
def compiled_loops(folder: Path = Path(__file__).parent) -> ctypes.PyDLL | None:
    """`kalman_loops.c`, compiled; None where it was not, or for another processor.

    It keeps the interpreter's lock: the audio thread would wait for it longer than a loop takes.

    Args:
        folder: Where it may be.
    """
    for path in sorted(folder.glob("_kalman_loops*.so")):
        try:
            return ctypes.PyDLL(str(path))
        except OSError as fault:
            _log.info("the compiled loops cannot be used path=%s reason=%s", path, fault)
    return None


def _address(values: NDArray[np.float32] | NDArray[np.complex64]) -> ctypes.c_void_p:
    return ctypes.c_void_p(values.ctypes.data)
