"""Our own echo canceller: a Kalman filter per frequency that leaves the child's voice alone.

A partitioned-block frequency-domain Kalman filter (Enzner & Vary, "Frequency-domain adaptive
Kalman filter for acoustic echo control in hands-free telephones", Signal Processing 86, 2006;
partitioned: Kuech, Mabande & Enzner, "State-space architecture of the partitioned-block-based
acoustic echo controller", ICASSP 2014). Its step size follows from how uncertain each weight is
and how loud everything else is, so double talk slows it by itself. A small loudspeaker clips
softly; odd powers of the reference are therefore further reference channels with filters of
their own (Hammerstein model). Nothing is suppressed: what it takes out is an estimate of the
echo, and a voice at the microphone passes unchanged.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audio.levels import power_dbfs
from audio.ports import FRAME_MS, FRAME_SAMPLES, Samples

Floats = NDArray[np.float32]
Spectra = NDArray[np.complex64]

WINDOW = 2 * FRAME_SAMPLES
BINS = FRAME_SAMPLES + 1
CHANNELS = 3
"""The reference and its third and fifth power."""

_KEEP_SQUARED = 0.9998**2
"""How much of a weight is expected to stay the same from frame to frame, squared."""
_FLOOR = 1e-8
"""Least noise power per bin: below 16-bit quantisation; keeps silence from dividing by zero."""
_LEAST_VARIANCE = 1e-12


class KalmanCanceller:
    """See the module. An `EchoCanceller` whose far end must be aligned to within its tail.

    Args:
        tail_ms: Length of echo that is modelled, from the aligned reference on.
    """

    def __init__(self, *, tail_ms: int) -> None:
        self.partitions = max(1, -(-tail_ms // FRAME_MS))
        shape = (CHANNELS, self.partitions, BINS)
        self._spectra = np.zeros((CHANNELS, 2 * self.partitions, BINS), np.complex64)
        self._powers = np.zeros((CHANNELS, 2 * self.partitions, BINS), np.float32)
        self._head = 0
        self._weights = np.zeros(shape, np.complex64)
        self._variance = np.zeros(shape, np.float32)
        self._product = np.zeros(shape, np.complex64)
        self._gain = np.zeros(shape, np.float32)
        self._window = np.zeros((CHANNELS, WINDOW), np.float32)
        self._padded = np.zeros(WINDOW, np.float32)
        self._impulses = np.zeros((CHANNELS, self.partitions, WINDOW), np.float32)
        self._noise = np.zeros(BINS, np.float32)
        self.reset()

    def reset(self, *, keep_filter: bool = False) -> None:
        """Forget everything; with `keep_filter` only the signals, not the room."""
        self._spectra[:] = 0
        self._powers[:] = 0
        self._head = 0
        self._window[:] = 0
        self._residual_power = 0.0
        self._echo_power = 0.0
        if keep_filter:
            return
        self._weights[:] = 0
        decay = 0.1 * np.exp(-0.15 * np.arange(self.partitions, dtype=np.float32))
        self._variance[:] = decay[None, :, None]
        self._variance[1:] *= 0.3
        self._noise[:] = 1e-4

    @property
    def residual_echo_dbfs(self) -> float:
        """See `EchoCanceller`."""
        return power_dbfs(self._residual_power)

    @property
    def echo_dbfs(self) -> float:
        """See `EchoCanceller`."""
        return power_dbfs(self._echo_power)

    def process(self, near: Samples, far: Samples, out: Samples) -> None:
        """See `EchoCanceller`."""
        spectra, powers = self._push(far.astype(np.float32) * np.float32(1 / 32768))
        np.multiply(spectra, self._weights, out=self._product)
        echo = np.fft.irfft(self._product.sum(axis=(0, 1)))[FRAME_SAMPLES:]
        error = near.astype(np.float32) * np.float32(1 / 32768) - echo
        self._adapt(spectra, powers, error)
        self._echo_power = float(np.dot(echo, echo)) / FRAME_SAMPLES
        np.clip(np.rint(error * np.float32(32768)), -32768, 32767, out=error)
        out[:] = error

    def realign(self, far_history: Floats, *, slide_samples: int = 0) -> None:
        """The far end's delay was changed: take the past as it would have been.

        Args:
            far_history: The last `partitions` frames of the far end under the new delay,
                scaled to 1.0, newest last.
            slide_samples: By how much later the far end now comes although the echo did
                not move; the modelled response is moved to match.
        """
        self._head = 0
        self._window[:] = 0
        for frame in far_history.reshape(-1, FRAME_SAMPLES):
            self._push(frame)
        if slide_samples:
            self._slide(slide_samples)

    def _push(self, far: Floats) -> tuple[Spectra, Floats]:
        """Add one frame of the reference; the spectra and powers of all partitions, newest
        first, as views."""
        window = self._window
        window[:, :FRAME_SAMPLES] = window[:, FRAME_SAMPLES:]
        squared = far * far
        cubed = squared * far
        window[0, FRAME_SAMPLES:] = far
        window[1, FRAME_SAMPLES:] = 4 * cubed - 2.25 * far
        window[2, FRAME_SAMPLES:] = 16 * squared * cubed - 20 * cubed + 5 * far
        if self._head == 0:
            # Spectra are written downwards so that a plain slice is "newest first".
            kept = self.partitions - 1
            self._head = self.partitions + 1
            self._spectra[:, self._head :] = self._spectra[:, :kept]
            self._powers[:, self._head :] = self._powers[:, :kept]
        self._head -= 1
        newest = np.fft.rfft(window)
        self._spectra[:, self._head] = newest
        np.square(np.abs(newest), out=self._powers[:, self._head])
        end = self._head + self.partitions
        return self._spectra[:, self._head : end], self._powers[:, self._head : end]

    def _adapt(self, spectra: Spectra, powers: Floats, error: Floats) -> None:
        self._padded[FRAME_SAMPLES:] = error
        spectrum = np.fft.rfft(self._padded)
        self._noise *= 0.9
        self._noise += 0.1 * np.square(np.abs(spectrum))
        np.multiply(self._variance, powers, out=self._gain)
        expected = 0.5 * self._gain.sum(axis=(0, 1))
        self._residual_power = 2.0 * float(expected.sum()) / (WINDOW * FRAME_SAMPLES)
        np.divide(self._variance, expected + self._noise + _FLOOR, out=self._gain)
        np.conjugate(spectra, out=self._product)
        self._product *= self._gain
        self._product *= spectrum
        # The gradient constraint: only causal responses of one frame per partition.
        impulses = np.fft.irfft(self._product, axis=-1, out=self._impulses)
        impulses[..., FRAME_SAMPLES:] = 0
        np.fft.rfft(impulses, axis=-1, out=self._product)
        self._weights += self._product
        self._gain *= powers
        self._gain *= -0.5
        self._gain += 1.0
        self._variance *= self._gain
        self._variance *= _KEEP_SQUARED
        np.square(np.abs(self._weights), out=self._gain)
        self._gain *= 1 - _KEEP_SQUARED
        self._variance += self._gain
        np.maximum(self._variance, _LEAST_VARIANCE, out=self._variance)

    def _slide(self, samples: int) -> None:
        """Move the modelled response `samples` earlier (negative: later)."""
        impulses = np.fft.irfft(self._weights, axis=-1)[..., :FRAME_SAMPLES]
        response = impulses.reshape(CHANNELS, -1)
        moved = np.zeros_like(response)
        if samples > 0:
            moved[:, :-samples] = response[:, samples:]
        else:
            moved[:, -samples:] = response[:, :samples]
        self._impulses[:] = 0
        self._impulses[..., :FRAME_SAMPLES] = moved.reshape(impulses.shape)
        np.fft.rfft(self._impulses, axis=-1, out=self._weights)
