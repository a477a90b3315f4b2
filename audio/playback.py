"""What the loudspeaker is given: queued sounds, ducking and cutting, without a lock."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from audio.ports import SAMPLE_RATE_HZ, Played, PlayStarted, Samples

DUCK_RAMP_S = 0.02
UNDUCK_RAMP_S = 0.15
CUT_FADE_S = 0.008
CUT_FADE_SAMPLES = int(CUT_FADE_S * SAMPLE_RATE_HZ)
SEVERED_KEPT = 64

_EMPTY: Samples = np.zeros(0, np.int16)


@dataclass(slots=True, eq=False)
class _Chunk:
    """A piece of one sound on its way to the card.

    Attributes:
        epoch: How many cuts had been ordered when it was queued; a later cut drops it.
    """

    tag: int
    pcm: Samples = field(repr=False)
    last: bool
    epoch: int


def amplitude(gain_db: float) -> float:
    """Factor of a gain in dB."""
    return float(10.0 ** (gain_db / 20.0))


class Playback:
    """The queue of sounds that a backend pulls from.

    Three threads meet here and none waits for another. Whoever speaks calls `enqueue`, the
    DSP thread calls `duck`, `unduck`, `cut` and `poll`, the card's thread calls `pull`. All
    state of the sounds belongs to the puller; orders reach it through deques and single
    attributes, whose operations the interpreter makes atomic.

    One tag is one sound: started once, ended once, in the order of its first chunk. After a
    cut, later chunks of the tags that were cut are swallowed, since a voice that is still
    synthesising learns of the cut last.

    Args:
        duck_db: Gain while ducked, dB, at most 0.
        volume_db: Gain of everything, dB, at most 0.
    """

    def __init__(self, *, duck_db: float, volume_db: float = 0.0) -> None:
        self._duck = amplitude(min(duck_db, 0.0))
        span = (1.0 - self._duck) or 1.0
        self._fall_per_sample = span / (DUCK_RAMP_S * SAMPLE_RATE_HZ)
        self._rise_per_sample = span / (UNDUCK_RAMP_S * SAMPLE_RATE_HZ)
        self._ceiling_db = 0.0
        self._volume_db = min(volume_db, 0.0)
        self._volume = amplitude(self._volume_db)
        self._ducked = False
        self.underruns = 0
        """Times a sound that had not ended had nothing to give."""

        self._inbox: deque[_Chunk] = deque()
        self._reports: deque[PlayStarted | Played] = deque()
        self._epochs = itertools.count(1)
        self._epoch = 0

        # From here on the puller's own.
        self._epoch_applied = 0
        self._gain = self._volume
        self._tag: int | None = None
        self._handed_over = 0
        self._starved = False
        self._chunk: _Chunk | None = None
        self._position = 0
        self._fade: Samples = _EMPTY
        self._severed: deque[int] = deque(maxlen=SEVERED_KEPT)
        self._active = False

    # ------------------------------------------------ whoever speaks, the DSP thread

    def enqueue(self, pcm: Samples, *, tag: int, last: bool) -> None:
        """Queue a piece of a sound.

        Args:
            pcm: int16, 16 kHz mono, any length including 0. Not to be changed afterwards.
            tag: Which sound it belongs to; a sound's chunks come one after the other.
            last: The sound ends with this piece.

        Raises:
            ValueError: Another shape or sample type.
        """
        if pcm.dtype != np.int16 or pcm.ndim != 1:
            raise ValueError(f"playback takes int16 of one dimension, not {pcm.dtype} {pcm.shape}")
        self._inbox.append(_Chunk(tag, pcm, last, self._epoch))

    def duck(self) -> None:
        """Lower the voice within 20 ms."""
        self._ducked = True

    def unduck(self) -> None:
        """Bring the voice back within 150 ms."""
        self._ducked = False

    def cut(self) -> None:
        """Silence now: a fade of 8 ms, then nothing of what has been queued so far.

        Every sound that was begun or waiting is reported as `Played` with ``cut=True``. The
        next sound starts at full volume.
        """
        self._ducked = False
        self._epoch = next(self._epochs)

    def poll(self, at_s: float = 0.0) -> list[PlayStarted | Played]:
        """What began and ended since the last call, stamped with `at_s`; one thread only."""
        reports: list[PlayStarted | Played] = []
        while self._reports:
            report = self._reports.popleft()
            if isinstance(report, PlayStarted):
                reports.append(PlayStarted(at_s, report.tag))
            else:
                reports.append(Played(at_s, report.tag, report.samples, report.cut))
        return reports

    @property
    def busy(self) -> bool:
        """Whether something is being played, waiting, or still owed by whoever speaks."""
        return self._active or bool(self._inbox)

    @property
    def volume_db(self) -> float:
        """Gain of everything played, dB, at most 0; a change is ramped."""
        return self._volume_db

    @volume_db.setter
    def volume_db(self, value: float) -> None:
        self._volume_db = min(value, self._ceiling_db)
        self._volume = amplitude(self._volume_db)

    @property
    def ceiling_db(self) -> float:
        """As loud as anybody may make it, dB, at most 0."""
        return self._ceiling_db

    @ceiling_db.setter
    def ceiling_db(self, value: float) -> None:
        self._ceiling_db = min(value, 0.0)
        self.volume_db = self._volume_db

    # ------------------------------------------------------------- the card's thread

    def pull(self, out: Samples) -> None:
        """Fill `out` with what is to be heard next, silence where there is nothing."""
        if self._epoch != self._epoch_applied:
            self._apply_cut()
        filled = min(len(self._fade), len(out))
        out[:filled] = self._fade[:filled]
        self._fade = self._fade[filled:]
        sounding = filled
        while filled < len(out):
            chunk = self._chunk or self._next_chunk()
            if chunk is None:
                break
            count = min(len(chunk.pcm) - self._position, len(out) - filled)
            out[filled : filled + count] = chunk.pcm[self._position : self._position + count]
            filled += count
            self._advance(chunk, count)
        out[filled:] = 0
        self._apply_gain(out[sounding:filled])
        if filled < len(out) and self._tag is not None and not self._starved:
            self._starved = True
            self.underruns += 1
        self._active = self._tag is not None or bool(len(self._fade))

    def _next_chunk(self) -> _Chunk | None:
        """The next piece worth playing; opens its sound if it is the first of it."""
        while self._inbox:
            self._active = True  # before the piece leaves the inbox: `busy` must not blink
            chunk = self._inbox.popleft()
            if chunk.tag in self._severed or chunk.epoch < self._epoch_applied:
                self._swallow(chunk)
                continue
            if self._tag is None:
                self._tag = chunk.tag
                self._handed_over = 0
            if len(chunk.pcm) == 0:
                if chunk.last:
                    self._end_sound(cut=False)
                continue
            self._chunk, self._position, self._starved = chunk, 0, False
            return chunk
        return None

    def _swallow(self, chunk: _Chunk) -> None:
        """Drop a piece that a cut came before; its sound is reported once."""
        known = chunk.tag in self._severed
        if not known:
            self._reports.append(Played(0.0, chunk.tag, 0, True))
        if known and chunk.last:
            self._severed.remove(chunk.tag)
        elif not known and not chunk.last:
            self._severed.append(chunk.tag)

    def _advance(self, chunk: _Chunk, count: int) -> None:
        """Book `count` samples of the current piece as handed over."""
        if self._handed_over == 0:
            self._reports.append(PlayStarted(0.0, chunk.tag))
        self._handed_over += count
        self._position += count
        if self._position == len(chunk.pcm):
            self._chunk = None
            if chunk.last:
                self._end_sound(cut=False)

    def _end_sound(self, *, cut: bool) -> None:
        if self._tag is not None:
            self._reports.append(Played(0.0, self._tag, self._handed_over, cut))
        self._tag, self._chunk, self._starved = None, None, False

    def _apply_cut(self) -> None:
        """Turn what was playing into a short fade; what is queued is dropped when it comes up."""
        self._epoch_applied = self._epoch
        ended = False
        if self._chunk is not None:
            rest = self._chunk.pcm[self._position : self._position + CUT_FADE_SAMPLES]
            ramp = np.linspace(self._gain, 0.0, len(rest), endpoint=False)
            self._fade = (rest * ramp).astype(np.int16)
            self._handed_over += len(rest)
            ended = self._chunk.last
        if self._tag is not None and not ended:
            self._severed.append(self._tag)
        self._end_sound(cut=True)
        self._gain = self._volume

    def _apply_gain(self, sound: Samples) -> None:
        """Scale in place, moving towards the wanted gain without a click."""
        target = self._volume * (self._duck if self._ducked else 1.0)
        if len(sound) == 0:
            self._gain = target if self._tag is None else self._gain
            return
        if self._gain == target:
            if target != 1.0:
                sound[:] = sound * target
            return
        falling = target < self._gain
        step = -self._fall_per_sample if falling else self._rise_per_sample
        gains = self._gain + step * np.arange(1, len(sound) + 1)
        gains = np.maximum(gains, target) if falling else np.minimum(gains, target)
        sound[:] = sound * gains
        self._gain = float(gains[-1])
