"""Our own echo canceller: a Kalman filter per frequency that leaves the child's voice alone.

A partitioned-block frequency-domain Kalman filter (Enzner & Vary, "Frequency-domain adaptive
Kalman filter for acoustic echo control in hands-free telephones", Signal Processing 86, 2006;
partitioned: Kuech, Mabande & Enzner, "State-space architecture of the partitioned-block-based
acoustic echo controller", ICASSP 2014). Its step size follows from how uncertain each weight is
and how loud everything else is, so double talk slows it by itself.

A small loudspeaker clips. What it does to a sample is a curve without memory, and the room after
it is one (Hammerstein model), so that further channels hear the reference bent by fixed curves:
what exceeds two levels of soft clipping, and the square for what is not symmetrical. Mixed, they
make a broken line that follows soft and hard clipping alike (the functional-link filters of
Comminiello et al., IEEE TASLP 21(7), 2013, with a basis made for saturation). The late room of
what a loudspeaker adds is too faint to matter, so those channels are short and the plain one long.
Nothing is suppressed: what it takes out is an estimate of the echo, and a voice at the microphone
passes unchanged.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from audio.kalman_state import KalmanState
from audio.levels import power_dbfs
from audio.ports import FRAME_MS, FRAME_SAMPLES, Samples
from audio.spectra import Floats, Spectra, to_frequency, to_time

WINDOW = 2 * FRAME_SAMPLES
BINS = FRAME_SAMPLES + 1
CHANNELS = 4
"""The reference, what of it exceeds each of `_BENT_FROM`, and its square."""
BENT_PARTITIONS = 8
"""Frames of echo that are modelled of what the loudspeaker adds of its own."""
_BENT_FROM = (np.float32(0.12), np.float32(0.3))

_KEEP_SQUARED = 0.9999**2
"""How much of a weight is expected to stay the same from frame to frame, squared."""
_KEEP_DRIFTING_SQUARED = 0.9995**2
"""The same where two clocks drift apart: worse without drift, much better with 50 ppm."""
_DRIFT_FRAMES = 300
"""How long drift is expected after it was found: it will have been undone."""
_PASSES, _EAGER_PASSES = 2, 4
"""Updates per frame: each works on what the one before left. How certain the filter is, only the
first one tells, so that more of them make it faster and not blind. The last one's error is what
is given out; with three and more it takes a little of the child's frame along."""
_CONSTRAINED_EVERY = 4
_EAGER_FRAMES = 200
"""Frames with echo after a start, a loss or a jump in which there are more of them."""
_CAUTION = 3.0
"""By how much the noise is overrated, since neighbouring weights' errors are not independent."""
_NOISE_KEEP = 0.8
_START_VARIANCE = 0.08
_START_DECAY_PER_FRAME = 0.15
_START_BENT = 0.3
_FLOOR = 1e-8
"""Least noise power per bin: below 16-bit quantisation; keeps silence from dividing by zero."""
_HOLD_FRAMES = 100
"""After the signals were forgotten nothing is learned for so long: the echo still holds what the
reference no longer does, and the delay may have moved."""
_FAR_ACTIVE = FRAME_SAMPLES * 10.0 ** (-60.0 / 10.0)
_HARM_KEEP = 0.98
_HARM_RATIO = 1.25
"""A filter that makes the microphone louder, over half a second, has lost the room."""
_IDLE_RATIO = 0.8
"""A filter that takes out less than this leaves may have become too sure of an old room, and is
made less sure, by `_DOUBT` of its first uncertainty per frame."""
_DOUBT = np.float32(0.01)
_RESTORE_FRAMES = 150
"""A room lost so recently was not lost when the delay turns out to have moved."""
_PER_STEP, _STEPS = np.float32(1 / 32768), np.float32(32768)


