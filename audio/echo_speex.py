"""SpeexDSP's echo canceller and residual suppressor, by ctypes on the system's library."""

from __future__ import annotations

import ctypes
from ctypes import byref, c_int, c_void_p

import numpy as np

from audio.delay import Floats
from audio.leakage import LeakageMeter
from audio.ports import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, Samples
from core.errors import ModelError

_LIBRARY = "libspeexdsp.so.1"
# From speex_echo.h and speex_preprocess.h.
_ECHO_SET_SAMPLING_RATE = 24
_PREPROCESS_SET_DENOISE = 0
_PREPROCESS_SET_ECHO_SUPPRESS = 20
_PREPROCESS_SET_ECHO_SUPPRESS_ACTIVE = 22
_PREPROCESS_SET_ECHO_STATE = 24
_SUPPRESS_DB, _SUPPRESS_ACTIVE_DB = -45, -15


class SpeexCanceller:
    """An `EchoCanceller` whose far end must be aligned to within its tail.

    Noise suppression is left to the stage made for it.

    Args:
        tail_ms: Length of the filter.

    Raises:
        ModelError: The library is not installed.
    """

    def __init__(self, *, tail_ms: int) -> None:
        try:
            library = ctypes.CDLL(_LIBRARY)
        except OSError as error:
            raise ModelError(
                f'the canceller "speex" needs {_LIBRARY}: install it with "apt-get install '
                'libspeexdsp1", or set canceller = "kalman" in [audio]',
                code="model.canceller_missing",
            ) from error
        library.speex_echo_state_init.restype = c_void_p
        library.speex_preprocess_state_init.restype = c_void_p
        self.partitions = max(1, -(-tail_ms // FRAME_MS))
        self._library = library
        self._near = np.zeros(FRAME_SAMPLES, np.int16)
        self._far = np.zeros(FRAME_SAMPLES, np.int16)
        self._out = np.zeros(FRAME_SAMPLES, np.int16)
        self._near_at, self._far_at, self._out_at = (
            c_void_p(frame.ctypes.data) for frame in (self._near, self._far, self._out)
        )
        self._meter = LeakageMeter()
        self._echo = c_void_p(
            library.speex_echo_state_init(FRAME_SAMPLES, self.partitions * FRAME_SAMPLES)
        )
        self._preprocess = c_void_p(
            library.speex_preprocess_state_init(FRAME_SAMPLES, SAMPLE_RATE_HZ)
        )
        rate = c_int(SAMPLE_RATE_HZ)
        library.speex_echo_ctl(self._echo, _ECHO_SET_SAMPLING_RATE, byref(rate))
        library.speex_preprocess_ctl(self._preprocess, _PREPROCESS_SET_ECHO_STATE, self._echo)
        for request, value in (
            (_PREPROCESS_SET_DENOISE, 0),
            (_PREPROCESS_SET_ECHO_SUPPRESS, _SUPPRESS_DB),
            (_PREPROCESS_SET_ECHO_SUPPRESS_ACTIVE, _SUPPRESS_ACTIVE_DB),
        ):
            library.speex_preprocess_ctl(self._preprocess, request, byref(c_int(value)))

    def __del__(self) -> None:
        # C memory that nothing else holds; the attributes are missing when __init__ raised.
        if hasattr(self, "_preprocess"):
            self._library.speex_preprocess_state_destroy(self._preprocess)
            self._library.speex_echo_state_destroy(self._echo)

    def process(self, near: Samples, far: Samples, out: Samples) -> None:
        """See `EchoCanceller`."""
        self._near[:] = near
        self._far[:] = far
        self._library.speex_echo_cancellation(self._echo, self._near_at, self._far_at, self._out_at)
        self._library.speex_preprocess_run(self._preprocess, self._out_at)
        self._meter.push(self._near, self._far, self._out)
        out[:] = self._out

    def reset(self, *, keep_filter: bool = False) -> None:
        """See `EchoCanceller`. The library cannot forget signals without the filter."""
        if not keep_filter:
            self._library.speex_echo_state_reset(self._echo)
        self._meter.reset(keep_coupling=keep_filter)

    def realign(self, far_history: Floats, *, slide_samples: int = 0) -> None:
        """After a slide the filter is wrong and starts anew; after a jump it is right again."""
        if slide_samples:
            self._library.speex_echo_state_reset(self._echo)

    def expect_drift(self) -> None:
        """The library chooses its own step."""

    @property
    def residual_echo_dbfs(self) -> float:
        """See `EchoCanceller`."""
        return self._meter.residual_dbfs

    @property
    def echo_dbfs(self) -> float:
        """See `EchoCanceller`."""
        return self._meter.echo_dbfs
