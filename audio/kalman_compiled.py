"""The Kalman canceller's inner loops, compiled (`kalman_loops.c`), for the smallest boards.

``pip install -e .`` compiles them where there is a compiler (``setup.py``), and so does
``image/build``; where they are not NumPy does the same. Results differ by rounding only.
"""

from __future__ import annotations

import ctypes
import functools
import logging
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audio.kalman_state import LEAST_VARIANCE, OVERLAP, KalmanState
from audio.spectra import Floats, Spectra

_log = logging.getLogger(__name__)


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
