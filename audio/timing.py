"""How long frames take: a histogram with fixed buckets, cheap enough for every frame."""

from __future__ import annotations

from bisect import bisect_right

_PER_OCTAVE = 8
_BOUNDS_MS = [0.01 * 2 ** (step / _PER_OCTAVE) for step in range(15 * _PER_OCTAVE)]  # to 0.3 s


class FrameTimes:
    """Counts durations in buckets 9 % wide, from 0.01 to 300 ms.

    Writing is one search and one addition; a reader in another thread sees at worst one frame
    too few.
    """

    def __init__(self) -> None:
        self._counts = [0] * (len(_BOUNDS_MS) + 1)
        self.frames = 0
        self.worst_ms = 0.0
        self._total_ms = 0.0

    def add(self, duration_ms: float) -> None:
        """Count one frame."""
        self._counts[bisect_right(_BOUNDS_MS, duration_ms)] += 1
        self.frames += 1
        self._total_ms += duration_ms
        self.worst_ms = max(self.worst_ms, duration_ms)

    @property
    def mean_ms(self) -> float:
        """Average; 0 for none."""
        return self._total_ms / self.frames if self.frames else 0.0

    def quantile_ms(self, share: float) -> float:
        """Upper bound of the bucket below which `share` (0..1) of the frames lie; 0 for none."""
        wanted = share * self.frames
        seen = 0
        for bucket, count in enumerate(self._counts[:-1]):
            seen += count
            if seen >= wanted and seen > 0:
                return min(_BOUNDS_MS[bucket], self.worst_ms)
        return self.worst_ms
