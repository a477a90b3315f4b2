"""How loud a sound is to people: EBU R 128 (ITU-R BS.1770) by the library libebur128."""

from __future__ import annotations

import ctypes
import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError

LIBRARY = "libebur128.so.1"
REMEDY = "install it with: sudo apt install libebur128-1"

SPEECH_LUFS = -21.0
"""How loud every voice and recording is before the volume: 2 LU above broadcasting's -23, since
Myna speaks through one small loudspeaker."""

_INTEGRATED, _TRUE_PEAK = 0b101, 0b110001  # EBUR128_MODE_I, EBUR128_MODE_TRUE_PEAK of ebur128.h
_MEASURED_S = 1.0
"""BS.1770 measures blocks of 0.4 s, so that a single word hardly has one: what is shorter than this
is measured as if said again and again."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """A sound's loudness.

    Attributes:
        lufs: Integrated over what is not silence; -inf for silence.
        true_peak_db: The highest point between samples, relative to full scale.
    """

    lufs: float
    true_peak_db: float


def measure(sound: NDArray[np.float32], rate_hz: int) -> Loudness:
    """Measure a whole sound.

    Args:
        sound: Mono, shape (n,), full scale 1.0.
        rate_hz: Its sample rate.

    Raises:
        ModelError: The library is missing, or refuses the sound.
    """
    library = _library()
    peak = float(np.abs(sound).max()) if sound.size else 0.0
    if peak == 0.0:
        return Loudness(float("-inf"), float("-inf"))
    times = -(-int(_MEASURED_S * rate_hz) // sound.size)
    samples = np.ascontiguousarray(np.tile(sound, times), np.float32)
    state = ctypes.c_void_p(library.ebur128_init(1, rate_hz, _INTEGRATED | _TRUE_PEAK))
    if not state:
        raise ModelError(f"{LIBRARY} takes no sound of {rate_hz} samples a second; {REMEDY}")
    try:
        lufs, true_peak = ctypes.c_double(), ctypes.c_double()
        data = samples.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        failed = library.ebur128_add_frames_float(state, data, ctypes.c_size_t(samples.size))
        failed = failed or library.ebur128_loudness_global(state, ctypes.byref(lufs))
        failed = failed or library.ebur128_true_peak(state, 0, ctypes.byref(true_peak))
    finally:
        library.ebur128_destroy(ctypes.byref(state))
    if failed:
        raise ModelError(f"{LIBRARY} could not measure (error {failed}); {REMEDY}")
    return Loudness(lufs.value, 20.0 * float(np.log10(max(true_peak.value, peak))))


def gain_to(sound: NDArray[np.float32], rate_hz: int, *, lufs: float, ceiling_db: float) -> float:
    """Gain in dB that brings a sound to a loudness, as far as its peaks stay below a ceiling.

    Args:
        sound: As for `measure`.
        lufs: Wanted.
        ceiling_db: Of the true peak: nothing is clipped to be loud.

    Returns:
        0 for silence.
    """
    found = measure(sound, rate_hz)
    if not np.isfinite(found.lufs):
        return 0.0
    return min(lufs - found.lufs, ceiling_db - found.true_peak_db)


@functools.lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    try:
        loaded = ctypes.CDLL(LIBRARY)
    except OSError as fault:
        raise ModelError(
            f"loudness is measured by {LIBRARY}, which is missing; {REMEDY}"
        ) from fault
    loaded.ebur128_init.restype = ctypes.c_void_p
    return loaded