class KalmanCanceller:
    """See the module. An `EchoCanceller` whose far end must be aligned to within its tail.

    Args:
        tail_ms: Length of echo that is modelled, from the aligned reference on.
        state: Makes what computes, of so many rows and columns.
    """

    def __init__(
        self, *, tail_ms: int, state: Callable[[tuple[int, int]], KalmanState] = KalmanState
    ) -> None:
        self.partitions = max(1, -(-tail_ms // FRAME_MS))
        bent = min(BENT_PARTITIONS, self.partitions)
        self._sizes = (self.partitions,) + (bent,) * (CHANNELS - 1)
        self._heads = np.cumsum((0, *self._sizes[:-1]))
        shape = (sum(self._sizes), BINS)
        self._state = state(shape)
        self._lost_weights: Spectra = np.zeros(shape, np.complex64)
        age = np.concatenate([np.arange(size, dtype=np.float32) for size in self._sizes])
        start = _START_VARIANCE * np.exp(-_START_DECAY_PER_FRAME * age)
        start[self.partitions :] *= _START_BENT
        self._start_variance = np.repeat(start[:, None], BINS, axis=1).astype(np.float32)
        self._window = np.zeros((CHANNELS, WINDOW), np.float32)
        self._padded = np.zeros(WINDOW, np.float32)
        self._impulses = np.zeros((shape[0], WINDOW), np.float32)
        self._noise = np.zeros(BINS, np.float32)
        self.reset()

    def reset(self, *, keep_filter: bool = False) -> None:
        """Forget everything; with `keep_filter` only the signals, not the room."""
        self._state.spectra[:] = 0
        self._state.powers[:] = 0
        self._window[:] = 0
        self._residual_power = 0.0
        self._echo_power = 0.0
        self._silent_frames = self.partitions
        self._power_before = self._power_after = 0.0
        if keep_filter:
            self._hold_frames = _HOLD_FRAMES
            return
        self._hold_frames = 0
        self._turn = 0
        self._drift_frames = 0
        self._lost_frames = _RESTORE_FRAMES
        self._forget_room()

    def _forget_room(self) -> None:
        self._state.weights[:] = 0
        self._state.variance[:] = self._start_variance
        self._noise[:] = 1e-4
        self._eager_frames = _EAGER_FRAMES

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
        heard = far.astype(np.float32)
        heard *= _PER_STEP
        self._push(heard)
        self._silent_frames = 0 if heard.any() else self._silent_frames + 1
        if self._silent_frames > self.partitions:
            # Nothing to take out and nothing to learn from.
            self._echo_power = self._residual_power = 0.0
            out[:] = near
            return
        recorded = near.astype(np.float32)
        recorded *= _PER_STEP
        for number in range(_EAGER_PASSES if self._eager_frames > 0 else _PASSES):
            error, echo = self._error(recorded)
            if number == 0:
                self._check_for_loss(heard, recorded, error)
            if self._hold_frames > 0:
                self._hold_frames -= 1
                # The echo may come at another time than what is taken out: both may be left.
                self._residual_power = 2.0 * float(np.dot(echo, echo)) / FRAME_SAMPLES
                break
            self._adapt(error, first=number == 0)
        else:
            self._constrain()
        self._echo_power = float(np.dot(echo, echo)) / FRAME_SAMPLES
        # The last pass's error already knows what this frame itself has taught.
        error *= _STEPS
        np.rint(error, out=error)
        np.clip(error, -32768, 32767, out=error)
        out[:] = error

    def realign(self, far_history: Floats, *, slide_samples: int = 0) -> None:
        """The far end's delay was changed: take the past as it would have been.

        Args:
            far_history: The last `partitions` frames of the far end under the new delay,
                scaled to 1.0, newest last.
            slide_samples: By how much later the far end now comes although the echo did
                not move; the modelled response is moved to match.
        """
        self._hold_frames = 0
        self._window[:] = 0
        for frame in far_history.reshape(-1, FRAME_SAMPLES):
            self._push(frame)
        if slide_samples:
            self._slide(slide_samples)
        else:
            self._eager_frames = _EAGER_FRAMES
            if self._lost_frames < _RESTORE_FRAMES:
                self._state.weights[:] = self._lost_weights

    def expect_drift(self) -> None:
        """Microphone and loudspeaker were found to run apart: follow faster for a while."""
        self._drift_frames = _DRIFT_FRAMES
        self._eager_frames = _EAGER_FRAMES

    def _push(self, far: Floats) -> None:
        """Add one frame of the reference to every channel."""
        window = self._window
        window[:, :FRAME_SAMPLES] = window[:, FRAME_SAMPLES:]
        window[0, FRAME_SAMPLES:] = far
        for row, level in enumerate(_BENT_FROM, 1):
            window[row, FRAME_SAMPLES:] = 2 * (far - level * np.tanh(far / level))
        window[-1, FRAME_SAMPLES:] = 2 * far * far
        newest = to_frequency(window)
        self._state.advance()
        self._state.spectra[self._heads] = newest
        self._state.powers[self._heads] = np.square(np.abs(newest))

    def _error(self, recorded: Floats) -> tuple[Floats, Floats]:
        """What the present weights leave of the microphone's frame, and what they take out."""
        echo = to_time(self._state.echo())[FRAME_SAMPLES:]
        return recorded - echo, echo

    def _check_for_loss(self, heard: Floats, recorded: Floats, error: Floats) -> None:
        """Notice a filter that does harm or nothing although the loudspeaker plays."""
        self._lost_frames += 1
        if float(np.dot(heard, heard)) < _FAR_ACTIVE:
            return
        self._eager_frames = max(0, self._eager_frames - 1)
        self._power_before *= _HARM_KEEP
        self._power_before += float(np.dot(recorded, recorded))
        self._power_after *= _HARM_KEEP
        self._power_after += float(np.dot(error, error))
        if self._power_after > _HARM_RATIO * self._power_before + _FLOOR:
            self._power_before = self._power_after = 0.0
            self._lost_weights[:] = self._state.weights
            self._lost_frames = 0
            self._forget_room()
            error[:] = recorded
        elif self._power_after > _IDLE_RATIO * self._power_before:
            self._state.variance += _DOUBT * self._start_variance

    def _constrain(self) -> None:
        """Hold a quarter of the partitions to responses of one frame, in turn.

        What lies beyond is an artefact of circular convolution. To take it out of every update
        costs most of a frame's time and, measured, slows the filter down (the alternated
        constraint of Soo & Pang, IEEE TASSP 38(2), 1990, does the same for one block a frame).
        """
        self._turn = (self._turn + 1) % _CONSTRAINED_EVERY
        rows = slice(self._turn, None, _CONSTRAINED_EVERY)
        impulses = to_time(self._state.weights[rows])
        impulses[:, FRAME_SAMPLES:] = 0
        self._state.weights[rows] = to_frequency(impulses)

    def _adapt(self, error: Floats, *, first: bool) -> None:
        """One Kalman update from one frame's error; only a frame's first tells of certainty."""
        self._padded[FRAME_SAMPLES:] = error
        spectrum = to_frequency(self._padded)
        expected = self._state.expected()
        if first:
            self._noise *= _NOISE_KEEP
            self._noise += (1 - _NOISE_KEEP) * np.square(np.abs(spectrum))
        others = _CAUTION * self._noise + _FLOOR
        if first:
            # Each of the frame's own updates leaves a share of what is expected.
            left = expected * np.square(others / (expected + others))
            self._residual_power = 2.0 * float(left.sum()) / (WINDOW * FRAME_SAMPLES)
        inverse: Floats = np.reciprocal(expected + others, dtype=np.float32)
        self._state.adapt(inverse, spectrum)
        if first:
            drifts = self._drift_frames > 0
            self._drift_frames -= drifts
            self._state.settle(inverse, _KEEP_DRIFTING_SQUARED if drifts else _KEEP_SQUARED)

    def _slide(self, samples: int) -> None:
        """Move the modelled response `samples` earlier (negative: later)."""
        impulses = to_time(self._state.weights)[:, :FRAME_SAMPLES]
        self._impulses[:] = 0
        for head, size in zip(self._heads, self._sizes, strict=True):
            rows = slice(head, head + size)
            response = impulses[rows].reshape(-1)
            moved = np.zeros_like(response)
            if samples > 0:
                moved[:-samples] = response[samples:]
            else:
                moved[-samples:] = response[:samples]
            self._impulses[rows, :FRAME_SAMPLES] = moved.reshape(size, FRAME_SAMPLES)
        self._state.weights[:] = to_frequency(self._impulses)
